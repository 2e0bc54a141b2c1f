package app

import (
	"mayfly/app/dom"
	"mayfly/app/words"
)

const (
	waitID = "message-wait" // the element in which a pause says for how long the user can't write
	sendID = "message-send" // the button Send
)

// A pause says below the composer's field for how long the user can't write: because a moderator has muted or banned the
// user, or because the room has slow mode. Then Send looks disabled.
type pause struct {
	*model
	over  bool   // the text in the field is too long: Send looks disabled for that, too
	shown string // the sentence in the element now
}

// text returns the sentence that says for how long the user can't write, "" if the user can write.
func (p *pause) text() string {
	if p.badRoom || p.view.Room != p.room {
		return ""
	}
	return words.Wait(p.view.Wait(p.client.Now()))
}

// write writes the sentence into its element if the sentence has changed. go-app draws that element empty.
func (p *pause) write() {
	text := p.text()
	if text == p.shown {
		return
	}
	p.shown = ""
	if e := dom.ByID(waitID); e.Truthy() { // a page without a composer has no element, and draws it empty later
		p.shown = text
		e.Set("textContent", text)
		p.block()
	}
}

// block makes Send look disabled if the user can't write now or if the text is too long. Otherwise Send looks enabled.
func (p *pause) block() {
	dom.ByID(sendID).Call("setAttribute", "aria-disabled", p.over || p.text() != "")
}
