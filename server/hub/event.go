package hub

import (
	"encoding/json"
	"fmt"

	"mayfly/shared/wire"
)

// Kind says what an event or a Signal is. A newer node may store events of a kind that this node does not know. Such an
// event changes nothing that this node shows, but the room's head moves to the seq of the event.
type Kind string

// The kinds of events.
const (
	KindMessage  Kind = "message"  // its Body is the message as JSON, in its compact form
	KindReaction Kind = "reaction" // a user gave a reaction or took it away; its Body is a reaction in JSON
	KindRemoval  Kind = "removal"  // a user took a message back; its Body is a removal in JSON
	KindDecision Kind = "decision" // a moderator decided something about the room; its Body is a decision in JSON
	KindSweep    Kind = "sweep"    // messages are taken back, because a moderator cleared the room; its Body is a sweep
	KindPace     Kind = "pace"     // when a user last posted, for slow mode; its Body is that time in Unix milliseconds
)

// Event is anything that takes a seq in a room. User and ID together name an event within its room: a second post with
// the same User and ID is a repeat. A reaction or a removal has the deadline of the message that it is about. What a
// moderator decided, and when a user posted, has the deadline after which it does not matter any more.
type Event struct {
	Kind    Kind   // empty if this version of Mayfly cannot read the stored record; then only Seq is set
	Seq     int64  // 0 until the stream has set it
	User    string // the id of the user who posted or acted; of a decision with actSpread: of the banned guest
	ID      string // of a message: what the author's client chose; of a sweep: see sweepLocked; else random
	At      int64  // when the server made the event, in Unix milliseconds
	Expires int64  // the deadline of the event, in Unix milliseconds
	Body    []byte // the content as JSON, which depends on Kind; no code may change these bytes
}

// NewMessage returns the event of m. It ignores m.Seq, because the stream chooses the seq. No other code encodes a
// message: the stream stores these bytes in their compact form, and they are put together again, with the seq in them,
// before they are sent to members.
func NewMessage(m wire.Message) Event {
	m.Seq = 0
	e := Event{Kind: KindMessage, User: m.User.ID, ID: m.ID, At: m.At, Expires: m.Expires, Body: wire.EncodeMessage(m)}
	e.Compact()
	return e
}

// key returns the event's name within its room.
func (e Event) key() key { return key{e.User, e.ID} }

// key names an event within a room: the user and the id.
type key struct{ user, id string }

// reaction is the Body of a KindReaction.
type reaction struct {
	To    int64     `json:"to"` // the seq of the message
	Emoji string    `json:"emoji"`
	On    bool      `json:"on"` // false: the reaction is taken away
	User  wire.User `json:"user"`
}

// removal is the Body of a KindRemoval. It contains what is needed to recognise the removed message; the event itself has
// the message's deadline. Because the stream erases the message, a node that reads the room later finds only the removal. If
// the client then posts the message again, the node must recognise the repeat from the removal.
type removal struct {
	To   int64  `json:"to"`   // the seq of the message
	User string `json:"user"` // the id of the message's author
	ID   string `json:"id"`   // the message's id
	At   int64  `json:"at"`   // when the message was posted, in Unix milliseconds
	Why  string `json:"why"`  // why the message was removed: a value of wire.Removed.Why
}

// encodeBody encodes v, for example a reaction, for Event.Body.
func encodeBody(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("hub: encode %T: %v", v, err)) // never: all of these types can be encoded
	}
	return b
}

// reaction returns the Body of e, an event of KindReaction, as a reaction. ok is false if the Body is not valid, or if
// this version of Mayfly cannot read it.
func (e Event) reaction() (r reaction, ok bool) {
	err := json.Unmarshal(e.Body, &r)
	return r, err == nil && e.isAbout(r.To) && r.Emoji != "" && r.User.ID == e.User
}

// removal returns the Body of e, an event of KindRemoval, as a removal. ok is false if the Body is not valid, or if this
// version of Mayfly cannot read it.
func (e Event) removal() (r removal, ok bool) {
	err := json.Unmarshal(e.Body, &r)
	return r, err == nil && e.isAbout(r.To) && r.User != "" && r.ID != "" && r.Why != ""
}

// isAbout reports whether the event that e is about can have the given seq: it must be lower than the seq of e.
func (e Event) isAbout(seq int64) bool { return 0 < seq && seq < e.Seq }
