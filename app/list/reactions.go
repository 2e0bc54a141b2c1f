package list

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/dom"
	"mayfly/app/words"
)

// Below its text, a row shows the reactions to its message. Each emoji has a button, called a pill, with the emoji and the
// number of users who gave this reaction. The names of these users appear in the pill while it has the pointer or the focus.
// If the user has not given the reaction, pressing the pill gives it; otherwise pressing the pill takes the user's reaction
// away. A message without reactions has no element for them.

// emojiName is an attribute of each button that gives or takes away a reaction. Its value is the emoji of the reaction.
const emojiName = "data-emoji"

// reactTo returns a button that gives the reaction emoji, or takes it away.
func reactTo(emoji string) goapp.Value {
	b := button(doReact, emoji)
	dom.Set(b, emojiName, emoji)
	return b
}

// press makes b, the button of a reaction, look pressed if mine is true: the user has given that reaction.
func press(b goapp.Value, mine bool) {
	pressed := "false"
	if mine {
		pressed = "true"
	}
	dom.Set(b, "aria-pressed", pressed)
}

// reacted reports whether the user has given the reaction emoji to m.
func reacted(m *client.Message, emoji string) bool {
	if m.Extras == nil {
		return false
	}
	for i := range m.Extras.Reactions {
		if r := &m.Extras.Reactions[i]; r.Emoji == emoji {
			return r.Mine
		}
	}
	return false
}

// reactions draws the reactions to m into row r. A pill that is already there is updated, not replaced, so it keeps the
// focus. If the pill that has the focus is removed, the focus moves to the row.
func (t templates) reactions(r *row, m *client.Message) {
	r.pressActions(m)
	box := r.article.Call("querySelector", ".message-reactions")
	if m.Extras == nil || len(m.Extras.Reactions) == 0 {
		if box.Truthy() {
			r.drop(box)
		}
		return
	}
	if !box.Truthy() {
		box = dom.Node("div", "message-reactions")
		dom.Set(box, "role", "group")
		dom.Set(box, "aria-label", words.Of(words.ReactionsLabel))
		r.article.Call("appendChild", box)
	}
	t.pills(r, box, m)
}

// pressActions makes the buttons of the bar show which reactions the user has given.
func (r *row) pressActions(m *client.Message) {
	if r.bar == nil {
		return
	}
	buttons := r.bar.Call("querySelectorAll", "["+emojiName+"]")
	for i := range buttons.Length() {
		b := buttons.Index(i)
		press(b, reacted(m, b.Call("getAttribute", emojiName).String()))
	}
}

// pills makes box, the element of row r for the reactions to m, contain one pill for each emoji.
func (t templates) pills(r *row, box goapp.Value, m *client.Message) {
	had, order := map[string]goapp.Value{}, ""
	for b := box.Get("firstChild"); b.Truthy(); b = b.Get("nextSibling") {
		emoji := b.Call("getAttribute", emojiName).String()
		had[emoji], order = b, order+emoji+" "
	}
	var nodes []any
	next := ""
	for i := range m.Extras.Reactions {
		given := &m.Extras.Reactions[i]
		b, ok := had[given.Emoji]
		if !ok {
			b = reactTo(given.Emoji)
			b.Set("className", "button reaction")
			dom.Set(b, "tabindex", r.tabindex())
		}
		shown, by := words.Reaction(given.Emoji, len(given.By)), words.Givers(given.By, t.giver)
		b.Set("textContent", shown)
		dom.Set(b, "data-by", by)
		dom.Set(b, "aria-label", words.With(words.ReactionBy, shown, by))
		press(b, given.Mine)
		nodes, next = append(nodes, b), next+given.Emoji+" "
	}
	if next == order {
		return
	}
	r.keepFocus(box, func() { box.Call("replaceChildren", nodes...) })
}

// life adds a line below the text of the message next that says how long next lives. It does so only for a message that
// lives shorter than the other messages of its room. old is the message that row r showed before; if old lives shorter, too,
// the row has the line already.
func (t templates) life(r *row, old, next *client.Message) {
	if next.Extras == nil || next.Extras.Life == 0 || old.Extras != nil && old.Extras.Life != 0 {
		return
	}
	e := dom.Node("p", "message-life")
	e.Set("textContent", words.With(words.ShorterLife, words.Lifetime(next.Extras.Life)))
	r.article.Call("appendChild", e)
}

// giver returns what the user with that id is called, "You" for the user of this page, "" if the name is not known.
func (t templates) giver(id string) string {
	if id == t.me.ID {
		return words.Of(words.You)
	}
	return words.Called(t.known(id))
}
