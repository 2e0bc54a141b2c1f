package client

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"time"

	"mayfly/shared/wire"
)

const (
	pollPause  = 2 * time.Second // how long a connection waits for its turn, before it asks without one
	lastWordIn = 5 * time.Second // how long a connection that is closed may take to sign out

	statusOK     = 200 // net/http would be half of what a browser downloads
	statusTooBig = 413
)

// A Poster posts the frames of one poll to the server, as wire.PollType, and returns the answer: browser.Post in the browser,
// PostTo's in native programs, a script in tests. It gives up when ctx is done.
type Poster func(ctx context.Context, frames []byte) (status int, header func(name string) string, answer []byte, err error)

// A Turn waits until a poll may wait at the server, at most until ctx is done: ok says whether it may. Who may calls done after
// that poll. Browsers speak with one server over six connections at most, however many tabs there are.
type Turn func(ctx context.Context) (done func(), ok bool)

// DialPolls returns a Dial for where networks let no WebSocket through. A nil turn lets every poll wait.
func DialPolls(post Poster, turn Turn) Dial {
	if turn == nil {
		turn = func(context.Context) (func(), bool) { return func() {}, true }
	}
	return func(context.Context) (Conn, error) {
		p := &polls{post: post, turn: turn, in: make(chan []byte), said: make(chan struct{}, 1)}
		p.ctx, p.end = context.WithCancelCause(context.Background())
		return p, nil
	}
}

// polls is a connection that consists of polls, of which each brings its answer and ends. What comes, listen asks for, with
// polls that wait; what the session says, speak sends with polls that don't. Each answer to those has the rooms' news too,
// which speak leaves to listen: so the cursors have one owner, and nothing comes twice or out of order.
type polls struct {
	post    Poster                  // static
	turn    Turn                    // static
	in      chan []byte             // static; what Read returns
	said    chan struct{}           // static; capacity 1: unsent has grown
	ctx     context.Context         // static; done once the connection has ended, for the cause that end gave
	end     context.CancelCauseFunc // static
	running sync.WaitGroup          // listen and speak

	mu      sync.Mutex         // guards what follows
	hello   wire.Hello         // what each poll begins with; its rooms have the cursors of what was read
	asked   map[string]bool    // the rooms whose joined the session waits for
	unsent  []wire.Frame       // for speak
	again   context.CancelFunc // ends the poll that waits: it is of other rooms
	leaving bool               // signout is among what was written

	user wire.User // owned by listen: who the server says one is, zero before the first welcome
}

// Read implements Conn.
func (p *polls) Read(ctx context.Context) ([]byte, error) {
	select {
	case message := <-p.in:
		return message, nil
	case <-p.ctx.Done():
		return nil, context.Cause(p.ctx)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Write implements Conn. Which rooms one is in each poll says anew, so a join or a leave begins the next one.
func (p *polls) Write(message []byte) error {
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
			p.hello, p.asked, p.again = f, map[string]bool{}, func() {}
			for _, j := range f.Rooms {
				p.asked[j.Room] = true
			}
			p.running.Go(p.listen)
			p.running.Go(p.speak)
		case wire.Join:
			p.forgetLocked(f.Room)
			p.hello.Rooms = append(p.hello.Rooms, f)
			p.asked[f.Room] = true
			p.again()
		case wire.Leave:
			p.forgetLocked(f.Room)
			p.again()
		default:
			_, out := f.(wire.Signout)
			p.leaving = p.leaving || out
			p.unsent = append(p.unsent, f)
		}
	}
	select {
	case p.said <- struct{}{}:
	default:
	}
	return nil
}

// Close implements Conn. It ends the polls under way, but lets signout go: who signs out is not to stay signed in.
func (p *polls) Close(code int, _ string) {
	p.mu.Lock()
	leaving := p.leaving
	p.mu.Unlock()
	if leaving {
		timer := time.NewTimer(lastWordIn)
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

// forgetLocked takes room off those that are polled for.
func (p *polls) forgetLocked(room string) {
	p.hello.Rooms = slices.DeleteFunc(slices.Clone(p.hello.Rooms), func(j wire.Join) bool { return j.Room == room })
	delete(p.asked, room)
}

// readLocked moves the cursor of room.
func (p *polls) readLocked(room string, move func(c *wire.Cursor)) {
	if i := p.indexLocked(room); i >= 0 {
		c := wire.Cursor{}
		if old := p.hello.Rooms[i].Cursor; old != nil {
			c = *old
		}
		move(&c)
		p.hello.Rooms = slices.Clone(p.hello.Rooms)
		p.hello.Rooms[i].Cursor = &c
	}
}

func (p *polls) indexLocked(room string) int {
	return slices.IndexFunc(p.hello.Rooms, func(j wire.Join) bool { return j.Room == room })
}

// listen polls for what comes, until the connection ends.
func (p *polls) listen() {
	for p.ctx.Err() == nil {
		p.ask()
	}
}

// ask makes one poll, which waits for something to tell unless the session waits for it.
func (p *polls) ask() {
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()
	p.mu.Lock()
	p.again = cancel
	first := p.user.ID == ""
	settled := !first && len(p.asked) == 0
	p.mu.Unlock()
	var wait time.Duration
	if settled {
		patience, stop := context.WithTimeout(ctx, pollPause)
		done, ok := p.turn(patience)
		stop()
		if ok {
			defer done()
			wait = wire.PollWait
		}
		if ctx.Err() != nil {
			return
		}
	}
	p.mu.Lock()
	hello := waiting(p.hello, wait)
	p.mu.Unlock()
	answer, ok := p.exchange(ctx, hello, nil)
	if !ok {
		return
	}
	p.take(answer, func(f wire.Frame, line []byte) [][]byte {
		if ctx.Err() != nil { // of rooms that one has left or joined anew
			return nil
		}
		return p.newsLocked(f, line, first)
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	if ctx.Err() == nil {
		clear(p.asked) // a server that does not say is not asked again and again
	}
}

// waiting returns h for a poll that waits so long.
func waiting(h wire.Hello, wait time.Duration) wire.Hello {
	ms := wait.Milliseconds()
	h.Wait = &ms
	return h
}

// newsLocked returns what the session gets for f, a frame of an answer to ask, the first or a later one. A connection has one
// hello, and so one welcome, and joined or refused answers a join.
func (p *polls) newsLocked(f wire.Frame, line []byte, first bool) [][]byte {
	switch f := f.(type) {
	case wire.Welcome:
		same := p.user == f.User
		p.user = f.User
		beat := wire.Beat{Now: f.Now}
		switch {
		case first:
		case same:
			return encoded([]wire.Frame{beat})
		default: // a better name was found
			return encoded([]wire.Frame{beat, wire.Authed{User: f.User, AuthExpires: f.AuthExpires, Now: f.Now}})
		}
	case wire.Joined:
		p.readLocked(f.Room, func(c *wire.Cursor) { *c = wire.Cursor{Epoch: f.Epoch, Seq: f.Head} })
		if f.Resumed && !p.asked[f.Room] {
			return encoded(news(f))
		}
		delete(p.asked, f.Room)
	case wire.Posted:
		p.readLocked(f.Room, func(c *wire.Cursor) { c.Seq = max(c.Seq, f.Seq) })
	case wire.Refused:
		p.forgetLocked(f.Room) // the session joins again, if that may help
		if !first {
			f.Re = wire.Kind(wire.Join{})
			return encoded([]wire.Frame{f})
		}
	}
	return [][]byte{line}
}

// news returns what a joined that resumes says as it comes to who never left.
func news(j wire.Joined) (frames []wire.Frame) {
	if len(j.Removed) > 0 {
		frames = append(frames, wire.Removed{Room: j.Room, Seqs: j.Removed})
	}
	for _, m := range j.Messages {
		frames = append(frames, wire.Posted{Room: j.Room, Message: m})
	}
	return frames
}

func encoded(frames []wire.Frame) (lines [][]byte) {
	for _, f := range frames {
		lines = append(lines, wire.Encode(f))
	}
	return lines
}

// speak sends what the session says, in order, one poll at a time.
func (p *polls) speak() {
	for {
		select {
		case <-p.ctx.Done():
			return
		case <-p.said:
		}
		for {
			hello, frames := p.batch()
			if len(frames) == 0 {
				break
			}
			answer, ok := p.exchange(p.ctx, hello, frames)
			if !ok {
				return
			}
			p.answered(frames, answer)
		}
	}
}

// batch takes the next frames to send, as many as one poll holds, and returns them with a hello that joins the rooms that they
// are for.
func (p *polls) batch() (hello wire.Hello, frames []wire.Frame) {
	p.mu.Lock()
	defer p.mu.Unlock()
	hello = waiting(p.hello, 0)
	hello.Rooms = nil
	size := 0
	for _, f := range p.unsent {
		with := hello
		if post, ok := f.(wire.Post); ok && !slices.ContainsFunc(hello.Rooms, func(j wire.Join) bool { return j.Room == post.Room }) {
			join := wire.Join{Room: post.Room} // left meanwhile
			if i := p.indexLocked(post.Room); i >= 0 {
				join = p.hello.Rooms[i]
			}
			with.Rooms = append(slices.Clip(hello.Rooms), join)
		}
		size += len(wire.Encode(f)) + 1
		if len(frames) > 0 && len(wire.Encode(with))+size > wire.MaxMessage {
			break
		}
		hello, frames = with, append(frames, f)
	}
	p.unsent = p.unsent[len(frames):]
	return hello, frames
}

// answered takes in the answer to frames: of what is in it only that which answers them.
func (p *polls) answered(frames []wire.Frame, answer []byte) {
	var renewed *wire.Auth
	for _, f := range frames {
		if auth, ok := f.(wire.Auth); ok {
			renewed = &auth
		}
	}
	p.take(answer, func(f wire.Frame, line []byte) [][]byte {
		switch f := f.(type) {
		case wire.Accepted, wire.Bye:
			return [][]byte{line}
		case wire.Refused:
			switch f.Re {
			case wire.Kind(wire.Hello{}):
				return nil
			case wire.Kind(wire.Auth{}):
				renewed = nil
			}
			return [][]byte{line}
		case wire.Authed:
			if renewed != nil {
				p.hello.Token, p.hello.IDToken, p.hello.SignInID = &renewed.Token, renewed.IDToken, renewed.SignInID
			}
			return [][]byte{line}
		}
		return nil
	})
}

// exchange makes one poll. Without an answer to take in ok is false: ctx is done, or the connection has ended over it.
func (p *polls) exchange(ctx context.Context, hello wire.Hello, frames []wire.Frame) (answer []byte, ok bool) {
	status, header, answer, err := p.post(ctx, wire.Batch(encoded(append([]wire.Frame{hello}, frames...))...))
	switch {
	case ctx.Err() != nil:
		return nil, false
	case err != nil:
		p.end(&wire.ClosedError{Code: closeCut, Reason: err.Error()})
		return nil, false
	case status == statusOK:
		return answer, true
	case status == statusTooBig:
		p.end(&wire.ClosedError{Code: wire.CloseTooBig})
		return nil, false
	}
	if seconds, err := strconv.Atoi(header("Retry-After")); err == nil && seconds > 0 {
		p.give(wire.Encode(wire.Bye{Code: wire.CodeBusy, Message: "The server is busy.", RetryMS: int64(seconds) * 1000}))
	}
	p.end(&wire.ClosedError{Code: closeCut, Reason: "the poll was answered with status " + strconv.Itoa(status)})
	return nil, false
}

// take hands the session what pick returns for each frame of an answer, and ends the connection if that says goodbye, or is
// no answer of a server of ours.
func (p *polls) take(answer []byte, pick func(f wire.Frame, line []byte) [][]byte) {
	var message [][]byte
	ours, end := false, error(nil)
	p.mu.Lock()
	for line := range wire.Split(answer) {
		f, err := wire.Decode(line)
		if err != nil { // of a newer server, or none of ours
			continue
		}
		switch f := f.(type) {
		case wire.Welcome:
			ours = true
		case wire.Bye:
			ours, end = true, &wire.ClosedError{Code: wire.CloseFor(f.Code)}
		}
		message = append(message, pick(f, line)...)
	}
	p.mu.Unlock()
	if !ours {
		end = &wire.ClosedError{Code: closeCut, Reason: "somebody else answered the poll"}
	}
	if len(message) > 0 {
		p.give(wire.Batch(message...))
	}
	if end != nil {
		p.end(end)
	}
}

// give hands the session a message.
func (p *polls) give(message []byte) {
	select {
	case p.in <- message:
	case <-p.ctx.Done():
	}
}
