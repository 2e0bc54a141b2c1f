package outbox

import (
	"slices"

	"github.com/google/uuid"

	"mayfly/shared/clock"
)

// Draft is a text of the user's own that belongs in the composer and is not there yet.
type Draft struct {
	N      int // grows with each
	Text   string
	Lapsed bool // it is of a message that could not be sent in time
}

// Drafts hold, for each room, what the user has written and not sent.
type Drafts struct {
	rooms map[string]*roomDraft
	last  int // the N of the newest Draft
}

// A roomDraft is the draft of one room.
type roomDraft struct {
	id       string
	composer string  // what the composer holds
	returned []Draft // what is to be added to it
	changed  clock.Moment
}

// text returns all of it, as it is stored.
func (d *roomDraft) text() string {
	text := d.composer
	for _, r := range d.returned {
		text = JoinDrafts(text, r.Text)
	}
	return text
}

// JoinDrafts returns text with more below it.
func JoinDrafts(text, more string) string {
	if text == "" || more == "" {
		return text + more
	}
	return text + "\n" + more
}

// of returns the draft of a room.
func (d *Drafts) of(room string) *roomDraft {
	if d.rooms == nil {
		d.rooms = map[string]*roomDraft{}
	}
	if d.rooms[room] == nil {
		d.rooms[room] = &roomDraft{id: uuid.NewString()}
	}
	return d.rooms[room]
}

// Returned returns the texts to add to the composer in that room.
func (d *Drafts) Returned(room string) []Draft {
	if of := d.rooms[room]; of != nil {
		return of.returned
	}
	return nil
}

// Lapse returns to the composer a text that could not be sent in time.
func (d *Drafts) Lapse(room, text string, now clock.Moment) {
	d.add(room, Draft{Text: text, Lapsed: true}, now)
}

// giveBack returns a text to the composer in that room.
func (d *Drafts) giveBack(room, text string, now clock.Moment) { d.add(room, Draft{Text: text}, now) }

func (d *Drafts) add(room string, draft Draft, now clock.Moment) {
	d.last++
	draft.N = d.last
	of := d.of(room)
	of.returned, of.changed = append(slices.Clip(of.returned), draft), now
}

// Write stores the composer's text, and forgets the returned drafts up to number taken: the composer has them.
func (d *Drafts) Write(room, text string, taken int, now clock.Moment) {
	of := d.of(room)
	if of.composer != text {
		of.changed = now
	}
	of.composer = text
	for len(of.returned) > 0 && of.returned[0].N <= taken { // the oldest stands first
		of.returned = of.returned[1:]
	}
	if of.text() == "" {
		delete(d.rooms, room)
	}
}

// has reports whether text is the draft of that room.
func (d *Drafts) has(room, text string) bool {
	return d.rooms[room] != nil && d.rooms[room].text() == text
}

// Enter returns to the composer what was written in that room before: the composer was another room's meanwhile.
func (d *Drafts) Enter(room string, now clock.Moment) {
	if of := d.rooms[room]; of != nil && of.composer != "" {
		text, changed := of.composer, of.changed
		of.composer = ""
		d.giveBack(room, text, now)
		of.changed = changed
	}
}

// Forget removes the drafts that the user has not touched for an hour.
func (d *Drafts) Forget(now clock.Moment) {
	for room, of := range d.rooms {
		if now.Since(of.changed) >= draftLife {
			delete(d.rooms, room)
		}
	}
}

// clear removes all drafts. Numbers go on.
func (d *Drafts) clear() { d.rooms = nil }
