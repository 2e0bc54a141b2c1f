// Command floor is the least that a chat server can do, for a benchmark to compare Mayfly with: it makes one frame of a post
// and writes it to each member of the room with one bare write. It checks, stores and expires nothing, has no queues, and
// waits for a member that does not read. It speaks as much of Mayfly's protocol as "mayfly bench" needs.
package main

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"mayfly/shared/wire"
)

func main() {
	if len(os.Args) != 2 {
		fail("say where to listen, such as: floor 127.0.0.1:8090")
	}
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		fail(err)
	}
	fmt.Printf("The floor is at http://%s\n", listener.Addr())
	f := &floor{rooms: map[string][]net.Conn{}}
	http.HandleFunc("/ws", f.serve)
	fail(http.Serve(listener, nil)) //nolint:gosec // for a benchmark on this machine, without limits
}

func fail(problem any) {
	fmt.Fprintln(os.Stderr, "floor:", problem)
	os.Exit(1)
}

// floor is the server.
type floor struct {
	mu    sync.Mutex // guards what follows, and writes to all members
	seq   int64
	rooms map[string][]net.Conn
}

// acceptSuffix is what a server adds to the key of the handshake (RFC 6455, section 1.3).
const acceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// serve makes a WebSocket of the request, and serves it until it ends.
func (f *floor) serve(w http.ResponseWriter, r *http.Request) {
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + acceptSuffix))
	fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Protocol: %s\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		wire.Subprotocol, base64.StdEncoding.EncodeToString(sum[:]))
	joined := ""
	defer func() { f.leave(joined, conn) }()
	for {
		message, err := read(rw.Reader)
		if err != nil {
			return
		}
		for line := range wire.Split(message) {
			switch frame, _ := wire.Decode(line); frame := frame.(type) {
			case wire.Hello:
				if len(frame.Rooms) != 1 || joined != "" {
					return
				}
				joined = frame.Rooms[0].Room
				f.join(joined, conn)
			case wire.Post:
				f.post(frame, conn)
			}
		}
	}
}

func (f *floor) join(room string, conn net.Conn) {
	hour := time.Hour.Milliseconds()
	welcome := wire.Welcome{MayPost: true, TTL: wire.TTL{Min: 1, Default: hour, Max: hour}, BeatMS: hour}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rooms[room] = append(f.rooms[room], conn)
	_, _ = conn.Write(frame(wire.Encode(welcome), wire.Encode(wire.Joined{Room: room, TTL: hour})))
}

func (f *floor) leave(room string, conn net.Conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	conn.Close()
	for i, member := range f.rooms[room] {
		if member == conn {
			f.rooms[room] = append(f.rooms[room][:i], f.rooms[room][i+1:]...)
			break
		}
	}
}

// heron is the author of every message. The id has as many characters as those of Mayfly's guests.
var heron = wire.User{ID: "g-7Qm1xkPd0aYVQ3dIoYb7yZlQ", Name: "Anonymous Heron", Anonymous: true}

// post delivers a message. It ignores errors of writing: the reading of that member's connection fails then, too.
func (f *floor) post(p wire.Post, conn net.Conn) {
	now := time.Now().UnixMilli()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seq++
	message := wire.Message{Seq: f.seq, ID: p.ID, User: heron, Text: p.Text, At: now, Expires: now + p.TTL}
	posted := frame(wire.EncodePosted(p.Room, wire.EncodeMessage(message)))
	for _, member := range f.rooms[p.Room] {
		_, _ = member.Write(posted)
	}
	_, _ = conn.Write(frame(wire.Encode(wire.Accepted{ID: p.ID, Room: p.Room, Seq: f.seq, At: now, Expires: now + p.TTL})))
}

// frame returns one WebSocket frame that carries all the given frames of Mayfly's protocol.
func frame(frames ...[]byte) []byte {
	payload := wire.Batch(frames...)
	if len(payload) < 126 {
		return append([]byte{0x81, byte(len(payload))}, payload...)
	}
	return append(binary.BigEndian.AppendUint16([]byte{0x81, 126}, uint16(len(payload))), payload...)
}

// read returns the next message of a client that sends each message in one frame. It returns io.EOF for every other frame,
// such as a close, and for a message of 64 KiB or more.
func read(r *bufio.Reader) ([]byte, error) {
	var header [2]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return nil, err
	}
	size := int(header[1] & 0x7f)
	if header[0] != 0x81 || size == 127 {
		return nil, io.EOF
	}
	if size == 126 {
		if _, err := io.ReadFull(r, header[:]); err != nil {
			return nil, err
		}
		size = int(binary.BigEndian.Uint16(header[:]))
	}
	masked := make([]byte, 4+size) // the mask, then the message
	if _, err := io.ReadFull(r, masked); err != nil {
		return nil, err
	}
	for i := range size {
		masked[4+i] ^= masked[i%4]
	}
	return masked[4:], nil
}
