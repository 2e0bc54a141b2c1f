package hub

import "mayfly/shared/wire"

// Kind says what an event is. A node passes over events of a kind that it does not know, because a newer node may run beside
// it; their seqs count all the same.
type Kind string

// KindMessage is the kind of a message. Its Body is the message as wire.EncodeMessage returns it, with seq 0.
const KindMessage Kind = "message"

// Event is anything that takes a seq in a room. User and ID together name an event within its room, so that a repeat is
// recognised.
type Event struct {
	Kind    Kind   // empty: this version of Mayfly cannot read the record, so it knows nothing but the seq
	Seq     int64  // the stream sets it; 0 before
	User    string // id of the author
	ID      string // that the author's client chose
	At      int64  // Unix milliseconds
	Expires int64  // Unix milliseconds
	Body    []byte // encoded; it never changes
}

// NewMessage returns the event of m, which is encoded here and nowhere else: the bytes that are appended are the bytes that
// members are sent. It ignores m.Seq.
func NewMessage(m wire.Message) Event {
	m.Seq = 0
	return Event{Kind: KindMessage, User: m.User.ID, ID: m.ID, At: m.At, Expires: m.Expires, Body: wire.EncodeMessage(m)}
}

// key returns the event's name within its room.
func (e Event) key() key { return key{e.User, e.ID} }

// key names an event within a room: its author and the id that the author's client chose.
type key struct{ user, id string }
