package conn_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/coder/websocket"
)

var errPaused = errors.New("paused")

// script is a network connection whose reads return one part after the other. A nil part is a read that fails once, with
// errPaused. It keeps what is written.
type script struct {
	parts   [][]byte
	written bytes.Buffer
}

func (s *script) Read(p []byte) (int, error) {
	if len(s.parts) == 0 {
		return 0, io.EOF
	}
	part := s.parts[0]
	if part == nil {
		s.parts = s.parts[1:]
		return 0, errPaused
	}
	n := copy(p, part)
	if s.parts[0] = part[n:]; n == len(part) {
		s.parts = s.parts[1:]
	}
	return n, nil
}

func (s *script) Write(p []byte) (int, error)      { return s.written.Write(p) }
func (s *script) Close() error                     { return nil }
func (s *script) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (s *script) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (s *script) SetDeadline(time.Time) error      { return nil }
func (s *script) SetReadDeadline(time.Time) error  { return nil }
func (s *script) SetWriteDeadline(time.Time) error { return nil }

// hijacked is a ResponseWriter whose connection is a script.
type hijacked struct {
	http.ResponseWriter
	script *script
}

func (h hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.script, bufio.NewReadWriter(bufio.NewReader(h.script), bufio.NewWriter(h.script)), nil
}

// accept returns the library's server side of a WebSocket over s.
func accept(t *testing.T, s *script) *websocket.Conn {
	t.Helper()
	r := httptest.NewRequest("GET", "/ws", nil)
	for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket",
		"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13"} {
		r.Header.Set(name, value)
	}
	ws, err := websocket.Accept(hijacked{httptest.NewRecorder(), s}, r, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ws.CloseNow() })
	return ws
}

// masked returns a frame as a client sends it, masked with zeros. first is its first byte.
func masked(first byte, payload string) []byte {
	return append([]byte{first, 0x80 | byte(len(payload)), 0, 0, 0, 0}, payload...)
}

const (
	text, unfinished, lastPart = 0x81, 0x01, 0x80 // first bytes: a message in one frame; its first frame; its last frame
	ping, pong                 = 0x89, 0x8a
)

// TestLibraryReadsOnAfterAnErrorBetweenMessages: inlet relies on it that a read that fails between two messages changes
// nothing in the WebSocket library.
func TestLibraryReadsOnAfterAnErrorBetweenMessages(t *testing.T) {
	s := &script{parts: [][]byte{nil, masked(text, "one"), nil, nil, masked(unfinished, "tw"), masked(lastPart, "o"), nil,
		masked(text, "three")}}
	readAll(t, accept(t, s), "one", "two", "three")
}

// TestLibraryReadsOnAfterAnErrorBehindAControlFrame: the error comes after a ping or a pong, which the library has read
// while it looked for a message. The ping has its answer before the read fails.
func TestLibraryReadsOnAfterAnErrorBehindAControlFrame(t *testing.T) {
	s := &script{parts: [][]byte{masked(ping, "p"), nil, masked(text, "one"), masked(pong, ""), nil, masked(ping, ""), nil,
		masked(text, "two")}}
	ws := accept(t, s)
	if _, _, err := ws.Reader(t.Context()); !errors.Is(err, errPaused) {
		t.Fatalf("reading failed with %v, want %v", err, errPaused)
	}
	if want := []byte{0x8a, 1, 'p'}; !bytes.Equal(s.written.Bytes(), want) {
		t.Errorf("the library wrote % x, want the pong % x", s.written.Bytes(), want)
	}
	readAll(t, ws, "one", "two")
}

// readAll reads the messages, which must be these, although some reads fail with errPaused.
func readAll(t *testing.T, ws *websocket.Conn, want ...string) {
	t.Helper()
	for paused := 0; len(want) > 0; {
		_, message, err := ws.Read(t.Context())
		if errors.Is(err, errPaused) && paused < 10 {
			paused++
			continue
		}
		if err != nil || string(message) != want[0] {
			t.Fatalf("read %q, %v, want %q", message, err, want[0])
		}
		want = want[1:]
	}
}
