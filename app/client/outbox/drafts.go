package outbox

import (
	"slices"

	"github.com/google/uuid"

	"mayfly/shared/clock"
)

// Draft is a text of the user's own that the page must add to the composer.
type Draft struct {
	N      int // a newer draft has a higher number
	Text   string
	Lapsed bool // the text is a message that could not be sent in time
	Gone   bool // the text is a reply that the server refused, because the message that it answers is gone
}

// Returned contains the drafts of one room that the client returns to the user: the page must add them to the composer.
type Returned struct {
	Drafts   []Draft
	Restored bool // the client has looked on the device for drafts of the room, and has put those that it found into Drafts
}

// Drafts holds, for each room, what the user has written and not sent.
type Drafts struct {
	rooms map[string]*roomDraft
	last  int // the N of the newest Draft
}

// A roomDraft is the draft of one room.
type roomDraft struct {
	id       string
	composer string       // the text in the composer
	returned []Draft      // the drafts that the page must add to the composer
	changed  clock.Moment // when the draft last changed
}

// text returns the whole draft as one text, which the device stores.
func (d *roomDraft) text() string {
	text := d.composer
	for _, r := range d.returned {
		text = JoinDrafts(text, r.Text)
	}
	return text
}

// JoinDrafts returns text with added below it, on lines of its own.
func JoinDrafts(text, added string) string {
	if text == "" || added == "" {
		return text + added
	}
	return text + "\n" + added
}

// of returns the draft of a room. If there is none, it makes an empty one.
func (d *Drafts) of(room string) *roomDraft {
	if d.rooms == nil {
		d.rooms = map[string]*roomDraft{}
	}
	if d.rooms[room] == nil {
		d.rooms[room] = &roomDraft{id: uuid.NewString()}
	}
	return d.rooms[room]
}

// Returned returns the drafts that the page must add to the composer in that room.
func (d *Drafts) Returned(room string) []Draft {
	if of := d.rooms[room]; of != nil {
		return of.returned
	}
	return nil
}

// Lapse gives the text of an entry back to the composer, because the entry could not be sent in time.
func (d *Drafts) Lapse(room, text string, now clock.Moment) {
	d.add(room, Draft{Text: text, Lapsed: true}, now)
}

// Gone gives the text of an entry back to the composer, because the message that the entry answers is gone.
func (d *Drafts) Gone(room, text string, now clock.Moment) {
	d.add(room, Draft{Text: text, Gone: true}, now)
}

// giveBack gives a text back to the composer in that room.
func (d *Drafts) giveBack(room, text string, now clock.Moment) { d.add(room, Draft{Text: text}, now) }

func (d *Drafts) add(room string, draft Draft, now clock.Moment) {
	d.last++
	draft.N = d.last
	of := d.of(room)
	of.returned, of.changed = append(slices.Clip(of.returned), draft), now
}

// Write stores the composer's text. taken is the number (Draft.N) of the newest returned draft that this text contains.
// Write forgets that draft, and the returned drafts before it.
func (d *Drafts) Write(room, text string, taken int, now clock.Moment) {
	of := d.of(room)
	if of.composer != text {
		of.changed = now
	}
	of.composer = text
	for len(of.returned) > 0 && of.returned[0].N <= taken { // the oldest draft is the first
		of.returned = of.returned[1:]
	}
	if of.text() == "" {
		delete(d.rooms, room)
	}
}

// has reports whether text is the whole draft of that room.
func (d *Drafts) has(room, text string) bool {
	return d.rooms[room] != nil && d.rooms[room].text() == text
}

// Enter runs when the user enters a room. Until now the composer had the text of another room. So if the user left text in
// the composer of this room earlier, Enter makes that text a returned draft, which the page adds to the composer again.
func (d *Drafts) Enter(room string, now clock.Moment) {
	if of := d.rooms[room]; of != nil && of.composer != "" {
		text, changed := of.composer, of.changed
		of.composer = ""
		d.giveBack(room, text, now)
		of.changed = changed
	}
}

// Forget removes the drafts that have not changed for an hour.
func (d *Drafts) Forget(now clock.Moment) {
	for room, of := range d.rooms {
		if now.Since(of.changed) >= draftLife {
			delete(d.rooms, room)
		}
	}
}

// clear removes all drafts. It does not reset d.last: a new draft must not get the number of an old draft, because Write
// would forget the new draft when the page says that it has taken the old one.
func (d *Drafts) clear() { d.rooms = nil }
