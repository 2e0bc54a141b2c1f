package hub

import "mayfly/shared/wire"

// Kind says what an event is. A newer node may store events of a kind that this node does not know. This node does not
// show such an event, but its seq counts.
type Kind string

// KindMessage is the kind of a message. Its Body is the message as wire.EncodeMessage returns it, with seq 0.
const KindMessage Kind = "message"

// Event is anything that takes a seq in a room. User and ID together name an event within its room. A second post with
// the same User and ID is a repeat.
type Event struct {
	Kind    Kind   // empty if this version of Mayfly cannot read the stored record; then only Seq is set
	Seq     int64  // 0 until the stream has set it
	User    string // id of the author
	ID      string // the id that the author's client chose
	At      int64  // when it was posted, in Unix milliseconds
	Expires int64  // its deadline, in Unix milliseconds
	Body    []byte // the encoded content; nobody changes these bytes
}

// NewMessage returns the event of m. A message is encoded here and nowhere else: the stream stores these bytes, and
// members are sent the same bytes with the seq put in (wire.NumberMessage). NewMessage ignores m.Seq.
func NewMessage(m wire.Message) Event {
	m.Seq = 0
	return Event{Kind: KindMessage, User: m.User.ID, ID: m.ID, At: m.At, Expires: m.Expires, Body: wire.EncodeMessage(m)}
}

// key returns the event's name within its room.
func (e Event) key() key { return key{e.User, e.ID} }

// key names an event within a room: its author and the id that the author's client chose.
type key struct{ user, id string }
