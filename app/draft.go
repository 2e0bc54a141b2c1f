package app

import (
	"strings"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client/outbox"
	"mayfly/app/dom"
)

// A draft belongs to its room: the client stores it, and gives it back when the user is in that room again. The field
// itself is the browser's, so the page tells the client what is in it.

// draftPause is how long the user has to stop typing for that, or look away: a draft that is stored is written to the disk.
const draftPause = 500 * time.Millisecond

// sendPause is how long the field takes nothing that the client gives back after the user has sent a message: a second
// press of Enter would send it.
const sendPause = 2 * time.Second

// A draft is what the page knows of the text in the field.
type draft struct {
	room    string         // that it is written in
	taken   map[string]int // by room: the last of the drafts given back that was put there
	said    int            // the last of the drafts given back of which the page has said that it waits
	touched bool           // the user has changed the text since the page last emptied the field
	sent    time.Time      // when a message last went out of the field
	timer   *time.Timer    // keeps the draft
}

func newDraft() draft { return draft{taken: map[string]int{}} }

// takes reports whether the field takes a draft that the client gives back, which may come late: only a field that is
// empty and that the user has not touched. Until then the client keeps it as the room's draft, below what the user
// writes.
func takes(text string, touched bool, sinceSent time.Duration) bool {
	return text == "" && !touched && sinceSent >= sendPause
}

// A delivery is what the field gets of the drafts that the client gives back.
type delivery struct {
	text   string
	last   int  // the last draft of it
	lapsed bool // some of it is of a message that was not sent in time
	takes  bool // the field takes it now
}

// deliver returns what there is to put into the field, which holds text; ok is false if there is nothing new.
func (d *draft) deliver(drafts []outbox.Draft, text string) (to delivery, ok bool) {
	after := d.taken[d.room]
	to.takes = takes(text, d.touched, time.Since(d.sent))
	if !to.takes {
		after = max(after, d.said)
	}
	to.last = after
	for _, b := range drafts {
		if b.N > after {
			to.text, to.last = outbox.JoinDrafts(to.text, b.Text), b.N
			to.lapsed = to.lapsed || b.Lapsed
		}
	}
	return to, to.last != after
}

const composerID = "message"

// composerField returns the field that the user writes in. It is not Truthy on a page that shows no room.
func composerField() goapp.Value { return dom.ByID(composerID) }

func focusComposer() { dom.Focus(composerID) }

// yieldFocus moves the focus to the composer if it is in an element of these ids, which is about to change or to go.
func yieldFocus(ids ...string) {
	if dom.Active().Call("closest", "#"+strings.Join(ids, ",#")).Truthy() {
		focusComposer()
	}
}
