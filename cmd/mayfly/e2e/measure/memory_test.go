package measure_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/server/certs/certstest"
	"mayfly/shared/wire"
)

// The benchmarks here measure the memory that the built server needs for each connection, or for each message, of as many as
// -benchtime says:
//
//	go test -run '^$' -bench Memory/connections -benchtime 5000x ./cmd/mayfly/e2e/measure
//	go test -run '^$' -bench Memory/TLS -benchtime 5000x ./cmd/mayfly/e2e/measure
//	go test -run '^$' -bench Memory/polls -benchtime 1000x ./cmd/mayfly/e2e/measure
//	go test -run '^$' -bench Memory/messages -benchtime 100000x ./cmd/mayfly/e2e/measure
//
// RSS is the memory that the process has from the system, also for past use, so plan for it. Heap is the part of it in use
// after a collection, with the stacks of goroutines. A run with few connections measures the cost of the first ones.

const atOnce = 32 // clients that are at work

func BenchmarkMemory(b *testing.B) {
	b.Run("connections", func(b *testing.B) {
		// Each connection is in the lobby and sends nothing.
		measure(b, "connection", "mayfly_connections", func(addr string) error {
			return each(b.N, func(i int) error {
				_, err := enter(b, addr, i, wire.DefaultRoom)
				return err
			})
		})
	})
	b.Run("TLS", func(b *testing.B) {
		// The same over TLS.
		a := certstest.New(b)
		cert, key := a.Sign(time.Now().Add(24*time.Hour), "localhost").Write(b, b.TempDir())
		config := a.Client()
		config.ServerName = "localhost"
		measure(b, "connection", "mayfly_connections", func(addr string) error {
			return each(b.N, func(i int) error {
				conn, err := net.Dial("tcp", addr)
				if err != nil {
					return err
				}
				_, err = enterOver(b, tls.Client(conn, config), addr, i, wire.DefaultRoom)
				return err
			})
		}, "-tls-cert", cert, "-tls-key", key)
	})
	b.Run("polls", func(b *testing.B) {
		// Each poll waits in the lobby. All must have come before the wait of the first one ends after 25 s.
		measure(b, "poll", "mayfly_polls", func(addr string) error {
			first, err := poll(b, addr, 0, wire.Join{Room: wire.DefaultRoom})
			if err != nil {
				return err
			}
			cursor, err := first.cursor()
			if err != nil {
				return err
			}
			return each(b.N, func(i int) error {
				_, err := poll(b, addr, i, wire.Join{Room: wire.DefaultRoom, Cursor: cursor})
				return err
			})
		})
	})
	b.Run("messages", func(b *testing.B) {
		const perRoom = 1000 // messages that the guests of one address may post in 10 s
		text := strings.Repeat("lunch? ", 14) + "ok"
		measure(b, "message", "mayfly_live_messages", func(addr string) error {
			return each((b.N+perRoom-1)/perRoom, func(i int) error {
				room := fmt.Sprintf("room-%d", i)
				s, err := enter(b, addr, i, room)
				for n := i * perRoom; err == nil && n < min(b.N, (i+1)*perRoom); n++ {
					s.send(wire.Post{ID: fmt.Sprintf("0190a8f0-0000-7000-8000-%012d", n), Room: room, Text: text})
					err = s.until(`"type":"accepted"`)
				}
				return err
			})
		})
	})
}

// measure calls fill, and reports by how much the memory of the server has grown, divided by b.N. Afterwards the metric
// must be b.N.
func measure(b *testing.B, what, metric string, fill func(addr string) error, args ...string) {
	admin := rig.FreeAddr(b)
	server := rig.Serve(b, append(args, "-admin", admin, "-conns", "100000", "-conns-per-ip", "100000",
		"-trusted-proxies", "127.0.0.1", "-rate", "100000/1s", "-ttl", "1h", "-rooms", "100000", "-stream-bytes", "8GiB")...)
	used := func() (rss, heap float64) {
		rss = rig.Scrape(b, admin)["process_resident_memory_bytes"]
		rig.Get(b, "http://"+admin+"/debug/pprof/heap?gc=1")
		after := rig.Scrape(b, admin)
		return rss, after["go_memstats_heap_inuse_bytes"] + after["go_memstats_stack_inuse_bytes"]
	}
	rssBefore, heapBefore := used()
	b.ResetTimer()
	if err := fill(server.Addr()); err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	for deadline := time.Now().Add(rig.Timeout); rig.Scrape(b, admin)[metric] != float64(b.N); {
		if time.Now().After(deadline) {
			b.Fatalf("%s is %v, want %d", metric, rig.Scrape(b, admin)[metric], b.N)
		}
	}
	rss, heap := used()
	b.ReportMetric((rss-rssBefore)/float64(b.N), "RSS-B/"+what)
	b.ReportMetric((heap-heapBefore)/float64(b.N), "heap-B/"+what)
	b.ReportMetric(rss/(1<<20), "RSS-MiB")
}

// each calls action with the numbers from 0 to n-1. atOnce calls run at the same time.
func each(n int, action func(i int) error) error {
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i := range n {
		group.Go(func() error { return action(i) })
	}
	return group.Wait()
}

// socket is a WebSocket client that needs hardly any memory, so that the clients do not use up the machine's. It sends
// nothing by itself, not even a pong.
type socket struct {
	net.Conn
	r *bufio.Reader
}

// enter opens the i-th socket, from an address of its own, and joins a room. The socket is closed when the benchmark ends.
func enter(b *testing.B, addr string, i int, room string) (*socket, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return enterOver(b, conn, addr, i, room)
}

// enterOver does what enter does, over conn.
func enterOver(b *testing.B, conn net.Conn, addr string, i int, room string) (_ *socket, err error) {
	b.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(rig.Timeout)); err != nil {
		return nil, err
	}
	s := &socket{conn, bufio.NewReaderSize(conn, 1024)}
	fmt.Fprintf(conn, "GET /ws HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: %s\r\nX-Forwarded-For: 10.%d.%d.%d\r\n\r\n",
		addr, wire.Subprotocol, i>>16, i>>8&255, i&255)
	for line := ""; line != "\r\n"; {
		if line, err = s.r.ReadString('\n'); err != nil {
			return nil, err
		}
	}
	s.send(wire.Hello{Rooms: []wire.Join{{Room: room}}})
	return s, s.until(`"type":"joined"`)
}

// poll sends the i-th poll, from an address of its own, which waits for something in a room. It is cut when the benchmark
// ends.
func poll(b *testing.B, addr string, i int, room wire.Join) (*socket, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	b.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(rig.Timeout)); err != nil {
		return nil, err
	}
	hello := wire.Encode(wire.Hello{Rooms: []wire.Join{room}})
	_, err = fmt.Fprintf(conn, "POST /poll HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-ndjson\r\nContent-Length: %d\r\nX-Forwarded-For: 10.%d.%d.%d\r\n\r\n%s",
		addr, len(hello), i>>16, i>>8&255, i&255, hello)
	return &socket{conn, bufio.NewReaderSize(conn, 1024)}, err
}

// cursor reads the answer to a poll of one room, and returns the cursor that it leads to.
func (s *socket) cursor() (*wire.Cursor, error) {
	for {
		line, err := s.r.ReadBytes('\n')
		if err != nil {
			return nil, fmt.Errorf("wait for joined: %w", err)
		}
		if f, err := wire.Decode(line); err == nil {
			if j, ok := f.(wire.Joined); ok {
				return &wire.Cursor{Epoch: j.Epoch, Seq: j.Head}, nil
			}
		}
	}
}

// send writes f as one message, masked with zeros. A failure shows when the answer is read.
func (s *socket) send(f wire.Frame) {
	payload := wire.Encode(f)
	header := []byte{0x81, 0x80 | byte(len(payload))}
	if len(payload) > 125 {
		header = binary.BigEndian.AppendUint16([]byte{0x81, 0x80 | 126}, uint16(len(payload)))
	}
	_, _ = s.Write(append(append(header, 0, 0, 0, 0), payload...))
}

// until reads messages until one contains text.
func (s *socket) until(text string) error {
	for {
		message, err := s.read()
		if err != nil {
			return fmt.Errorf("wait for %s: %w", text, err)
		}
		if bytes.Contains(message, []byte(text)) {
			return nil
		}
	}
}

// read returns one message, which the server never splits.
func (s *socket) read() ([]byte, error) {
	var header [2]byte
	if _, err := io.ReadFull(s.r, header[:]); err != nil {
		return nil, err
	}
	size := uint64(header[1])
	if extra := map[uint64]int{126: 2, 127: 8}[size]; extra > 0 {
		var long [8]byte
		if _, err := io.ReadFull(s.r, long[8-extra:]); err != nil {
			return nil, err
		}
		size = binary.BigEndian.Uint64(long[:])
	}
	message := make([]byte, size)
	_, err := io.ReadFull(s.r, message)
	return message, err
}
