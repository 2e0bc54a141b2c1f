package list

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/dom"
	"mayfly/app/words"
)

// A row shows the actions in a bar, a toolbar that lies over the row's upper edge and moves nothing. Inside the article it
// scrolls with the row, and the Tab key leads from it to the row's links. A row gets a new bar each time it shows one. A bar
// that moved from row to row would need nearly as many calls into the browser, to name its buttons for the new row, and its
// Copy button could still say "Copied" from the row before.

// barOf returns the bar with what the user can do with m: react, reply, copy the text, and take back a message of the user's
// own. If the server does not let the user act on m, or has not accepted m yet, the bar has only the button that copies.
func (t templates) barOf(m *client.Message) goapp.Value {
	bar := t.bar.Call("cloneNode", true)
	reactions := bar.Get("firstChild")
	others := reactions.Get("nextSibling")
	text := words.Text(m)
	add := func(to, b goapp.Value, name string) {
		label(b, name, text)
		dom.Set(b, "tabindex", "-1")
		to.Call("appendChild", b)
	}
	acts := m.Seq != 0 && len(t.emoji) > 0
	if acts {
		for _, emoji := range t.emoji {
			b := reactTo(emoji)
			press(b, reacted(m, emoji))
			add(reactions, b, emoji)
		}
		add(others, button(doReply, ""), words.Of(words.Reply))
	}
	add(others, button(doCopy, ""), words.Of(words.CopyText))
	if acts && m.Mine {
		add(others, button(doTakeBack, ""), words.Of(words.TakeBack))
	}
	if m.Seq != 0 {
		others.Get("nextSibling").Set("textContent", t.clock.SentAndVanishes(m))
	}
	return bar
}

// The values of the attribute barName of an article that has its bar.
const (
	barName   = "data-bar"
	barNear   = "near"   // a style shows the bar while the row has the pointer or the focus
	barOpen   = "open"   // the user has opened the bar
	barSelect = "select" // the bar is open, and a finger may select the text
)

// showBar gives row r its bar, unless r has one already. A message that has failed gets no bar, because its row always shows
// its buttons.
func (r *row) showBar(t templates, m *client.Message) {
	if r.bar != nil || m.State == client.Failed {
		return
	}
	r.bar = t.barOf(m)
	r.mark(barNear)
	r.chunk.countBars(1)
	r.head.Call("before", r.bar)
}

// hideBar removes the bar. If the focus was in the bar, it moves to the row.
func (r *row) hideBar() {
	if r.bar == nil {
		return
	}
	r.drop(r.bar)
	r.bar = nil
	r.article.Call("removeAttribute", barName)
	r.chunk.countBars(-1)
}

func (r *row) mark(bar string) { dom.Set(r.article, barName, bar) }

// open opens the actions of message m. Until close, the bar stays, and the Tab key also stops at the bar and at the row's
// links, quote and reactions.
func (r *row) open(t templates, m *client.Message) {
	r.showBar(t, m)
	dom.Set(r.more, "aria-expanded", "true")
	r.stops(r.tabindex())
	if r.bar != nil {
		r.mark(barOpen)
		r.stopInBar(r.bar.Call("querySelector", "button"))
	}
}

// close closes the actions. Until hideBar removes the bar, a style shows it only while the row has the pointer or the focus.
func (r *row) close() {
	dom.Set(r.more, "aria-expanded", "false")
	r.stops(r.tabindex())
	if r.bar != nil {
		r.mark(barNear)
		r.stopInBar(goapp.Null())
	}
}

// opened reports whether the actions of the message are open.
func (r *row) opened() bool { return r.more.Call("getAttribute", "aria-expanded").String() == "true" }

// stopInBar makes the Tab key stop at this button of the bar, and at no other button of the bar (roving tabindex). If button
// is null, the Tab key stops at none of them.
func (r *row) stopInBar(button goapp.Value) {
	if was := r.bar.Call("querySelector", "[tabindex='0']"); was.Truthy() {
		dom.Set(was, "tabindex", "-1")
	}
	if button.Truthy() {
		dom.Set(button, "tabindex", "0")
	}
}

// tabindex returns the tabindex for the row's links, quote and reactions. The Tab key stops at them only while the actions
// of the row are open.
func (r *row) tabindex() string {
	if r.opened() {
		return "0"
	}
	return "-1"
}

func (r *row) stops(tabindex string) {
	const at = "a, [data-do=" + doAll + "], [data-do=" + doCode + "], .reaction, button.message-quote"
	found := r.article.Call("querySelectorAll", at)
	for i := range found.Length() {
		dom.Set(found.Index(i), "tabindex", tabindex)
	}
}

// drop removes e, an element of the row.
func (r *row) drop(e goapp.Value) { r.keepFocus(e, func() { e.Call("remove") }) }

// keepFocus runs change, which changes e, an element of the row. If the focus was in e, it stays on its element or, if
// change has removed that element, moves to the row.
func (r *row) keepFocus(e goapp.Value, change func()) {
	held := dom.Active()
	inside := e.Call("contains", held).Bool()
	change()
	switch {
	case !inside || dom.Active().Equal(held):
	case held.Get("isConnected").Bool():
		dom.FocusInPlace(held)
	default:
		dom.FocusInPlace(r.article)
	}
}
