package app

import (
	"strings"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client/outbox"
	"mayfly/app/dom"
	"mayfly/app/words"
)

// A draft belongs to its room: the client stores it, and gives it back when the user is in that room again. Only the
// browser holds the text in the field, so the page must tell the client what the text is (keepDraft).

// draftPause is how long the user must stop typing before the page stores the draft. To store it at each key would
// write to the disk too often. When the user looks away, the page stores the draft at once.
const draftPause = 500 * time.Millisecond

// arriveTime is the time after which the page moves the focus into the field at the latest, once the user has entered a
// room. Until then the page waits for the draft that the device loads, because it puts no draft into a field that has the
// focus.
const arriveTime = 3 * time.Second

// A draft is what the page knows about the text in the field. "Returned drafts" are the drafts that the client gives
// back, in View.Drafts; each has a number N.
type draft struct {
	room    string         // the room in which the text is written
	taken   map[string]int // by room: the N of the last returned draft that was put into the field
	offer   delivery       // the returned drafts that the page offers above the field; zero if there are none
	timer   *time.Timer    // calls keepDraft after draftPause
	arrival arrival
}

// An arrival begins when the user enters a room, and ends when the field gets the focus.
type arrival struct {
	waits bool
	from  goapp.Value // the element that had the focus when the user came
	timer *time.Timer // ends the arrival after arriveTime
}

func newDraft() draft { return draft{taken: map[string]int{}} }

// takes reports whether a draft that the client gives back may be put into the field at once; otherwise the page offers it
// above the field. text is what the field holds. A field that has a text or the focus takes no draft, because the user may
// be writing, selecting or composing in it. While a draft is offered, later drafts join the offer.
func takes(text string, focused, offered bool) bool { return text == "" && !focused && !offered }

// A delivery is one text, made of all returned drafts that are not in the composer's field yet. The page puts it into the
// composer's field, or offers it above the field.
type delivery struct {
	text   string
	last   int  // the N of the last draft in text; 0 if there is no draft
	lapsed bool // a draft in text is a message that was not sent in time
	gone   bool // a draft in text is a reply that was not sent, because the message that it answers was gone
}

// undelivered returns, as one delivery, the drafts whose number is above taken.
func undelivered(drafts []outbox.Draft, taken int) (to delivery) {
	for _, b := range drafts {
		if b.N > taken {
			to.text, to.last = outbox.JoinDrafts(to.text, b.Text), b.N
			to.lapsed, to.gone = to.lapsed || b.Lapsed, to.gone || b.Gone
		}
	}
	return to
}

// around returns the sentence that offers a delivery, in two parts. Between them the page shows the beginning of the text.
func (to delivery) around() (before, after string) {
	if to.lapsed {
		return words.Around(words.DraftLapsedOffered)
	}
	if to.gone {
		return words.Around(words.DraftGoneOffered)
	}
	return words.Around(words.DraftOffered)
}

const (
	composerID = "message"
	reasonID   = "reason" // the sentence that says why there is no composer
)

// composerField returns the field that the user writes in. It is not Truthy on a page that shows no room.
func composerField() goapp.Value { return dom.ByID(composerID) }

// focusComposer moves the focus to the composer, or to the reason why there is none.
func focusComposer() {
	if composerField().Truthy() {
		dom.Focus(composerID)
	} else {
		dom.Focus(reasonID)
	}
}

// yieldFocus moves the focus to the composer if the focus is in an element with one of these ids. Call it before such
// an element changes or disappears.
func yieldFocus(ids ...string) {
	if dom.Active().Call("closest", "#"+strings.Join(ids, ",#")).Truthy() {
		focusComposer()
	}
}
