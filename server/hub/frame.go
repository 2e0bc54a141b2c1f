package hub

import (
	"time"

	"mayfly/shared/wire"
)

// Frame is one frame on its way to members. It is encoded once and never changed, and all members share it. A writer calls
// AppendTo when it writes, because messages may expire, or be taken back, while the frame waits in a queue.
type Frame struct {
	whole   []byte
	expires int64    // deadline of the message in whole, in Unix milliseconds; 0 if whole doesn't expire
	unless  *message // whole is not written after this message was taken back; nil: there is no such message
	quiet   bool
	build   func(now int64) wire.Frame // AppendTo calls it to get the content when the frame is written; nil for most frames

	joined *joined // of a joined frame; nil for other frames
}

// joined is a joined frame: the bytes between its lists (see wire.Joined.Parts), and the items of these lists.
type joined struct {
	parts [4][]byte
	snapshot
}

// NewFrame returns a frame that doesn't expire.
func NewFrame(f wire.Frame) *Frame { return &Frame{whole: wire.Encode(f), quiet: quiet(f)} }

// frames returns two frames that say what the event with that seq has changed in a room; they are nil if it has
// changed nothing. f is for the members. own is for the client that sent the event: it is the client's answer, so it
// is written even if the message was taken back in the meantime.
func (c change) frames(room string, seq int64) (f, own *Frame) {
	m := c.message
	switch c.outcome {
	case posted:
		whole := wire.EncodePosted(room, m.encoded)
		return &Frame{whole: whole, expires: m.expires, unless: m}, &Frame{whole: whole, expires: m.expires}
	case reacted:
		r := c.body
		own = NewFrame(wire.Reacted{Room: room, To: r.To, User: r.User, Emoji: r.Emoji, On: r.On, Seq: seq})
		return &Frame{whole: own.whole, expires: m.expires, unless: m}, own
	case removed:
		own = NewFrame(wire.Removed{Room: room, Seqs: []int64{m.seq}, Why: m.takenBack.why, Seq: seq})
		return own, own
	}
	return nil, nil
}

// NewTimelyFrame returns a frame that calls build for its content at the moment when the frame is written. So a time
// in the content is right, however long the frame waits in a queue. now is in Unix milliseconds.
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
// expired messages is quiet, because a client notices an expiry itself. A joined frame is quiet if it is resumed and its
// lists are empty, because then the client has missed nothing.
func (f *Frame) Quiet() bool { return f.quiet }

// Size returns the number of bytes that AppendTo appends at most.
func (f *Frame) Size() int {
	n := len(f.whole)
	if f.joined == nil {
		return n
	}
	for _, part := range f.joined.parts {
		n += len(part)
	}
	for _, list := range f.joined.lists() {
		for _, i := range list {
			n += len(i.encoded) + len(",")
		}
	}
	return n
}

// AppendTo appends the frame to dst, without the messages that have expired at now (Unix milliseconds) or were taken
// back. It appends nothing for a posted or reacted frame about such a message. There is one exception: the client that
// sent the post or the reaction gets its frame even if the message was taken back.
func (f *Frame) AppendTo(dst []byte, now int64) []byte {
	switch {
	case f.build != nil:
		return append(dst, wire.Encode(f.build(now))...)
	case f.joined != nil:
		return f.joined.appendTo(dst, now)
	case f.expires != 0 && f.expires <= now, f.unless != nil && f.unless.gone.Load():
		return dst
	}
	return append(dst, f.whole...)
}

// appendTo appends the joined frame to dst as AppendTo does.
func (j *joined) appendTo(dst []byte, now int64) []byte {
	for n, list := range j.lists() {
		dst = append(dst, j.parts[n]...)
		first := true
		for _, i := range list {
			if i.of.expires <= now || n != removedList && i.of.gone.Load() {
				continue
			}
			if !first {
				dst = append(dst, ',')
			}
			dst, first = append(dst, i.encoded...), false
		}
	}
	return append(dst, j.parts[len(j.parts)-1]...)
}

const removedList = 0 // the index in lists of the messages that were taken back

// lists returns the lists of the frame in the order in which they stand in it.
func (j *joined) lists() [3][]item { return [...][]item{j.removed, j.reacted, j.messages} }
