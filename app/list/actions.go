package list

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/dom"
	"mayfly/app/words"
)

// actionsOf returns the bar with what the user can do with m: react, reply, copy the text, and take back a message of the
// user's own. Without the server's leave to act, the bar has only the button that copies.
func (t templates) actionsOf(m *client.Message, when string) goapp.Value {
	bar := t.actions.Call("cloneNode", true)
	bar.Get("firstChild").Set("textContent", when)
	add := func(do string, k words.Key) {
		b := button(do, "")
		label(b, words.Of(k), words.Text(m))
		bar.Call("appendChild", b)
	}
	acts := m.Seq != 0 && len(t.emoji) > 0
	if acts {
		for _, emoji := range t.emoji {
			b := reactTo(emoji)
			label(b, emoji, words.Text(m))
			press(b, reacted(m, emoji))
			bar.Call("appendChild", b)
		}
		add(doReply, words.Reply)
	}
	add(doCopy, words.CopyText)
	if acts && m.Mine {
		add(doTakeBack, words.TakeBack)
	}
	return bar
}

// open shows the actions of message m, and lets the Tab key stop at its links, its quote and its reactions.
func (r *row) open(t templates, m *client.Message) {
	dom.Set(r.left, "aria-expanded", "true")
	r.stops(r.tabindex())
	if !r.article.Call("querySelector", ".message-state button").Truthy() { // a failed message always shows its actions
		r.article.Call("appendChild", t.actionsOf(m, r.left.Call("getAttribute", "data-when").String()))
	}
}

func (r *row) close() {
	if actions := r.article.Call("querySelector", ".message-actions"); actions.Truthy() {
		actions.Call("remove")
	}
	dom.Set(r.left, "aria-expanded", "false")
	r.stops(r.tabindex())
}

// opened reports whether the actions of the message are shown.
func (r *row) opened() bool { return r.left.Call("getAttribute", "aria-expanded").String() == "true" }

// tabindex returns the tabindex of what the Tab key stops at only while the actions are shown.
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

// addBelow adds e below the text, above the actions.
func (r *row) addBelow(e goapp.Value) {
	if actions := r.article.Call("querySelector", ".message-actions"); actions.Truthy() {
		actions.Call("before", e)
		return
	}
	r.article.Call("appendChild", e)
}

// drop removes e, an element of the row.
func (r *row) drop(e goapp.Value) { r.keepFocus(e, func() { e.Call("remove") }) }

// keepFocus runs change, which changes e, an element of the row. If the focus was in e, it stays on the same element or, if
// that is gone, moves to the row.
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
