package app

import (
	"mayfly/app/dom"
	"mayfly/app/unread"
	"mayfly/app/words"
)

// setTitle sets the title of the document, and the number on the icon of the installed app.
func (p *page) setTitle() {
	title, n := words.Of(words.Product), p.roomlist.unreadInAll()
	switch {
	case p.badRoom:
		title = words.Of(words.NoRoomTitle)
	case p.room != "":
		title = unread.Title(p.room, n, dom.Hidden())
	}
	if title != p.title {
		p.title = title
		dom.Document().Set("title", title)
	}
	if n != p.badge {
		p.badge = n
		dom.Badge(n)
	}
}
