package conn

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"mayfly/shared/wire"
)

// The times of a poll. The longest time for which a poll waits for news is wire.PollWait; the client can ask for a shorter
// time (see Handler.Patience).
const (
	bodyTimeout = 10 * time.Second      // the longest time in which a client may send the body of a poll
	gatherFor   = 50 * time.Millisecond // after the first news, a poll waits this long for more frames for its answer
	awayFor     = 30 * time.Second      // how long a user still counts as present in the rooms after the end of a poll
)

// Poll is a connection that exists for the time of one HTTP request. It runs on the goroutine of the HTTP handler: it
// handles the frames in the body, waits for news, and writes the answer. In place of the HTTP server's deadlines, Poll
// sets its own for reading the body and for each write. No read deadline limits the wait for news: net/http removes the
// read deadline once the body is read. A poll leaves no state on this node that the next poll needs, because the next
// poll says in its cursors which messages the client has. So the next poll may go to another node.
type Poll struct {
	*Conn
	w       http.ResponseWriter      // static
	control *http.ResponseController // static

	aborted atomic.Bool // abort was called
}

// NewPoll returns a poll whose answer goes to w. The caller calls Read once and then Run once. Before or after Read, the
// caller may instead reject the request; then it must not call Run.
func NewPoll(w http.ResponseWriter, shared *Shared, from netip.Addr, newHandler func(*Conn) Handler) *Poll {
	p := &Poll{Conn: newConn(shared, from, newHandler), w: w, control: http.NewResponseController(w)}
	p.transport = p
	p.queue.filled = make(chan struct{}, 1)
	return p
}

var errUnreadable = Bye(wire.Bye{Code: wire.CodeProtocol, Message: "The request could not be read."})

// Read returns the body of r, which contains the client's frames. If the connection begins to end while Read waits for
// the body, Read returns an error at once. If the error wraps *http.MaxBytesError, the body is too long, and the caller
// rejects the request. After any other error, the caller calls End with the error and then Run, which says goodbye.
func (p *Poll) Read(r *http.Request) ([]byte, error) {
	if err := p.control.SetReadDeadline(time.Now().Add(bodyTimeout)); err != nil {
		return nil, err
	}
	defer context.AfterFunc(p.ctx, func() { _ = p.control.SetReadDeadline(time.Unix(0, 0)) })()
	message, err := io.ReadAll(http.MaxBytesReader(p.w, r.Body, wire.MaxMessage))
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, errNoHello
	}
	if err != nil && r.Context().Err() == nil { // if the context is done, the client is gone and can get no bye
		err = errors.Join(err, errUnreadable)
	}
	return message, err
}

// Run handles the frames in message, waits for news if the poll is a long poll, and writes the answer.
func (p *Poll) Run(message []byte) {
	defer p.logEnd()
	defer p.handler.Close()
	if err := p.handle(message); err != nil {
		p.End(err)
	} else {
		p.await()
	}
	if client := p.handler.Client(); client != nil {
		client.CloseFor(awayFor) // later messages go into the answer of the next poll
	}
	for p.ctx.Err() == nil && p.queue.waiting() > 0 {
		p.makeRoom()
	}
	var b byeError
	if errors.As(context.Cause(p.ctx), &b) {
		_ = p.farewell(b.Bye)
	}
	// When the server stops, send the rest of the answer now. net/http would send it only after Run and the HTTP handler
	// have returned, and Server.Close does not wait for that.
	if p.shared.Stopping() && !p.aborted.Load() {
		_ = p.control.Flush()
	}
}

// await blocks until it is time to write the answer. First it waits until every post, reaction, removal and decision has
// its answer. Then it waits for news: a frame that is not quiet (see hub.Frame.Quiet). It does not wait for news if
// Handler.MustAnswer is true, because the client then waits for the answer to its frame. If no news has come
// Handler.Patience after the start of the poll, await returns. Otherwise it waits gatherFor longer, so that the next frames
// go into the same answer.
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

// write implements transport. Each write may take endTimeout at most.
func (p *Poll) write(batch []byte) error {
	if err := p.control.SetWriteDeadline(time.Now().Add(endTimeout)); err != nil {
		return err
	}
	if p.aborted.Load() { // the line above may have overwritten the deadline that abort has set
		p.abort()
		return net.ErrClosed
	}
	if _, err := p.w.Write(batch[headroom:]); err != nil {
		return err
	}
	_, err := p.w.Write([]byte{'\n'})
	return err
}

// makeRoom implements transport. It writes a batch of the queue, as a part of the answer.
func (p *Poll) makeRoom() {
	if err := p.writeBatch(); err != nil {
		p.End(err)
	}
}

// wake implements transport. It does nothing, because await waits for queue.filled.
func (p *Poll) wake() {}

// ending implements transport. It does nothing, because await waits for the end of the context.
func (p *Poll) ending() {}

// tick implements transport. A poll has deadlines for reading, waiting and writing, so there is nothing to do at a tick.
// Until the hello has its answer, tick asks to be called again soon (0): the server calls Session.Tick together with tick,
// and the session knows only after that answer when it must be called again.
func (p *Poll) tick(time.Time) time.Duration {
	if p.handler.Client() == nil {
		return 0
	}
	return Never
}

// abort implements transport. It makes every write fail.
func (p *Poll) abort() {
	p.aborted.Store(true)
	_ = p.control.SetWriteDeadline(longAgo)
}
