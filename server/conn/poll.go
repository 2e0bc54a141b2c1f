package conn

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"mayfly/shared/wire"
)

const (
	bodyTimeout = 10 * time.Second      // to send the frames of a poll
	gatherFor   = 50 * time.Millisecond // frames that come so soon after the end of a wait go into the same answer
	awayFor     = 30 * time.Second      // after a poll, until its user counts as having left
)

// Poll carries a connection for the time of one request. It runs on the goroutine of the request's handler, which first
// handles the frames, then waits, and then writes. Its deadlines are its own, not those that the HTTP server gives a
// request. (Once a body is read, net/http has no deadline for reading any more.) Nothing of a poll stays on this node,
// because the cursors of the next poll say what the client has; so the next poll may come to another node.
type Poll struct {
	*Conn
	w       http.ResponseWriter      // static
	control *http.ResponseController // static

	aborted atomic.Bool
}

// NewPoll returns a poll that is answered on w. The caller must call Run and then Close.
func NewPoll(w http.ResponseWriter, shared *Shared, from netip.Addr, newHandler func(*Conn) Handler) *Poll {
	p := &Poll{Conn: newConn(shared, from, newHandler), w: w, control: http.NewResponseController(w)}
	p.transport = p
	return p
}

var errUnreadable = Bye(wire.Bye{Code: wire.CodeProtocol, Message: "The request could not be read."})

// Read returns the frames in the body of r. It ends early when the poll is to end. An error that wraps *http.MaxBytesError
// says that the body is too long; any other must end the connection.
func (p *Poll) Read(r *http.Request) ([]byte, error) {
	if err := p.control.SetReadDeadline(time.Now().Add(bodyTimeout)); err != nil {
		return nil, err
	}
	defer context.AfterFunc(p.ctx, func() { _ = p.control.SetReadDeadline(time.Unix(0, 0)) })()
	message, err := io.ReadAll(http.MaxBytesReader(p.w, r.Body, wire.MaxMessage))
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, errNoHello
	}
	if err != nil && r.Context().Err() == nil { // else the client is gone
		err = errors.Join(err, errUnreadable)
	}
	return message, err
}

// Run handles the frames in message and answers the poll.
func (p *Poll) Run(message []byte) {
	defer p.logEnd()
	defer p.handler.Close()
	if err := p.handle(message); err != nil {
		p.end(err)
	} else {
		p.await()
	}
	if client := p.handler.Client(); client != nil {
		client.CloseFor(awayFor) // frames that come from now on are for the next poll
	}
	for p.ctx.Err() == nil && p.queue.waiting() > 0 {
		p.drain()
	}
	var b byeError
	if errors.As(context.Cause(p.ctx), &b) {
		_ = p.farewell(b.Bye)
	}
	if p.shared.Stopping() && !p.aborted.Load() {
		_ = p.control.Flush() // while the server still waits for this connection
	}
}

// await waits until every frame has its answer. If none of them is always answered, it then waits for news, and in any case
// for frames that come right behind.
func (p *Poll) await() {
	p.handler.Client().Drain(p.ctx)
	timer := time.NewTimer(p.handler.Patience() - p.age())
	defer timer.Stop()
	for !p.handler.MustAnswer() && !p.queue.newsCame() {
		select {
		case <-p.queue.filled:
		case <-timer.C:
			return
		case <-p.ctx.Done():
			return
		}
	}
	timer.Reset(gatherFor)
	select {
	case <-timer.C:
	case <-p.ctx.Done():
	}
}

// write implements transport.
func (p *Poll) write(frames []byte) error {
	if err := p.control.SetWriteDeadline(time.Now().Add(endTimeout)); err != nil {
		return err
	}
	if p.aborted.Load() { // the deadline that abort set may just have been overwritten
		p.abort()
		return net.ErrClosed
	}
	if _, err := p.w.Write(frames); err != nil {
		return err
	}
	_, err := p.w.Write([]byte{'\n'})
	return err
}

// drain implements transport: the answer begins.
func (p *Poll) drain() {
	if err := p.writeBatch(); err != nil {
		p.end(err)
	}
}

// tick implements transport. A poll ends by itself.
func (p *Poll) tick(time.Time, *sync.WaitGroup) {}

// abort implements transport.
func (p *Poll) abort() {
	p.aborted.Store(true)
	_ = p.control.SetWriteDeadline(longAgo)
}
