package bench

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"mayfly/shared/wire"
)

// The opcodes of WebSocket frames (RFC 6455) that the generator knows.
const (
	opContinuation = 0x0
	opText         = 0x1
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xA
)

const (
	readBuffer   = 4 << 10         // bytes; a server's messages are mostly shorter
	maxControl   = 125             // bytes of a control frame's payload
	writeTimeout = 5 * time.Second // the longest time to hand one message to the operating system
	fin          = 0x80            // in the first byte of a frame: the message ends with it
	masked       = 0x80            // in the second byte: a mask follows; clients must mask, servers must not
)

// socket is the client's end of a WebSocket. It does only what the generator needs, and reads all messages into the same
// memory. Only one goroutine may read; all goroutines may write.
type socket struct {
	conn    net.Conn      // static
	r       *bufio.Reader // owned by the goroutine that reads, like the next two fields
	header  [8]byte
	message []byte // the last message; its memory is used again

	mu     sync.Mutex // guards what follows, and writes to conn
	out    []byte     // the last frame that was written; its memory is used again
	failed error      // the error of the first write that failed
}

func newSocket(conn net.Conn) *socket {
	return &socket{conn: conn, r: bufio.NewReaderSize(conn, readBuffer)}
}

// read returns the next message. The caller may use it until the next call of read. read answers pings. Its error is a
// *wire.ClosedError if the server has closed the connection.
func (s *socket) read() ([]byte, error) {
	s.message = s.message[:0]
	for {
		first, size, err := s.readHeader()
		if err != nil {
			return nil, err
		}
		switch op := first & 0x0f; op {
		case opText, opContinuation:
			if len(s.message)+size > wire.MaxServerMessage {
				return nil, fmt.Errorf("the server sent a message of over %d bytes", wire.MaxServerMessage)
			}
			if s.message, err = s.appendPayload(s.message, size); err != nil {
				return nil, err
			}
			if first&fin != 0 {
				return s.message, nil
			}
		case opClose, opPing, opPong:
			if size > maxControl {
				return nil, fmt.Errorf("the server sent a control frame of %d bytes", size)
			}
			payload, err := s.appendPayload(nil, size)
			if err != nil {
				return nil, err
			}
			if err := s.onControl(op, payload); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("the server sent a WebSocket frame with the opcode %d, which Mayfly does not use", op)
		}
	}
}

// readHeader returns the first byte of the next frame, and the size of its payload.
func (s *socket) readHeader() (first byte, size int, err error) {
	if _, err := io.ReadFull(s.r, s.header[:2]); err != nil {
		return 0, 0, err
	}
	first, second := s.header[0], s.header[1]
	if second&masked != 0 {
		return 0, 0, errors.New("the server sent a masked frame")
	}
	switch second {
	case 126:
		_, err = io.ReadFull(s.r, s.header[:2])
		return first, int(binary.BigEndian.Uint16(s.header[:2])), err
	case 127:
		_, err = io.ReadFull(s.r, s.header[:8])
		return first, int(min(binary.BigEndian.Uint64(s.header[:8]), wire.MaxServerMessage+1)), err
	}
	return first, int(second), nil
}

// appendPayload reads size bytes and appends them to b.
func (s *socket) appendPayload(b []byte, size int) ([]byte, error) {
	at := len(b)
	if cap(b) < at+size {
		b = append(make([]byte, 0, at+size), b...)
	}
	b = b[:at+size]
	_, err := io.ReadFull(s.r, b[at:])
	return b, err
}

// onControl runs when a control frame has come. Its error ends the connection.
func (s *socket) onControl(op byte, payload []byte) error {
	switch op {
	case opPing:
		return s.write(opPong, payload)
	case opClose:
		if len(payload) < 2 {
			return &wire.ClosedError{Code: wire.CloseNormal}
		}
		return &wire.ClosedError{Code: int(binary.BigEndian.Uint16(payload)), Reason: string(payload[2:])}
	}
	return nil
}

// write sends one frame. If that fails, or takes longer than writeTimeout, write cuts the connection.
func (s *socket) write(op byte, payload []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := append(s.out[:0], fin|op)
	switch n := len(payload); {
	case n < 126:
		b = append(b, masked|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, masked|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, masked|127), uint64(n))
	}
	var mask [4]byte
	binary.BigEndian.PutUint32(mask[:], rand.Uint32())
	b = append(b, mask[:]...)
	for i, c := range payload {
		b = append(b, c^mask[i%4])
	}
	s.out = b
	err := s.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	if err == nil {
		_, err = s.conn.Write(b)
	}
	if err != nil {
		s.failed = cmp.Or(s.failed, err)
		s.conn.Close()
	}
	return err
}

// failure returns the error of the first write that has failed.
func (s *socket) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// close says goodbye and closes the connection. It does not wait for the server's goodbye. It may be called again.
func (s *socket) close() {
	_ = s.write(opClose, binary.BigEndian.AppendUint16(nil, wire.CloseNormal)) // fails if the connection has ended
	s.conn.Close()
}
