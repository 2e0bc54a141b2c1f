package transport

import (
	"context"
	"slices"
	"sync"
	"time"

	"mayfly/shared/wire"
)

const (
	slotTimeout    = 2 * time.Second // how long a connection waits for a slot, before it polls without waiting at the server
	signoutTimeout = 5 * time.Second // how long a connection that is closed may take to sign out
)

// A Poster posts the frames of one poll to the server, as wire.PollType, and returns the answer: browser.Post in the
// browser, PostTo's in native programs, a script in tests. It gives up when ctx is done.
type Poster func(ctx context.Context, frames []byte) (status int, header func(name string) string, answer []byte, err error)

// A Slot is permission for one long poll. It blocks until one is free or ctx is done; ok reports which. Call done when the
// poll has ended. All tabs of a browser share a few slots, because it opens six connections to one server at most.
type Slot func(ctx context.Context) (done func(), ok bool)

// DialPolls returns a Dial for networks that block WebSockets. A nil slot is always free.
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

// A pollConn is a connection that consists of polls, each of which brings its answer and ends. listen asks for news with
// polls that wait at the server; speak sends the client's frames with polls that don't. Each answer to those has the rooms'
// news too, which speak leaves to listen: so the cursors have one owner, and nothing comes twice or out of order.
type pollConn struct {
	post    Poster                  // static
	slot    Slot                    // static
	in      chan []byte             // static; what Read returns
	written chan struct{}           // static; capacity 1: unsent has grown
	ctx     context.Context         // static; done once the connection has ended, for the cause that end gave
	end     context.CancelCauseFunc // static
	running sync.WaitGroup          // listen and speak

	mu           sync.Mutex         // guards what follows
	hello        wire.Hello         // what each poll begins with; its rooms have the cursors of what was read
	awaitingJoin map[string]bool    // the rooms for which the client waits for a joined
	unsent       []wire.Frame       // for speak
	interrupt    context.CancelFunc // ends the poll that waits: the rooms have changed
	signingOut   bool               // signout is among what was written

	user wire.User // owned by listen: the user's name as the server said it last, zero before the first welcome
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

// Write implements Conn. Each poll names the client's rooms anew, so a join or a leave begins the next one.
func (p *pollConn) Write(message []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx.Err() != nil {
		return context.Cause(p.ctx)
	}
	for line := range wire.Split(message) {
		f, err := wire.Decode(line)
		if err != nil {
			return err
		}
		switch f := f.(type) {
		case wire.Hello:
			p.hello, p.awaitingJoin, p.interrupt = f, map[string]bool{}, func() {}
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

// Close implements Conn. It ends the polls under way, but waits until a signout is answered: the user must not stay signed
// in.
func (p *pollConn) Close(code int, _ string) {
	p.mu.Lock()
	signingOut := p.signingOut
	p.mu.Unlock()
	if signingOut {
		timer := time.NewTimer(signoutTimeout)
		defer timer.Stop()
		select {
		case <-p.ctx.Done(): // it was answered
		case <-timer.C:
		}
	}
	p.mu.Lock() // nothing begins to run any more
	p.end(&wire.ClosedError{Code: code})
	p.mu.Unlock()
	p.running.Wait()
}

// forgetLocked removes room from the rooms that are polled for.
func (p *pollConn) forgetLocked(room string) {
	var left []wire.Join // a poll may be reading the list
	for _, j := range p.hello.Rooms {
		if j.Room != room {
			left = append(left, j)
		}
	}
	p.hello.Rooms = left
	delete(p.awaitingJoin, room)
}

// readLocked moves the cursor of room.
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

// index returns where room stands in rooms, -1 if it does not.
func index(rooms []wire.Join, room string) int {
	for i := range rooms {
		if rooms[i].Room == room {
			return i
		}
	}
	return -1
}
