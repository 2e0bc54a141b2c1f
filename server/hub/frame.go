package hub

import (
	"sync/atomic"
	"time"

	"mayfly/shared/wire"
)

// Frame is one frame on its way to members. It is encoded once and never changed, and all members share it. Messages may
// expire, or be taken back, while the frame waits in a queue. So a writer calls AppendTo at the moment when it writes, and
// AppendTo leaves those messages out.
type Frame struct {
	whole   []byte   // the encoded frame
	expires int64    // deadline of the message that whole is about, in Unix milliseconds; 0: whole does not expire
	unless  *message // if this message was taken back, whole is not written; nil: no such message
	quiet   bool
	build   func(now int64) wire.Frame // AppendTo calls build to get the content when it writes; nil for most frames

	joined *joined                // the content, if this is a frame joined; nil for other frames
	sealed atomic.Pointer[[]byte] // what the first call of Sealed has made of whole; nil: Sealed was not called
}

// joined is the content of a joined frame. Its three lists are in the field snapshot. The frame is written in this order:
// parts[0], the list removed, parts[1], the list reacted, parts[2], the list messages, parts[3] (see wire.Joined.Parts).
type joined struct {
	parts [4][]byte
	snapshot
}

// NewFrame encodes f as a Frame that does not expire: it is written even if it has waited in a queue for a long time.
func NewFrame(f wire.Frame) *Frame { return &Frame{whole: wire.Encode(f), quiet: quiet(f)} }

// frames returns the two frames that tell the members of a room about the change c. seq is the seq of the event that made
// the change. own is for the client that posted or acted. It is the answer to that client, so it is written even if the
// message was taken back in the meantime. f is for all other members. Both frames are nil if the event has changed
// nothing, or is a decision (see onDecidedLocked).
func (c change) frames(room string, seq int64) (f, own *Frame) {
	m := c.message
	switch c.outcome {
	case posted:
		whole := wire.EncodePosted(room, m.json())
		return &Frame{whole: whole, expires: m.expires, unless: m}, &Frame{whole: whole, expires: m.expires}
	case reacted:
		r := c.body
		own = NewFrame(wire.Reacted{Room: room, To: r.To, User: r.User, Emoji: r.Emoji, On: r.On, Seq: seq})
		return &Frame{whole: own.whole, expires: m.expires, unless: m}, own
	case removed:
		own = NewFrame(wire.Removed{Room: room, Seqs: c.seqs, Why: m.takenBack().why, Seq: seq})
		return own, own
	}
	return nil, nil
}

// NewTimelyFrame returns a frame whose content is made when the frame is written: AppendTo then calls build. So a time
// in the content is right, even if the frame has waited in a queue. build gets the time now in Unix milliseconds.
// NewTimelyFrame itself calls build, too: for the results of Size and Quiet.
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
// expired messages is quiet, because a client notices an expiry itself. A joined frame is quiet if it resumes the room and
// its lists are empty, because then the client has missed nothing.
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
			n += i.size() + len(",")
		}
	}
	return n
}

// AppendTo appends the frame to dst, without the messages that have expired at now (Unix milliseconds) or were taken
// back. It appends nothing for a posted or reacted frame about such a message. There is one exception: the client that
// sent the post or the reaction gets its frame even if the message was taken back. After a reaction it gets the frame
// even if the message has expired.
func (f *Frame) AppendTo(dst []byte, now int64) []byte {
	switch {
	case f.build != nil:
		return append(dst, wire.Encode(f.build(now))...)
	case f.joined != nil:
		return f.joined.appendTo(dst, now)
	case f.leftOut(now):
		return dst
	}
	return append(dst, f.whole...)
}

// Sealed returns the frame as seal encodes it for the network: package conn puts a WebSocket header before it. It is for a
// member that has nothing else to write. The first call calls seal, and all members share the result, so nobody may change
// it. Sealed returns nil if AppendTo would append nothing. ok is false if the content of the frame depends on the time or on
// the member: then the caller needs AppendTo.
func (f *Frame) Sealed(now int64, seal func([]byte) []byte) (b []byte, ok bool) {
	if f.build != nil || f.joined != nil {
		return nil, false
	}
	if f.leftOut(now) {
		return nil, true
	}
	made := f.sealed.Load()
	if made == nil { // two goroutines may both make the bytes; they are the same
		made = new(seal(f.whole))
		f.sealed.Store(made)
	}
	return *made, true
}

// leftOut reports whether the frame is about a message that has expired at the time now, or that was taken back.
func (f *Frame) leftOut(now int64) bool {
	return f.expires != 0 && f.expires <= now || f.unless != nil && f.unless.gone.Load()
}

// appendTo appends the joined frame to dst. It leaves out the items whose messages have expired at the time now. From
// the lists reacted and messages it also leaves out the items whose messages were taken back.
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
			dst, first = i.appendTo(dst), false
		}
	}
	return append(dst, j.parts[len(j.parts)-1]...)
}

const removedList = 0 // the index of j.removed in the result of lists

// lists returns the three lists of the frame, in the order in which the frame has them.
func (j *joined) lists() [3][]item { return [...][]item{j.removed, j.reacted, j.messages} }
