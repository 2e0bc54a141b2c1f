package app

import (
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/session"
)

// What is half written belongs to its room: the session keeps it, and gives it back when one is there again. The field itself is the
// browser's, so the session is told what is in it.

// draftPause is how long one has to stop typing for that, or look away: to keep it writes to the disk.
const draftPause = 500 * time.Millisecond

const lapsedWords = "This was not sent in time. Look at it again before you send it."

// A drafting is what is known of the text in the field.
type drafting struct {
	room  string         // that it is written in
	taken map[string]int // by room: the last of the drafts given back that was put there
	timer *time.Timer    // calls keepDraft
}

// keepDraft tells the session what is in the field.
func (c *chat) keepDraft() {
	if input := composerField(); input.Truthy() && c.drafting.room != "" {
		c.session.Draft(c.drafting.room, input.Get("value").String(), c.drafting.taken[c.drafting.room])
	}
}

// settle calls then once what is written is kept, also what is half written.
func (c *chat) settle(then func()) {
	c.keepDraft()
	c.session.Settled(then)
}

// turnTo keeps what is in the field for the room that it was written in, and empties it for another.
func (c *chat) turnTo(room string) {
	c.keepDraft()
	c.drafting.room = room
	c.empty()
}

// takeDrafts puts into the field what the session gives back, below what is there. It reports whether there is something to say
// about it.
func (c *chat) takeDrafts() (lapsed bool) {
	input := composerField()
	if len(c.view.Drafts) == 0 || c.view.Room != c.drafting.room || !input.Truthy() {
		return false
	}
	before := c.drafting.taken[c.view.Room]
	text, taken := input.Get("value").String(), before
	for _, d := range c.view.Drafts {
		if d.N > taken {
			text, taken = session.JoinDrafts(text, d.Text), d.N
			lapsed = lapsed || d.Lapsed
		}
	}
	if taken == before {
		return false
	}
	c.drafting.taken[c.view.Room] = taken
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
