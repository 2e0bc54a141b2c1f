package list

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/dom"
	"mayfly/app/words"
	"mayfly/shared/wire"
)

// A row shows the actions of its message in a bar: a toolbar over the upper edge of the row. When the bar appears, nothing
// else moves. The bar is an element inside the row's article. So it scrolls with the row, and the Tab key leads from the bar
// to the row's links. Each time a bar appears, it is a new element. A single bar that moves from row to row would hardly be
// cheaper, because its buttons would need new names for each row. And its Copy button could still say "Copied" for another
// row.

// barOf returns a new bar for m, with a button for each action: a reaction, a reply, copying the text and, if m is the
// user's own, taking m back. A moderator can also take back the messages of others, and mute or ban their authors, except
// other moderators. If the server takes no reactions, or has not accepted m yet, the bar has only the button that copies.
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
	moderates := t.me.Role == wire.RoleModerator
	if acts && (m.Mine || moderates) {
		add(others, button(doTakeBack, ""), words.Of(words.TakeBack))
	}
	if acts && !m.Mine && moderates && m.User.Role != wire.RoleModerator {
		add(others, button(doModerate, ""), words.Of(words.MuteOrBan))
	}
	if m.Seq != 0 {
		others.Get("nextSibling").Set("textContent", t.clock.SentAndVanishes(m))
	}
	return bar
}

// barName is an attribute of the article of each row that has a bar. The other constants are the values of that attribute;
// the style sheet uses them.
const (
	barName   = "data-bar"
	barNear   = "near"   // a style shows the bar while the row has the pointer or the focus
	barOpen   = "open"   // the user has opened the bar
	barSelect = "select" // the bar is open, and a finger may select the text
)

// showBar gives row r a bar, unless r has a bar already. A message that has failed gets no bar: its row always shows other
// buttons, which send or discard the message.
func (r *row) showBar(t templates, m *client.Message) {
	if r.bar != nil || m.State == client.Failed {
		return
	}
	r.bar = t.barOf(m)
	r.mark(barNear)
	r.chunk.countBars(1)
	r.head.Call("before", r.bar)
}

// hideBar removes the bar from row r, if r has one. If the focus was in the bar, the row gets the focus.
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

// open opens the actions of message m, which row r shows. They stay open until the method close is called. While they are
// open, the row's bar stays in sight, and the Tab key stops not only at the row, but also at its bar, and at the links and
// buttons of the message, such as its quote and its reactions.
func (r *row) open(t templates, m *client.Message) {
	r.showBar(t, m)
	dom.Set(r.more, "aria-expanded", "true")
	r.stops(r.tabindex())
	if r.bar != nil {
		r.mark(barOpen)
		r.stopInBar(r.bar.Call("querySelector", "button"))
	}
}

// reopen opens the actions of m again, because in its new state m may have other actions. A focus in the bar stays on the
// button that does the same.
func (r *row) reopen(t templates, m *client.Message) {
	held, inside := dom.Active(), false
	if r.bar != nil {
		inside = r.bar.Call("contains", held).Bool()
	}
	r.hideBar()
	r.open(t, m)
	if !inside {
		return
	}
	same := "button[" + doName + "='" + held.Call("getAttribute", doName).String() + "']"
	if b := r.article.Call("querySelector", same); b.Truthy() {
		dom.FocusInPlace(b)
		if r.bar != nil {
			r.stopInBar(b)
		}
	}
}

// close closes the actions. The bar stays an element of the row until hideBar removes it, but the style sheet shows it only
// while the row has the pointer or the focus.
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

// stopInBar makes the Tab key stop at button, and at no other button of the bar (roving tabindex). close passes null: then
// the Tab key stops at no button of the bar.
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

// keepFocus runs change, which changes or removes e, an element of the row. If the focus was inside e, keepFocus afterwards
// gives it back to the same element or, if change has removed that element, to the row.
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

// Copying runs when the user has pressed target: a button that copies the message with this key, or a block of code in that
// message. text is what the caller must copy: the code, or the message in Markdown as the author wrote it. After trying, the
// caller calls show, and says whether the copying worked. show writes "Copied" or "Not copied" into the button, and returns
// these words for a screen reader. If the message is gone, text is "" and show is nil.
func (l *List) Copying(key string, target goapp.Value) (text string, show func(copied bool) (said string)) {
	i := indexOf(l.rows.messages, key)
	if i < 0 {
		return "", nil
	}
	m := &l.rows.messages[i]
	pressed, name, about := target.Call("closest", "["+doName+"]"), words.CopyText, words.Text(m)
	text = m.Text
	if m.State == client.Failed {
		name = words.Copy
	}
	if pressed.Call("getAttribute", doName).String() == doCode {
		name, text = words.CopyCode, codeBeside(pressed)
		about = text
	}
	label(pressed, words.Of(name), about)
	return text, func(copied bool) string {
		said := words.Of(words.NotCopied)
		if copied {
			said = words.Of(words.Copied)
		}
		label(pressed, said, about)
		return said
	}
}
