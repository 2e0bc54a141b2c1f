package transport

import (
	"context"
	"slices"
	"sync"
	"time"

	"mayfly/shared/wire"
)

const (
	slotTimeout    = 2 * time.Second // how long a poll waits for a slot; then it goes on without a slot
	signoutTimeout = 5 * time.Second // how long Close waits at most for the answer to a signout
)

// A Poster posts the frames of one poll to the server, with the content type wire.PollType. It returns the answer with its
// HTTP status; header returns the value of the HTTP header called name. A Poster gives up when ctx is done. In the browser
// the Poster calls browser.Post; native programs get theirs from PostTo.
type Poster func(ctx context.Context, frames []byte) (status int, header func(name string) string, answer []byte, err error)

// A Slot waits until a slot for a long poll is free, and takes that slot. ok is false if ctx is done before a slot is free.
// Call done when the poll has ended. All tabs of a browser share a few slots: a browser opens only six connections to one
// server, so the long polls of many tabs would block all other requests.
type Slot func(ctx context.Context) (done func(), ok bool)

// DialPolls returns a Dial for networks that block WebSockets: it opens connections by polls. If slot is nil, the number of
// long polls is not limited.
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

// A pollConn is a connection that consists of polls: each poll is an HTTP request that ends with its answer. The goroutine
// listen asks for news with polls that wait at the server. The goroutine speak sends the client's frames with polls that do
// not wait. The answers to these polls contain news of the rooms, too, but speak drops that news: only listen moves the
// cursors, so nothing comes twice or out of order.
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
	named        string             // the last accepted name: it is put into hello.Name again if a rename is refused
	awaitingJoin map[string]bool    // the rooms that the client has joined and for which no frame joined has come yet
	unsent       []wire.Frame       // the frames that the method speak has not sent yet
	interrupt    context.CancelFunc // ends the poll that waits at the server; called when the client joins or leaves a room
	signingOut   bool               // the client has written a signout

	user wire.User // owned by listen: the user, as the last welcome or authed says; zero before the first welcome
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

// Write implements Conn. If message contains a join or a leave, Write interrupts the poll that waits at the server, because
// the hello of each poll names all rooms of the client. The goroutine listen then begins another poll.
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
		case wire.Rename: // change the hello of later polls, too: a hello with the old name would undo the rename
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
	p.mu.Lock() // without the lock, a Write could begin a goroutine after running.Wait
	p.end(&wire.ClosedError{Code: code})
	p.mu.Unlock()
	p.running.Wait()
}

// renamedLocked runs when the server has sent the user with a new name, u. If u is a guest, renamedLocked puts the name into
// the hello of later polls: a hello with an older name would give the guest that older name again.
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

// readLocked calls move, which changes the cursor of room in the hello of later polls. It does nothing if p.hello does not
// contain that room.
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
