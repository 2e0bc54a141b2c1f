package stream_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"mayfly/server"
	"mayfly/server/hub"
	"mayfly/server/servertest"
	"mayfly/server/stream"
	"mayfly/shared/wire"
)

// house is a whole server on a real stream.
type house struct {
	url string
}

func serve(t *testing.T, s *stream.NATS) house {
	t.Helper()
	const many = 100_000
	return house{servertest.Start(t, servertest.Options{Stream: s,
		Server: func(c *server.Config) {
			c.Conns, c.Each, c.Posts, c.Per, c.Ready, c.TTL.Max = many, many, many, time.Second, s.Ready, c.TTL.Default
		},
		Hub: func(c *hub.Config) { c.GuestPosts, c.Rooms = many, many },
	}).URL}
}

// socket is a client on a WebSocket that reads only when the test tells it to.
type socket struct {
	t    *testing.T
	ws   *websocket.Conn
	rest []wire.Frame
}

// in returns a client that has joined room, and its joined frame.
func (h house) in(t *testing.T, room string) (*socket, wire.Joined) {
	t.Helper()
	return h.greet(t, wire.Hello{Rooms: []wire.Join{{Room: room}}})
}

// greet returns a client that has sent hello, which joins a room, and the room's joined frame.
func (h house) greet(t *testing.T, hello wire.Hello) (*socket, wire.Joined) {
	t.Helper()
	ws, _, err := websocket.Dial(t.Context(), h.url+"/ws", &websocket.DialOptions{Subprotocols: []string{wire.Subprotocol}})
	if err != nil {
		t.Fatal(err)
	}
	ws.SetReadLimit(wire.MaxServerMessage)
	t.Cleanup(func() { ws.CloseNow() })
	s := &socket{t: t, ws: ws}
	s.send(hello)
	return s, await[wire.Joined](s)
}

func (s *socket) send(f wire.Frame) {
	if err := s.ws.Write(context.Background(), websocket.MessageText, wire.Encode(f)); err != nil {
		s.t.Error(err)
	}
}

// next returns the next frame, nil if none comes.
func (s *socket) next() wire.Frame {
	ctx, cancel := context.WithTimeout(context.Background(), testTimeout)
	defer cancel()
	for len(s.rest) == 0 {
		_, message, err := s.ws.Read(ctx)
		if err != nil {
			s.t.Error(err)
			return nil
		}
		s.rest = decode(s.t, message)
	}
	f := s.rest[0]
	s.rest = s.rest[1:]
	return f
}

// listen reads every frame from now on, as a browser does, until the connection ends.
func (s *socket) listen() <-chan wire.Frame {
	frames := make(chan wire.Frame, 100_000)
	for _, f := range s.rest {
		frames <- f
	}
	go func() {
		defer close(frames)
		for {
			_, message, err := s.ws.Read(context.Background())
			if err != nil {
				return
			}
			for _, f := range decode(s.t, message) {
				frames <- f
			}
		}
	}()
	return frames
}

// await returns the next frame of type F, and skips other frames.
func await[F wire.Frame](s *socket) F {
	for {
		switch f := s.next().(type) {
		case F:
			return f
		case nil:
			return *new(F)
		}
	}
}

// answer returns the next frame that answers a post or a join.
func (s *socket) answer() wire.Frame {
	for {
		switch f := s.next().(type) {
		case wire.Accepted, wire.Refused, wire.Joined, nil:
			return f
		}
	}
}

// poll returns the answer to one poll.
func (h house) poll(t *testing.T, frames ...wire.Frame) []wire.Frame {
	var encoded [][]byte
	for _, f := range frames {
		encoded = append(encoded, wire.Encode(f))
	}
	resp, err := http.Post(h.url+"/poll", "application/x-ndjson", bytes.NewReader(wire.Batch(encoded...)))
	if err != nil {
		t.Error(err)
		return nil
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("poll: %s, %v", resp.Status, err)
	}
	return decode(t, b)
}

func decode(t *testing.T, message []byte) (frames []wire.Frame) {
	for line := range wire.Split(message) {
		if strings.TrimSpace(string(line)) == "" {
			continue
		}
		f, err := wire.Decode(line)
		if err != nil {
			t.Errorf("the server sent %q: %v", line, err)
		}
		frames = append(frames, f)
	}
	return frames
}

// show returns f as text for an error.
func show(f wire.Frame) string {
	b, _ := json.Marshal(f)
	return wire.Kind(f) + string(b)
}
