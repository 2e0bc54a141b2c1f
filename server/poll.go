package server

import (
	"context"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"mayfly/server/admission"
	"mayfly/shared/wire"
)

const (
	bodyTimeout = 10 * time.Second      // to send the frames of a poll
	gatherFor   = 50 * time.Millisecond // what comes that soon after what ends a wait goes with it
	awayFor     = 30 * time.Second      // after a poll, until its person is taken to have left
)

// wrongType rejects a poll whose body is something else, and tooLarge one whose body is too long.
var (
	wrongType = &admission.Rejection{Reason: admission.ReasonType, Status: http.StatusUnsupportedMediaType,
		Message: "Send frames as " + wire.PollType + ", one JSON object a line."}
	tooLarge = &admission.Rejection{Reason: admission.ReasonSize, Status: http.StatusRequestEntityTooLarge,
		Message: "The frames of one poll have at most 64 KiB."}
)

// servePoll answers a poll: the frames of a session that lasts for one request. Nothing of it stays on this node, since the
// next one's cursors say what the client has; so that one may come to another node.
func (s *Server) servePoll(w http.ResponseWriter, r *http.Request) {
	s.config.Origins.Share(w, r)
	slot, ok := s.admit(w, r, s.metrics.pollsRefused)
	if !ok {
		return
	}
	p := newPoll(newConn(s, slot), w)
	s.add(p.conn)
	defer s.remove(p.conn)
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != wire.PollType {
		reject(w, wrongType, s.metrics.pollsRefused)
		return
	}
	message, err := p.read(r)
	if tooBig := (*http.MaxBytesError)(nil); errors.As(err, &tooBig) {
		reject(w, tooLarge, s.metrics.pollsRefused)
		return
	}
	s.metrics.polls.Inc()
	if err != nil {
		p.leave(err)
	}
	defer context.AfterFunc(r.Context(), func() { p.leave(r.Context().Err()) })()
	w.Header().Set("Content-Type", wire.PollType)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // a proxy that holds answers back would hold up the chat
	p.run(message)
}

// servePreflight tells a browser whether a page of another origin may poll.
func (s *Server) servePreflight(w http.ResponseWriter, r *http.Request) {
	s.config.Origins.Share(w, r)
	if !s.config.Origins.Allow(r) {
		reject(w, admission.Foreign, s.metrics.pollsRefused)
		return
	}
	w.Header().Set("Access-Control-Allow-Methods", http.MethodPost)
	w.Header().Set("Access-Control-Allow-Headers", "Content-Type")
	w.Header().Set("Access-Control-Max-Age", "7200")
	w.WriteHeader(http.StatusNoContent)
}

// poll carries a conn for the time of one request. It has no goroutine but the handler's, which first handles the frames, then
// waits, and then writes; its deadlines are its own, not those that the HTTP server gives a request. (Once a body is read, net/http
// has no deadline for reading any more.)
type poll struct {
	*conn
	w       http.ResponseWriter      // static
	control *http.ResponseController // static

	gone atomic.Bool // it was cut
}

func newPoll(c *conn, w http.ResponseWriter) *poll {
	p := &poll{conn: c, w: w, control: http.NewResponseController(w)}
	c.carrier = p
	return p
}

var errUnreadable = bye(wire.Bye{Code: wire.CodeProtocol, Message: "The request could not be read."})

// read returns the frames that r brings. It ends early when the poll is to end.
func (p *poll) read(r *http.Request) ([]byte, error) {
	if err := p.control.SetReadDeadline(time.Now().Add(bodyTimeout)); err != nil {
		return nil, err
	}
	defer context.AfterFunc(p.ctx, func() { _ = p.control.SetReadDeadline(time.Unix(0, 0)) })()
	message, err := io.ReadAll(http.MaxBytesReader(p.w, r.Body, wire.MaxMessage))
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, errNoHello
	}
	if err != nil && r.Context().Err() == nil { // else nobody is there any more
		err = errors.Join(err, errUnreadable)
	}
	return message, err
}

// run answers the poll.
func (p *poll) run(message []byte) {
	defer p.ended()
	defer p.session.close()
	if err := p.handle(message); err != nil {
		p.leave(err)
	} else {
		p.await()
	}
	if client := p.session.client; client != nil {
		client.CloseFor(awayFor) // what comes from now on is for the next poll
	}
	for p.ctx.Err() == nil && p.queue.waiting() > 0 {
		p.relieve()
	}
	var b byeError
	if errors.As(context.Cause(p.ctx), &b) {
		_ = p.farewell(b.Bye)
	}
	if p.server.closing() && !p.gone.Load() {
		_ = p.control.Flush() // while Close waits for it
	}
}

// await waits until every frame has its answer, then, if none was to have one, for something to tell, and then for what
// comes right behind that.
func (p *poll) await() {
	p.session.client.Drain(p.ctx)
	timer := time.NewTimer(p.session.wait - p.age())
	defer timer.Stop()
	for !p.session.asked && !p.queue.newsCame() {
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

// write implements carrier.
func (p *poll) write(frames []byte) error {
	if err := p.control.SetWriteDeadline(time.Now().Add(endTimeout)); err != nil {
		return err
	}
	if p.gone.Load() { // the deadline that cut set may just have been overwritten
		p.cut()
		return net.ErrClosed
	}
	if _, err := p.w.Write(frames); err != nil {
		return err
	}
	_, err := p.w.Write([]byte{'\n'})
	return err
}

// relieve implements carrier: the answer begins.
func (p *poll) relieve() {
	if err := p.writeBatch(); err != nil {
		p.leave(err)
	}
}

// pulse implements carrier: everything in a poll has its end.
func (p *poll) pulse(time.Time, *sync.WaitGroup) {}

// cut implements carrier.
func (p *poll) cut() {
	p.gone.Store(true)
	_ = p.control.SetWriteDeadline(longAgo)
}
