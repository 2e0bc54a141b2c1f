package operate_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"testing"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"mayfly/app/client"
	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

// guest is a client that chats over TLS in one room. It reads only when the test tells it to.
type guest struct {
	t  *testing.T
	ws *websocket.Conn
}

// enter opens a WebSocket to s, and joins room. The WebSocket ends with the test.
func enter(t *testing.T, s *rig.Server, config *tls.Config, room string) *guest {
	t.Helper()
	g, err := enterFrom(t, "127.0.0.1", s, config, room)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// enterFrom does what enter does, from an address of this machine. Any goroutine may call it.
func enterFrom(t *testing.T, from string, s *rig.Server, config *tls.Config, room string) (*guest, error) {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	transport := &http.Transport{TLSClientConfig: config, DialContext: dialer.DialContext}
	ctx, cancel := context.WithTimeout(t.Context(), rig.Timeout)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, "wss://"+s.Addr()+"/ws",
		&websocket.DialOptions{Subprotocols: []string{wire.Subprotocol},
			HTTPClient: &http.Client{Transport: transport}})
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { ws.CloseNow(); transport.CloseIdleConnections() })
	ws.SetReadLimit(wire.MaxServerMessage)
	g, secret := &guest{t, ws}, client.NewGuest()
	if err := g.send(wire.Hello{Guest: &secret, Rooms: []wire.Join{{Room: room}}}); err != nil {
		return nil, err
	}
	return g, g.until(func(f wire.Frame) bool { _, ok := f.(wire.Joined); return ok })
}

func (g *guest) send(f wire.Frame) error {
	ctx, cancel := context.WithTimeout(g.t.Context(), rig.Timeout)
	defer cancel()
	return g.ws.Write(ctx, websocket.MessageText, wire.Encode(f))
}

// until reads frames until is returns true for one of them.
func (g *guest) until(is func(wire.Frame) bool) error {
	ctx, cancel := context.WithTimeout(g.t.Context(), rig.Timeout)
	defer cancel()
	for {
		_, message, err := g.ws.Read(ctx)
		if err != nil {
			return err
		}
		found := false
		for b := range wire.Split(message) {
			f, err := wire.Decode(b)
			if err != nil {
				return err
			}
			found = found || is(f)
		}
		if found {
			return nil
		}
	}
}

// say posts text, and waits until the guest has read the own message.
func (g *guest) say(room, text string) error {
	if err := g.send(wire.Post{ID: uuid.NewString(), Room: room, Text: text}); err != nil {
		return err
	}
	return g.hear(text)
}

// hear reads until the message text comes.
func (g *guest) hear(text string) error {
	return g.until(func(f wire.Frame) bool { p, ok := f.(wire.Posted); return ok && p.Text == text })
}
