package hub

import (
	"time"

	"mayfly/shared/wire"
)

// Frame is one frame on its way to members: encoded once, shared, never changed. Whoever writes it asks for its bytes at
// that moment, because messages may expire while they wait in a queue.
type Frame struct {
	whole   []byte
	expires int64 // of the message in whole, Unix milliseconds; 0: it doesn't expire
	quiet   bool
	at      func(now int64) wire.Frame // makes whole anew when it is written; nil for most

	before, after []byte // around the messages of a joined
	messages      []*message
}

// NewFrame returns a frame that doesn't expire.
func NewFrame(f wire.Frame) *Frame { return &Frame{whole: wire.Encode(f), quiet: quiet(f)} }

// NewTimelyFrame returns a frame that tells the time at which it is written (Unix milliseconds), whatever it waits for before.
func NewTimelyFrame(at func(now int64) wire.Frame) *Frame {
	f := NewFrame(at(time.Now().UnixMilli()))
	f.at = at
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

// Quiet reports whether the frame is nothing that a client waits for: it knows of an expiry by itself, and a joined that is
// resumed and empty tells it that it has missed nothing.
func (f *Frame) Quiet() bool { return f.quiet }

// Size returns the bytes that AppendTo adds at the most.
func (f *Frame) Size() int {
	n := len(f.whole) + len(f.before) + len(f.after)
	for _, m := range f.messages {
		n += len(m.encoded) + 1
	}
	return n
}

// AppendTo appends the frame to dst without what has expired at now (Unix milliseconds): a posted whose message has
// appends nothing.
func (f *Frame) AppendTo(dst []byte, now int64) []byte {
	if f.at != nil {
		return append(dst, wire.Encode(f.at(now))...)
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
