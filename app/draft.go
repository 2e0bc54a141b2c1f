package app

import (
	"time"

	"mayfly/app/client/outbox"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"
)

// What is half written belongs to its room: the client keeps it, and gives it back when one is there again. The field itself is the
// browser's, so the client is told what is in it.

// draftPause is how long one has to stop typing for that, or look away: to keep it writes to the disk.
const draftPause = 500 * time.Millisecond

// sendPause is how long the field takes nothing that the client gives back after the user has sent a message: a second press of
// Enter would send it.
const sendPause = 2 * time.Second

const (
	lapsedWords = "This was not sent in time. Look at it again before you send it."
	waitsWords  = "A message was not sent in time. It comes back here after the next one that you send."
)

// A drafting is what is known of the text in the field.
type drafting struct {
	room    string         // that it is written in
	taken   map[string]int // by room: the last of the drafts given back that was put there
	said    int            // the last of the drafts given back of which the page has said that it waits
	touched bool           // the user has changed the text since the page last emptied the field
	sent    time.Time      // when a message last went out of the field
	timer   *time.Timer    // calls keepDraft
}

// takes reports whether the field takes what the client gives back, which may come late: only a field that is empty and that
// the user has not touched. Until then the client keeps it as the room's draft, below what the user writes.
func takes(text string, touched bool, sinceSent time.Duration) bool {
	return text == "" && !touched && sinceSent >= sendPause
}

// keepDraft tells the client what is in the field.
func (c *chat) keepDraft() {
	if input := composerField(); input.Truthy() && c.drafting.room != "" {
		c.client.Draft(c.drafting.room, input.Get("value").String(), c.drafting.taken[c.drafting.room])
	}
}

// settle calls then once what is written is kept, also what is half written.
func (c *chat) settle(then func()) {
	c.keepDraft()
	c.client.Settled(then)
}

// turnTo keeps what is in the field for the room that it was written in, and empties it for another. What the user wrote before
// the room was known, as on the way back from signing in, is that room's.
func (c *chat) turnTo(room string) {
	d := &c.drafting
	c.keepDraft()
	if d.room != "" || room == "" {
		c.empty()
		d.sent = time.Time{}
	}
	d.room = room
}

// takeDrafts puts what the client gives back into the field, or leaves it with the client until the field takes it. It
// reports whether there is something to say about it.
func (c *chat) takeDrafts() (lapsed bool) {
	input, d := composerField(), &c.drafting
	if len(c.view.Drafts) == 0 || c.view.Room != d.room || !input.Truthy() {
		return false
	}
	after, takes := d.taken[d.room], takes(input.Get("value").String(), d.touched, time.Since(d.sent))
	if !takes {
		after = max(after, d.said)
	}
	text, last := "", after
	for _, b := range c.view.Drafts {
		if b.N > after {
			text, last = outbox.JoinDrafts(text, b.Text), b.N
			lapsed = lapsed || b.Lapsed
		}
	}
	switch {
	case last == after:
		return false
	case !takes:
		d.said = last
		if lapsed {
			c.composer.problem = waitsWords
		}
		return lapsed
	}
	d.taken[d.room] = last
	if lapsed {
		c.composer.problem = lapsedWords
	}
	input.Set("value", text)
	c.measure()
	c.keepDraft()
	return lapsed
}

// draftTimer returns the timer, which is set while one types.
func (c *chat) draftTimer(ctx goapp.Context) *time.Timer {
	timer := time.AfterFunc(time.Hour, func() {
		defer Guard()
		dispatch(ctx, func(ctx goapp.Context) {
			defer Guard()
			ctx.PreventUpdate()
			c.keepDraft()
		})
	})
	timer.Stop()
	return timer
}
