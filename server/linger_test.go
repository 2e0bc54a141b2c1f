package server_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/server"
	"mayfly/server/conn"
	"mayfly/shared/wire"
)

// readAnswer returns the body of the answer, which must have that status and be complete.
func readAnswer(t *testing.T, r io.Reader, status int) string {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(r), nil)
	if err != nil {
		t.Errorf("no answer: %v", err)
		return ""
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != status || len(body) == 0 {
		t.Errorf("answered %d with %d bytes, %v, want %d", resp.StatusCode, len(body), err, status)
	}
	return string(body)
}

// late is longer than the server waits for a client to close after it has closed the WebSocket itself.
const late = 8 * time.Second

// TestGoodbyeReachesAClientThatIsStillSending: a client that still sends, and begins to read late, gets the goodbye and
// everything that was sent before it.
func TestGoodbyeReachesAClientThatIsStillSending(t *testing.T) {
	bad := "not a token"
	for _, tt := range []struct {
		name string
		end  func(t *testing.T, h *house, c *bareClient)
		want string
		code int
	}{
		{"restart", func(t *testing.T, h *house, c *bareClient) {
			c.send(asGuest(annS, "lobby"))
			synctest.Wait()
			c.send(post(1, "lobby"))
			synctest.Wait()
			h.closing(t)
		}, "welcome joined accepted posted bye:restart", wire.CloseRestart},
		{"protocol", func(t *testing.T, h *house, c *bareClient) {
			c.send(asGuest(annS, "lobby"))
			synctest.Wait()
			c.send(asGuest(annS))
		}, "welcome joined bye:protocol", wire.CloseProtocol},
		{"auth", func(t *testing.T, h *house, c *bareClient) {
			c.send(wire.Hello{Token: &bad})
		}, "bye:auth", wire.CloseAuth},
		{"signed out", func(t *testing.T, h *house, c *bareClient) {
			c.send(wire.Hello{Token: new(h.issuer.Issue("ada", time.Hour)), Rooms: []wire.Join{{Room: "lobby"}}})
			synctest.Wait()
			c.send(wire.Signout{})
		}, "welcome joined bye:auth", wire.CloseAuth},
		{"too big", func(t *testing.T, h *house, c *bareClient) {
			c.send(asGuest(annS, "lobby"))
			head := append(binary.BigEndian.AppendUint64([]byte{0x81, 0x80 | 127}, 1<<30), 0, 0, 0, 0)
			if _, err := c.conn.Write(head); err != nil {
				t.Fatal(err)
			}
		}, "welcome joined", wire.CloseTooBig},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, nil, func(t *testing.T, h *house) {
				c := upgrade(t, h.plug(t, 16<<10))
				tt.end(t, h, c)
				flooded := make(chan error, 1)
				go func() { flooded <- c.flood() }()
				time.Sleep(late)
				frames, code := c.readToEnd()
				if got := (answer{frames: frames}).kinds(); got != tt.want || code != tt.code {
					t.Errorf("read %s, closed with %d, want %s, %d", got, code, tt.want, tt.code)
				}
				if _, err := c.r.ReadByte(); err != io.EOF {
					t.Errorf("the connection ended with %v, want EOF", err)
				}
				c.conn.Close()
				if err := <-flooded; !errors.Is(err, net.ErrClosed) {
					t.Errorf("sending ended with %v before the client closed", err)
				}
			})
		})
	}
}

// TestSlowIsToldToAClientThatIsStillSending: the queue of a client overflows because the client does not read. When the
// client reads later, it gets the bye with the code slow.
func TestSlowIsToldToAClientThatIsStillSending(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		c := h.member(t, 16<<10)
		flooded := make(chan error, 1)
		go func() { flooded <- c.flood() }()
		h.fill(200) // 800 KB
		time.Sleep(late)
		c.r = bufio.NewReader(slowReader{c.conn, 1000, 100 * time.Millisecond})
		frames, code := c.readToEnd()
		wantEnd(t, frames, code, wire.CodeSlow)
		c.conn.Close()
		<-flooded
	})
}

// TestRejectionReachesAClientThatIsStillSending: the server answers a request before it has read it, and the client gets
// the answer.
func TestRejectionReachesAClientThatIsStillSending(t *testing.T) {
	const size = 1 << 20
	poll := "POST /poll HTTP/1.1\r\nHost: x\r\n%sContent-Length: " + fmt.Sprint(size) + "\r\n\r\n"
	frames := "Content-Type: " + pollType + "\r\n"
	for _, tt := range []struct {
		name    string
		request string
		change  func(*server.Config)
		status  int
	}{
		{"too large", fmt.Sprintf(poll, frames), nil, http.StatusRequestEntityTooLarge},
		{"not frames", fmt.Sprintf(poll, ""), nil, http.StatusUnsupportedMediaType},
		{"origin", fmt.Sprintf(poll, frames+"Origin: https://evil.example\r\n"), nil, http.StatusForbidden},
		{"no slot", fmt.Sprintf(poll, frames), func(c *server.Config) { c.Conns = 0 }, http.StatusServiceUnavailable},
		{"no slot for the address", fmt.Sprintf(poll, frames), func(c *server.Config) { c.Each = 0 }, http.StatusTooManyRequests},
		{"upgrade without the subprotocol", strings.Replace(upgradeRequest, wire.Subprotocol, "other", 1), nil, http.StatusBadRequest},
		{"upgrade of another origin", strings.Replace(upgradeRequest, "\r\n\r\n", "\r\nOrigin: https://evil.example\r\nContent-Length: 1000000\r\n\r\n", 1), nil, http.StatusForbidden},
		{"upgrade without a handshake", "GET /ws HTTP/1.1\r\nHost: x\r\nSec-WebSocket-Protocol: " + wire.Subprotocol + "\r\nContent-Length: 1000000\r\n\r\n", nil, http.StatusUpgradeRequired},
		{"not HTTP", "nonsense\r\n\r\n", nil, http.StatusBadRequest},
		{"header too large", "GET / HTTP/1.1\r\nX: ", nil, http.StatusRequestHeaderFieldsTooLarge},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, tt.change, func(t *testing.T, h *house) {
				conn := h.plug(t, 16<<10)
				if _, err := io.WriteString(conn, tt.request); err != nil {
					t.Fatal(err)
				}
				for range 4 * size >> 10 { // the client slowly sends more bytes than it announced, and then reads
					if _, err := conn.Write(make([]byte, 1<<10)); err != nil {
						t.Fatalf("sending failed: %v", err)
					}
					time.Sleep(time.Millisecond)
				}
				readAnswer(t, conn, tt.status)
			})
		})
	}
}

// TestAnswerToAPollReachesAClientThatIsStillSending: the body of a poll comes late, and the client still gets the bye
// with the code timeout.
func TestAnswerToAPollReachesAClientThatIsStillSending(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		hello := string(wire.Encode(asGuest(annS)))
		conn := h.plug(t, 16<<10)
		fmt.Fprintf(conn, "POST /poll HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: 60000\r\n\r\n%s", pollType, hello)
		time.Sleep(11 * time.Second)
		if _, err := conn.Write(make([]byte, 60_000)); err != nil {
			t.Fatalf("sending failed: %v", err)
		}
		if body := readAnswer(t, conn, http.StatusOK); !strings.Contains(body, `"type":"bye","code":"timeout"`) {
			t.Errorf("answered %q, want bye timeout", body)
		}
	})
}

// TestClientThatNeverClosesIsLetGo: the server has closed a WebSocket, and its client does not. The slot is free at once
// when the client goes, soon if it is silent, and after lingerMost if it goes on sending.
func TestClientThatNeverClosesIsLetGo(t *testing.T) {
	for _, tt := range []struct {
		name     string
		then     func(c *bareClient)
		from, to time.Duration
	}{
		{"closes", func(c *bareClient) { c.conn.Close() }, 0, 0},
		{"is silent", func(c *bareClient) {}, 5 * time.Second, 12 * time.Second},
		{"sends for ever", func(c *bareClient) { go func() { _ = c.flood() }() }, 30 * time.Second, 36 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, nil, func(t *testing.T, h *house) {
				c := upgrade(t, h.plug(t, 16<<10))
				c.send(wire.Leave{Room: "lobby"})
				frames, code := c.readToEnd()
				wantEnd(t, frames, code, wire.CodeProtocol)
				began := time.Now()
				tt.then(c)
				synctest.Wait()
				for !c.conn.(*cableEnd).other().isClosed() {
					if h.metric(t, "mayfly_connections", "") != 1 {
						t.Fatal("it gave its slot back while its connection was open")
					}
					if time.Sleep(time.Second / 2); time.Since(began) > time.Minute {
						t.Fatal("it was never let go")
					}
					synctest.Wait()
				}
				if took := time.Since(began); took < tt.from || took > tt.to {
					t.Errorf("it was let go after %s, want %s to %s", took, tt.from, tt.to)
				}
				if n := h.metric(t, "mayfly_connections", ""); n != 0 {
					t.Errorf("%v slots are taken, want none", n)
				}
			})
		})
	}
}

// TestOnlySoManyRequestsLinger: clients that never close their connections cannot make more than MaxLingering of them
// linger.
func TestOnlySoManyRequestsLinger(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		var conns []*cableEnd
		for range conn.MaxLingering + 1 {
			end := h.plug(t, 4<<10)
			if _, err := io.WriteString(end, "nonsense\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			conns = append(conns, end)
		}
		time.Sleep(time.Second)
		open := 0
		for _, end := range conns {
			if !end.other().isClosed() {
				open++
			}
		}
		if open != conn.MaxLingering {
			t.Errorf("%d linger, want %d", open, conn.MaxLingering)
		}
		time.Sleep(10 * time.Second)
		for i, end := range conns {
			if !end.other().isClosed() {
				t.Errorf("connection %d was not let go", i)
			}
		}
	})
}

// TestDrainHasAnEnd: when its time is over, Drain cuts the connections that linger, and returns an error.
func TestDrainHasAnEnd(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		conn := h.plug(t, 4<<10)
		if _, err := io.WriteString(conn, "nonsense\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if err := h.Drain(ctx); err == nil || time.Since(began) != time.Second || !conn.other().isClosed() {
			t.Errorf("Drain = %v after %s, closed %v; want an error after 1 s", err, time.Since(began), conn.other().isClosed())
		}
	})
}

// TestKernelDestroysNothing uses real sockets. A client sends far more bytes than the kernel's buffers hold, and then
// reads. It must get everything that the server has sent.
func TestKernelDestroysNothing(t *testing.T) {
	const size = 32 << 20
	n := start(t, 10)
	dial := func(t *testing.T) net.Conn {
		conn, err := net.Dial("tcp", strings.TrimPrefix(n.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	t.Run("poll", func(t *testing.T) {
		conn := dial(t)
		fmt.Fprintf(conn, "POST /poll HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", pollType, size)
		if _, err := conn.Write(make([]byte, size)); err != nil {
			t.Fatalf("sending failed: %v", err)
		}
		readAnswer(t, conn, http.StatusRequestEntityTooLarge)
	})
	t.Run("socket", func(t *testing.T) {
		c := upgrade(t, dial(t))
		c.send(wire.Hello{})
		if _, err := c.r.Peek(1); err != nil { // the welcome is on its way: what still waits in a queue goes down with 1009
			t.Fatal(err)
		}
		head := append(binary.BigEndian.AppendUint64([]byte{0x81, 0x80 | 127}, size), 0, 0, 0, 0)
		if _, err := c.conn.Write(append(head, make([]byte, size)...)); err != nil {
			t.Fatalf("sending failed: %v", err)
		}
		if frames, code := c.readToEnd(); len(frames) != 1 || code != wire.CloseTooBig {
			t.Errorf("read %+v, closed with %d, want a welcome and 1009", frames, code)
		}
	})
}
