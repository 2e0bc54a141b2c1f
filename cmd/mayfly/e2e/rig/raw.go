package rig

import (
	"context"
	"testing"

	"mayfly/app/client"
	"mayfly/app/client/transport"
	"mayfly/shared/wire"
)

// Raw is a client that sends and reads frames only when the test tells it to.
type Raw struct {
	t    *testing.T
	conn transport.Conn
	rest []wire.Frame
}

// Dial opens a WebSocket to s, which ends with the test.
func Dial(t *testing.T, s *Server) *Raw {
	t.Helper()
	conn, err := transport.DialWebSocket(s.SocketURL())(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(wire.CloseNormal, "") })
	return &Raw{t: t, conn: conn}
}

// DialAnd opens a WebSocket to s and joins room.
func DialAnd(t *testing.T, s *Server, room string) *Raw {
	t.Helper()
	r := Dial(t, s)
	r.Hello(client.NewGuest(), wire.Join{Room: room})
	Next[wire.Joined](r)
	return r
}

// Hello sends the frame hello, with guest as the guest's secret and the rooms to join.
func (r *Raw) Hello(guest string, rooms ...wire.Join) {
	r.t.Helper()
	r.Send(wire.Hello{Guest: &guest, Rooms: rooms})
}

// Close ends the connection before the test does.
func (r *Raw) Close() { r.conn.Close(wire.CloseNormal, "") }

// Send writes one frame.
func (r *Raw) Send(f wire.Frame) {
	r.t.Helper()
	if err := r.TrySend(f); err != nil {
		r.t.Fatal(err)
	}
}

// TrySend writes one frame. It returns an error if the connection has ended.
func (r *Raw) TrySend(f wire.Frame) error { return r.conn.Write(wire.Encode(f)) }

// read returns the next frame, or an error if the connection has ended or the frame cannot be read. It also fails after
// Timeout, because a server is never silent for that long.
func (r *Raw) read() (wire.Frame, error) {
	for len(r.rest) == 0 {
		ctx, cancel := context.WithTimeout(r.t.Context(), Timeout)
		message, err := r.conn.Read(ctx)
		cancel()
		if err != nil {
			return nil, err
		}
		for b := range wire.Split(message) {
			f, err := wire.Decode(b)
			if err != nil {
				return nil, err
			}
			r.rest = append(r.rest, f)
		}
	}
	f := r.rest[0]
	r.rest = r.rest[1:]
	return f, nil
}

// Next returns the next frame of type F, and skips other frames. If read returns an error before that, Next fails the test,
// but lets it go on, and returns an empty frame. Any goroutine of the test may call it, but only one at a time.
func Next[F wire.Frame](r *Raw) F {
	r.t.Helper()
	for {
		f, err := r.read()
		if err != nil {
			r.t.Errorf("waiting for a %T: %v", *new(F), err)
			return *new(F)
		}
		if f, ok := f.(F); ok {
			return f
		}
	}
}

// Each calls handle with every frame until the connection ends, and returns the error with which the connection ended.
func (r *Raw) Each(handle func(wire.Frame)) error {
	for {
		f, err := r.read()
		if err != nil {
			return err
		}
		handle(f)
	}
}

// ReadToEnd reads until the connection ends. It returns the last frame, and the error with which the connection ended.
func (r *Raw) ReadToEnd() (last wire.Frame, err error) {
	err = r.Each(func(f wire.Frame) { last = f })
	return last, err
}
