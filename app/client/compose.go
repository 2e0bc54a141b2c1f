package client

import (
	"slices"
	"time"
	"unicode/utf8"

	"mayfly/app/client/outbox"
	"mayfly/app/client/room"
	"mayfly/shared/wire"
)

// Composed is a message as the user has composed it.
type Composed struct {
	Text     string
	ReplyTo  string        // the Message.Key of the message that this message answers; "": this message is no reply
	Mentions []string      // the ids of the users whom the text addresses; only the first wire.MaxMentions count
	Life     time.Duration // how long the message lives; 0: as long as the other messages of its room
}

// mayWrite returns the Problem that keeps the user from writing or acting in the room that is shown, zero if there is
// none.
func (v *View) mayWrite() Problem {
	switch {
	case v.Ended != Problem{}:
		return v.Ended
	case v.Room == "":
		return Problem{Code: NoRoom}
	case v.Refused != Problem{}:
		return v.Refused
	case v.Me.ID != "" && !v.MayPost:
		if v.Me.Anonymous {
			return Problem{Code: GuestsRead}
		}
		return Problem{Code: ReadOnly}
	}
	return Problem{}
}

// details returns what the user chose beside the text of c, nil if the user chose nothing. It returns a Problem if the
// message to answer is gone, or if the life is too short.
func (v *View) details(c *Composed) (*outbox.Details, Problem) {
	d := outbox.Details{}
	if c.ReplyTo != "" {
		i := slices.IndexFunc(v.Messages, func(m Message) bool { return m.Key == c.ReplyTo && m.Seq != 0 })
		if i < 0 {
			return nil, Problem{Code: Gone}
		}
		d = v.Messages[i].Reply()
	}
	for _, id := range c.Mentions {
		n := utf8.RuneCountInString(id)
		if n > 0 && n <= wire.MaxUserID && len(d.Mentions) < wire.MaxMentions && !slices.Contains(d.Mentions, id) {
			d.Mentions = append(d.Mentions, id)
		}
	}
	if c.Life < 0 || c.Life > 0 && c.Life.Milliseconds() < max(1, v.Lives.Min) {
		return nil, Problem{Code: WrongLife}
	}
	if v.TTL == 0 || c.Life < v.TTL {
		d.Life = c.Life
	}
	if d.None() {
		return nil, Problem{}
	}
	return &d, Problem{}
}

// postOf returns the post of an entry, with everything that the user chose.
func postOf(e *outbox.Entry) wire.Post {
	p := wire.Post{ID: e.ID, Room: e.Room, Text: e.Text}
	if d := e.Details; d != nil {
		if d.ReplyTo != 0 {
			p.ReplyTo = &d.ReplyTo
		}
		p.Mentions, p.TTL = d.Mentions, d.Life.Milliseconds()
	}
	return p
}

// postTo returns the post of an entry for the room r. If the epoch of r has changed since the user wrote the entry, the
// server has lost the message that the entry answers. Then the post is no reply. If the life that the user chose is not
// shorter than the life of other messages in r, the post contains no life.
func postTo(r *room.Room, e *outbox.Entry) wire.Post {
	p := postOf(e)
	if d := e.Details; d != nil {
		if d.ReplyEpoch != r.Epoch() {
			p.ReplyTo = nil
		}
		if d.Life >= r.TTL {
			p.TTL = 0
		}
	}
	return p
}
