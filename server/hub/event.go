package hub

import (
	"encoding/json"
	"fmt"

	"mayfly/shared/wire"
)

// Kind says what an event is. A newer node may store events of a kind that this node does not know. This node does not
// show such an event, but its seq counts.
type Kind string

// The kinds of events.
const (
	KindMessage  Kind = "message"  // its Body is the message as wire.EncodeMessage returns it, with seq 0
	KindReaction Kind = "reaction" // a user gave a reaction or took it away; its Body is a reaction in JSON
	KindRemoval  Kind = "removal"  // a user took a message back; its Body is a removal in JSON
)

// Event is anything that takes a seq in a room. User and ID together name an event within its room: a second post with
// both is a repeat. A reaction and a removal live as long as the message that they are about.
type Event struct {
	Kind    Kind   // empty if this version of Mayfly cannot read the stored record; then only Seq is set
	Seq     int64  // 0 until the stream has set it
	User    string // id of the user who did it
	ID      string // of a message: the id that the author's client chose; else a random id that the server made
	At      int64  // when it was done, in Unix milliseconds
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

// key names an event within a room: the user and the id.
type key struct{ user, id string }

// reaction is the Body of a KindReaction.
type reaction struct {
	To    int64     `json:"to"` // the seq of the message
	Emoji string    `json:"emoji"`
	On    bool      `json:"on"` // false: the reaction is taken away
	User  wire.User `json:"user"`
}

// removal is the Body of a KindRemoval. It holds everything about the message except its content. The stream erases
// the message, but a node that reads the room afterwards must still recognise a repeat of its post.
type removal struct {
	To   int64  `json:"to"`   // the seq of the message
	User string `json:"user"` // the id of the message's author
	ID   string `json:"id"`   // the message's id
	At   int64  `json:"at"`   // when the message was posted
	Why  string `json:"why"`  // as in wire.Removed
}

// encodeBody returns a reaction or removal as it stands in Event.Body.
func encodeBody(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("hub: encode %T: %v", v, err)) // never: both types can be encoded
	}
	return b
}

// reaction returns the content of a KindReaction. ok is false if its Body is not in the form that this version knows.
func (e Event) reaction() (r reaction, ok bool) {
	err := json.Unmarshal(e.Body, &r)
	return r, err == nil && e.isAbout(r.To) && r.Emoji != "" && r.User.ID == e.User
}

// removal returns the content of a KindRemoval. ok is false if its Body is not in the form that this version knows.
func (e Event) removal() (r removal, ok bool) {
	err := json.Unmarshal(e.Body, &r)
	return r, err == nil && e.isAbout(r.To) && r.User != "" && r.ID != "" && r.Why != ""
}

// isAbout reports whether e can be about the event seq: e must come after it.
func (e Event) isAbout(seq int64) bool { return 0 < seq && seq < e.Seq }

// TakenBack returns the message that the event takes back, without its Body. ok is false if the event is no removal in the
// form that this version knows.
func (e Event) TakenBack() (m Event, ok bool) {
	if e.Kind != KindRemoval {
		return m, false
	}
	r, ok := e.removal()
	return Event{Kind: KindMessage, Seq: r.To, User: r.User, ID: r.ID, At: r.At, Expires: e.Expires}, ok
}
