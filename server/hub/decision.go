package hub

import (
	"encoding/json"
	"slices"

	"mayfly/server/audit"
	"mayfly/shared/wire"
)

// actSpread is the Act of a decision that no moderator has made: a node adds addresses to a ban, because the banned guest
// comes, or came, from them. Members are not told.
const actSpread = "spread"

// decision is the Body of a KindDecision: what a moderator has decided about a room (docs/moderation.md).
type decision struct {
	Act       string         `json:"act"`                 // a value of wire.Moderate.Act, or actSpread
	User      *wire.SomeUser `json:"user,omitempty"`      // whom a mute, a ban, a lift or actSpread is about
	By        wire.User      `json:"by"`                  // the moderator; zero for actSpread
	Until     int64          `json:"until,omitempty"`     // when a mute or a ban is over, in Unix milliseconds
	For       int64          `json:"for,omitempty"`       // what wire.ActSlow and wire.ActTTL set, in milliseconds
	Addresses []string       `json:"addresses,omitempty"` // of a ban and of actSpread: from where guests are kept out
}

// decision returns the Body of e, an event of KindDecision, as a decision. ok is false if the Body is not valid, or if this
// version of Mayfly cannot read it.
func (e Event) decision() (d decision, ok bool) {
	if json.Unmarshal(e.Body, &d) != nil {
		return d, false
	}
	known := d.Act == actSpread || slices.Contains(wire.Acts[:], d.Act)
	about := d.Act != actSpread && !wire.IsAboutUser(d.Act) || d.User != nil && d.User.ID != ""
	return d, known && about
}

// moderated returns the frame that tells members about d. seq is the seq of its event. life is how long a message of the
// room lives now, in milliseconds.
func (d decision) moderated(room string, seq, life int64) wire.Moderated {
	f := wire.Moderated{Room: room, Seq: seq, Act: d.Act, User: d.User, By: d.By, Until: d.Until}
	switch d.Act {
	case wire.ActSlow:
		f.For = &d.For
	case wire.ActTTL:
		f.TTL = life
	}
	return f
}

// writeTo writes d, which was made at the time at, into the audit log.
func (d *decision) writeTo(log *audit.Log, room string, at int64) {
	var user string
	var ms *int64
	if d.User != nil {
		user = d.User.ID
	}
	switch d.Act {
	case wire.ActMute, wire.ActBan:
		ms = new(d.Until - at)
	case wire.ActSlow, wire.ActTTL:
		ms = &d.For
	}
	log.Decided(room, d.Act, d.By, user, ms)
}

// sweep is the Body of a KindSweep: it takes back many messages at once, because a moderator has cleared the room. Like a
// removal, it contains everything about these messages except the content.
type sweep struct {
	Clear    int64   `json:"clear"` // the seq of the decision
	Messages []swept `json:"messages"`
}

// swept is one message of a sweep.
type swept struct {
	removal
	Expires int64 `json:"expires"` // the deadline of the message, in Unix milliseconds
}

// maxSwept is the most messages in one sweep: with more, its record could be longer than the stream takes. Clearing a room
// with more messages takes several sweeps.
const maxSwept = 150

// sweep returns the Body of e, an event of KindSweep, as a sweep. ok is false if the Body is not valid, or if this version
// of Mayfly cannot read it.
func (e Event) sweep() (s sweep, ok bool) {
	if json.Unmarshal(e.Body, &s) != nil || !e.isAbout(s.Clear) {
		return s, false
	}
	for _, m := range s.Messages {
		if !e.isAbout(m.To) || m.User == "" || m.ID == "" || m.Why == "" {
			return s, false
		}
	}
	return s, len(s.Messages) > 0
}

// TakenBack returns the messages that e takes back, without their Bodies. It returns nil if e is no removal and no sweep, or
// if this version cannot read it.
func (e Event) TakenBack() (messages []Event) {
	switch e.Kind {
	case KindRemoval:
		if r, ok := e.removal(); ok {
			return []Event{r.message(e.Expires)}
		}
	case KindSweep:
		s, ok := e.sweep()
		if !ok {
			return nil
		}
		for _, m := range s.Messages {
			messages = append(messages, m.message(m.Expires))
		}
	}
	return messages
}

// message returns the message that r takes back. expires is its deadline.
func (r removal) message(expires int64) Event {
	return Event{Kind: KindMessage, Seq: r.To, User: r.User, ID: r.ID, At: r.At, Expires: expires}
}
