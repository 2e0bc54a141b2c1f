package transport

import (
	"context"
	"strconv"
	"time"

	"mayfly/shared/wire"
)

const (
	statusOK     = 200 // written here, because importing net/http for its constant would double what a browser downloads
	statusTooBig = 413
)

// exchange makes one poll and returns the server's answer. ok is false if there is no answer: ctx is done, or exchange has
// ended the connection because the poll failed.
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

// take calls convert with each frame of an answer, and with the line that holds the frame. The client reads the lines
// that convert returns instead of that line. If the answer contains a bye, or does not come from a Mayfly server, take
// then ends the connection.
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

// give passes message on to Read.
func (p *pollConn) give(message []byte) {
	select {
	case p.in <- message:
	case <-p.ctx.Done():
	}
}

// waiting returns h as the hello of a poll that the server answers when there is news, after limit at the latest. With
// limit 0 the server answers at once.
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
