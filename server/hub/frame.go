package hub

import (
	"time"

	"mayfly/shared/wire"
)

// Frame is one frame on its way to members. It is encoded once and never changed, and all members share it. A writer calls
// AppendTo when it writes, because messages may expire while the frame waits in a queue.
type Frame struct {
	whole   []byte
	expires int64 // deadline of the message in whole, in Unix milliseconds; 0 if whole doesn't expire
	quiet   bool
	build   func(now int64) wire.Frame // AppendTo calls it to get the content when the frame is written; nil for most frames

	before, after []byte // a joined frame's bytes before and after its messages
	messages      []*message
}

// NewFrame returns a frame that doesn't expire.
func NewFrame(f wire.Frame) *Frame { return &Frame{whole: wire.Encode(f), quiet: quiet(f)} }

// NewTimelyFrame returns a frame whose content is made when the frame is written: build returns it. So a time in the
// content is right, however long the frame waits in a queue. now is in Unix milliseconds.
func NewTimelyFrame(build func(now int64) wire.Frame) *Frame {
	f := NewFrame(build(time.Now().UnixMilli()))
	f.build = build
	return f
}

func quiet(f wire.Frame) bool {
	switch f := f.(type) {
	case wire.Welcome, wire.Beat, wire.Expiring, wire.Authed:
		return true
	case wire.Removed:
		return f.Why == wire.WhyExpired
	}
	return false
}

// Quiet reports whether no client waits for the frame: a long poll does not end for a quiet frame. A removed frame for
// expired messages is quiet, because a client notices an expiry itself. A joined frame is quiet if it is resumed and
// has no messages, because then the client has missed nothing.
func (f *Frame) Quiet() bool { return f.quiet }

// Size returns the number of bytes that AppendTo appends at most.
func (f *Frame) Size() int {
	n := len(f.whole) + len(f.before) + len(f.after)
	for _, m := range f.messages {
		n += len(m.encoded) + 1
	}
	return n
}

// AppendTo appends the frame to dst. It leaves out the messages that have expired at the time now, in Unix milliseconds.
// For a posted frame whose message has expired, it appends nothing.
func (f *Frame) AppendTo(dst []byte, now int64) []byte {
	if f.build != nil {
		return append(dst, wire.Encode(f.build(now))...)
	}
	if f.before == nil {
		if f.expires != 0 && f.expires <= now {
			return dst
		}
		return append(dst, f.whole...)
	}
	dst = append(dst, f.before...)
	first := true
	for _, m := range f.messages {
		if m.expires <= now {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		dst, first = append(dst, m.encoded...), false
	}
	return append(dst, f.after...)
}
