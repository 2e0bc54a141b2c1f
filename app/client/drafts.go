package client

import (
	"slices"

	"mayfly/shared/clock"

	"github.com/google/uuid"
)

// Draft is text of one's own that belongs in the field that one writes in, and is not there yet.
type Draft struct {
	N      int // grows with each
	Text   string
	Lapsed bool // it is of a message that could not be sent in time
}

// drafts hold, for each room, what one has half written. They belong to the session's loop.
type drafts struct {
	rooms map[string]*draft
	last  int // the N of the newest Draft
}

type draft struct {
	id      string
	there   string  // what the field holds
	back    []Draft // what is to be added to it
	changed clock.Moment
}

// text returns all of it, as it is kept.
func (d *draft) text() string {
	text := d.there
	for _, b := range d.back {
		text = JoinDrafts(text, b.Text)
	}
	return text
}

// JoinDrafts returns what is written with more below it.
func JoinDrafts(text, more string) string {
	if text == "" || more == "" {
		return text + more
	}
	return text + "\n" + more
}

// of returns the draft of a room.
func (d *drafts) of(room string) *draft {
	if d.rooms == nil {
		d.rooms = map[string]*draft{}
	}
	if d.rooms[room] == nil {
		d.rooms[room] = &draft{id: uuid.NewString()}
	}
	return d.rooms[room]
}

// giveBack adds text to what is to be put into the field in that room.
func (d *drafts) giveBack(room, text string, lapsed bool, now clock.Moment) {
	d.last++
	of := d.of(room)
	of.back, of.changed = append(slices.Clip(of.back), Draft{N: d.last, Text: text, Lapsed: lapsed}), now
}

// write takes in what the field holds in that room, and that what was given back is in it up to taken.
func (d *drafts) write(room, text string, taken int, now clock.Moment) {
	of := d.of(room)
	if of.there != text {
		of.changed = now
	}
	of.there = text
	of.back = slices.DeleteFunc(slices.Clone(of.back), func(b Draft) bool { return b.N <= taken })
	if of.text() == "" {
		delete(d.rooms, room)
	}
}

// has reports whether text is what is half written in that room.
func (d *drafts) has(room, text string) bool {
	return d.rooms[room] != nil && d.rooms[room].text() == text
}

// enter gives back what was written in that room before: the field is another one now.
func (d *drafts) enter(room string, now clock.Moment) {
	if of := d.rooms[room]; of != nil && of.there != "" {
		text, changed := of.there, of.changed
		of.there = ""
		d.giveBack(room, text, false, now)
		of.changed = changed
	}
}

// forget removes what nobody has touched for so long.
func (d *drafts) forget(now clock.Moment) {
	for room, of := range d.rooms {
		if now.Since(of.changed) >= draftLife {
			delete(d.rooms, room)
		}
	}
}
