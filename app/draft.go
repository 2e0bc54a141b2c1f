package app

import (
	"strconv"
	"strings"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client/outbox"
	"mayfly/app/dom"
	"mayfly/app/words"
)

// The text in the composer's field is the draft of the room that is shown. The client stores each draft, and returns it when
// the user is in that room again. Only the browser has the text in the field, so the page must pass the text to the client
// (keepDraft).

// draftPause is how long the user must stop typing before the page stores the draft. To store it at each key would
// write to the disk too often. When the user looks away, the page stores the draft at once.
const draftPause = 500 * time.Millisecond

// arriveTime is how long the page waits at most for the draft of a room that the user has entered, before it moves the focus
// into the field. It waits because it puts no draft into a field that has the focus.
const arriveTime = 3 * time.Second

// A draft is what the page knows about the text in the field. "Returned drafts" are the drafts that the client gives
// back, in View.Drafts; each has a number N.
type draft struct {
	room    string         // the room in which the text is written
	taken   map[string]int // by room: the N of the last returned draft that the user has in the field, or has discarded
	offer   delivery       // the returned drafts that the page offers above the field; zero if there are none
	answers string         // the key of the message that the text answers, "" for none
	timer   *time.Timer    // calls keepDraft when the user has not changed the text for draftPause
	arrival arrival
}

// An arrival is the time from when the user enters a room until the page moves the focus into the field.
type arrival struct {
	waits bool        // the user has entered a room, and the page has not moved the focus yet
	from  goapp.Value // the element that had the focus when the user entered the room
	timer *time.Timer // moves the focus after arriveTime, even if the drafts have not come
}

func newDraft() draft { return draft{taken: map[string]int{}} }

// takes reports whether the page may put a returned draft into the field at once. If not, the page offers the draft above
// the field. The field takes no draft if it contains a text or has the focus (focused), because the user may be writing in
// it. If another draft is offered already (offered), the page adds the new draft to that offer.
func takes(text string, focused, offered bool) bool { return text == "" && !focused && !offered }

// A delivery joins all returned drafts that are not in the composer's field yet into one text. The page puts this text into
// the field, or offers it above the field.
type delivery struct {
	text   string
	last   int  // the N of the last draft in text; 0 if there is no draft
	lapsed bool // a draft in text is a message that was not sent in time
	gone   bool // a draft in text is a reply that was not sent, because the message that it answers was gone
}

// undelivered joins the drafts that the page has not taken yet into one delivery: those whose N is higher than taken.
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

// focusComposer moves the focus to the composer's field. If the page has no composer, the focus goes to the sentence that
// says why.
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

// fit makes the field as high as its text and its border. The style sheet sets the largest height.
func fit(input goapp.Value) {
	style := input.Get("style")
	style.Set("height", "auto")
	borders := input.Get("offsetHeight").Int() - input.Get("clientHeight").Int()
	style.Set("height", strconv.Itoa(input.Get("scrollHeight").Int()+borders)+"px")
}

// insertText writes text at the caret of the field that has the focus. It does not assign the text to the field's value,
// because the user could not undo that with the browser's Undo.
func insertText(text string) { dom.Document().Call("execCommand", "insertText", false, text) }
