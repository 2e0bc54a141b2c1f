package app

import (
	"strings"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client/outbox"
	"mayfly/app/dom"
)

// A draft belongs to its room: the client stores it, and gives it back when the user is in that room again. Only the
// browser holds the text in the field, so the page must tell the client what the text is (keepDraft).

// draftPause is how long the user must stop typing before the page stores the draft. To store it at each key would
// write to the disk too often. When the user looks away, the page stores the draft at once.
const draftPause = 500 * time.Millisecond

// sendPause is the time after a message was sent in which the field takes no draft that the client gives back: if the
// user pressed Enter twice, the second Enter would send that draft.
const sendPause = 2 * time.Second

// A draft is what the page knows about the text in the field. "Returned drafts" are the drafts that the client gives
// back, in View.Drafts; each has a number N.
type draft struct {
	room    string         // the room in which the text is written
	taken   map[string]int // by room: the N of the last returned draft that was put into the field
	said    int            // the N of the last returned draft of which the page has said that it waits
	touched bool           // the user has changed the text since the page last emptied the field
	sent    time.Time      // when the user last sent a message from the field
	timer   *time.Timer    // calls keepDraft after draftPause
}

func newDraft() draft { return draft{taken: map[string]int{}} }

// takes reports whether the field takes a draft that the client gives back: only if the field is empty, the user has
// not touched it, and the last message was sent at least sendPause ago. A draft that the field does not take stays
// with the client, which stores it below the text that the user writes.
func takes(text string, touched bool, sinceSent time.Duration) bool {
	return text == "" && !touched && sinceSent >= sendPause
}

// A delivery is the text that drafts add to the composer's field: drafts that the outbox gives back to the user.
type delivery struct {
	text   string
	last   int  // the N of the last draft in text
	lapsed bool // a draft in text is a message that was not sent in time
	takes  bool // the field takes the text now
}

// deliver makes one delivery of those of drafts that the composer does not have yet; ok is false if there are none. text is
// the text in the field.
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

// yieldFocus moves the focus to the composer if the focus is in an element with one of these ids. Call it before such
// an element changes or disappears.
func yieldFocus(ids ...string) {
	if dom.Active().Call("closest", "#"+strings.Join(ids, ",#")).Truthy() {
		focusComposer()
	}
}
