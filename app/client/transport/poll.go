package transport

import (
	"context"
	"slices"
	"sync"
	"time"

	"mayfly/shared/wire"
)

const (
	slotTimeout    = 2 * time.Second // how long a poll waits for a slot; without a slot, the server answers it at once
	signoutTimeout = 5 * time.Second // how long Close waits until the server has answered a signout
)

// A Poster posts the frames of one poll to the server, with the content type wire.PollType, and returns the answer. It
// gives up when ctx is done. In the browser it calls browser.Post; in native programs PostTo returns it; tests use a
// script.
type Poster func(ctx context.Context, frames []byte) (status int, header func(name string) string, answer []byte, err error)

// A Slot takes a slot for a long poll, and waits until a slot is free. ok is false if ctx is done first. Call done when
// the poll has ended. All tabs of a browser share a few slots, because a browser opens six connections to one server at
// most.
type Slot func(ctx context.Context) (done func(), ok bool)

// DialPolls returns a Dial for networks that block WebSockets. If slot is nil, a slot is always free.
func DialPolls(post Poster, slot Slot) Dial {
	if slot == nil {
		slot = func(context.Context) (func(), bool) { return func() {}, true }
	}
	return func(context.Context) (Conn, error) {
		p := &pollConn{post: post, slot: slot, in: make(chan []byte), written: make(chan struct{}, 1)}
		p.ctx, p.end = context.WithCancelCause(context.Background())
		return p, nil
	}
}

// A pollConn is a connection that consists of polls: each poll is a request that brings its answer and ends. The
// goroutine listen asks for news with polls that wait at the server. The goroutine speak sends the client's frames with
// polls that do not wait. The answers to speak contain news of the rooms, too, but speak drops that news: only listen
// moves the cursors, so nothing comes twice or out of order.
type pollConn struct {
	post    Poster                  // static
	slot    Slot                    // static
	in      chan []byte             // static; the messages that Read returns
	written chan struct{}           // static; capacity 1; signals that unsent has grown
	ctx     context.Context         // static; done once the connection has ended; its cause is the error given to end
	end     context.CancelCauseFunc // static
	running sync.WaitGroup          // waits for the goroutines listen and speak

	mu sync.Mutex // guards the fields below, up to signingOut
	// the hello with which each poll begins; the cursors of its rooms say what the client has read
	hello        wire.Hello
	named        string             // the name to put back into hello if the server refuses a rename
	awaitingJoin map[string]bool    // the rooms for which the client waits for a joined
	unsent       []wire.Frame       // the frames that the method speak has not sent yet
	interrupt    context.CancelFunc // ends the poll that waits at the server, because the rooms have changed
	signingOut   bool               // the client has written a signout

	user wire.User // owned by listen: the user, as the last welcome says; zero before the first welcome
}

// Read implements Conn.
func (p *pollConn) Read(ctx context.Context) ([]byte, error) {
	select {
	case message := <-p.in:
		return message, nil
	case <-p.ctx.Done():
		return nil, context.Cause(p.ctx)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Write implements Conn. Each poll names all rooms of the client. So a join or a leave interrupts the poll that waits,
// and listen begins another one.
func (p *pollConn) Write(message []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx.Err() != nil {
		return context.Cause(p.ctx)
	}
	for _, line := range lines(message) {
		f, err := wire.Decode(line)
		if err != nil {
			return err
		}
		switch f := f.(type) {
		case wire.Hello:
			p.hello, p.awaitingJoin, p.interrupt = f, map[string]bool{}, func() {}
			p.named = f.Name
			for _, j := range f.Rooms {
				p.awaitingJoin[j.Room] = true
			}
			p.running.Go(p.listen)
			p.running.Go(p.speak)
		case wire.Join:
			p.forgetLocked(f.Room)
			p.hello.Rooms = append(p.hello.Rooms, f)
			p.awaitingJoin[f.Room] = true
			p.interrupt()
		case wire.Leave:
			p.forgetLocked(f.Room)
			p.interrupt()
		case wire.Rename: // with the old name, the next hello would undo the rename
			p.hello.Name = f.Name
			p.unsent = append(p.unsent, f)
		default:
			_, out := f.(wire.Signout)
			p.signingOut = p.signingOut || out
			p.unsent = append(p.unsent, f)
		}
	}
	select {
	case p.written <- struct{}{}:
	default:
	}
	return nil
}

// Close implements Conn. It ends the polls that run. If the client has written a signout, Close first waits for the
// answer to it: otherwise the signout could get lost, and the user would stay signed in.
func (p *pollConn) Close(code int, _ string) {
	p.mu.Lock()
	signingOut := p.signingOut
	p.mu.Unlock()
	if signingOut {
		timer := time.NewTimer(signoutTimeout)
		defer timer.Stop()
		select {
		case <-p.ctx.Done(): // the signout was answered, or the connection failed
		case <-timer.C:
		}
	}
	p.mu.Lock() // so that from here on Write begins no goroutine
	p.end(&wire.ClosedError{Code: code})
	p.mu.Unlock()
	p.running.Wait()
}

// renamedLocked puts the name that the server gave the user into the hello of later polls, if the user is a guest. A
// hello with an older name would rename the guest back.
func (p *pollConn) renamedLocked(u wire.User) {
	if u.Anonymous {
		p.hello.Name, p.named = u.Name, u.Name
	}
}

// forgetLocked removes room from the rooms that the polls name.
func (p *pollConn) forgetLocked(room string) {
	var left []wire.Join // a new list, because a poll may be reading the old list
	for _, j := range p.hello.Rooms {
		if j.Room != room {
			left = append(left, j)
		}
	}
	p.hello.Rooms = left
	delete(p.awaitingJoin, room)
}

// readLocked moves the cursor of room in hello. The function move changes the cursor that it gets.
func (p *pollConn) readLocked(room string, move func(c *wire.Cursor)) {
	if i := index(p.hello.Rooms, room); i >= 0 {
		c := wire.Cursor{}
		if old := p.hello.Rooms[i].Cursor; old != nil {
			c = *old
		}
		move(&c)
		p.hello.Rooms = slices.Clone(p.hello.Rooms)
		p.hello.Rooms[i].Cursor = &c
	}
}

// index returns the index of room in rooms, -1 if it is not there.
func index(rooms []wire.Join, room string) int {
	for i := range rooms {
		if rooms[i].Room == room {
			return i
		}
	}
	return -1
}
