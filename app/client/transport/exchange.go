package transport

import (
	"context"
	"strconv"
	"time"

	"mayfly/shared/wire"
)

const (
	// These HTTP statuses are not taken from net/http, because importing it would double what a browser downloads.
	statusOK     = 200
	statusTooBig = 413
)

// exchange makes one poll: it posts hello and frames, and returns the server's answer. ok is false if there is no answer:
// ctx is done, or the poll has failed. If the poll has failed, exchange has also ended the whole connection.
func (p *pollConn) exchange(ctx context.Context, hello wire.Hello, frames []wire.Frame) (answer []byte, ok bool) {
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
		p.give(wire.Encode(wire.Bye{Code: wire.CodeBusy, RetryMS: int64(seconds) * 1000}))
	}
	p.end(&wire.ClosedError{Code: closeCut, Reason: "the poll was answered with status " + strconv.Itoa(status)})
	return nil, false
}

// take passes the answer to a poll on to the client. It calls convert, with p.mu locked, for each frame f of the answer;
// line is f as text. Instead of line, the client gets the lines that convert returns. If the answer contains a bye, or does
// not come from a Mayfly server, take then ends the connection.
func (p *pollConn) take(answer []byte, convert func(f wire.Frame, line []byte) [][]byte) {
	var message [][]byte
	fromMayfly, end := false, error(nil)
	p.mu.Lock()
	for _, line := range lines(answer) {
		f, err := wire.Decode(line)
		if err != nil { // a frame of a newer server, or the answer of another program
			continue
		}
		switch f := f.(type) {
		case wire.Welcome:
			fromMayfly = true
		case wire.Bye:
			fromMayfly, end = true, &wire.ClosedError{Code: wire.CloseFor(f.Code)}
		}
		message = append(message, convert(f, line)...)
	}
	p.mu.Unlock()
	if !fromMayfly {
		end = &wire.ClosedError{Code: closeCut, Reason: "somebody else answered the poll"}
	}
	if len(message) > 0 {
		p.give(wire.Batch(message...))
	}
	if end != nil {
		p.end(end)
	}
}

// give makes the method Read return message. It blocks until Read is called, or until the connection has ended.
func (p *pollConn) give(message []byte) {
	select {
	case p.in <- message:
	case <-p.ctx.Done():
	}
}

// waiting returns h with the field Wait set to limit. The server answers a poll that begins with this hello as soon as there
// is news, and after limit at the latest. If limit is 0, the server answers at once.
func waiting(h wire.Hello, limit time.Duration) wire.Hello {
	ms := limit.Milliseconds()
	h.Wait = &ms
	return h
}

// lines returns the lines of a message. Each line is a frame.
func lines(message []byte) (lines [][]byte) {
	for line := range wire.Split(message) {
		lines = append(lines, line)
	}
	return lines
}

// encoded returns each frame as a line.
func encoded(frames []wire.Frame) (lines [][]byte) {
	for _, f := range frames {
		lines = append(lines, wire.Encode(f))
	}
	return lines
}
