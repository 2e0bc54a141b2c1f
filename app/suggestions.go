package app

import (
	"strconv"
	"unicode/utf16"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/dom"
	"mayfly/app/list"
	"mayfly/app/words"
)

const suggestionsID = "message-suggestions"

// Suggestions are the list above the composer from which the user completes a shortcode or a name. It is the listbox of a
// combobox: the focus stays in the field, and aria-activedescendant names the option that Enter accepts. The field is a
// combobox only while the list is open. go-app draws the list empty; this file fills it, so that typing draws nothing else.
type suggestions struct {
	*model
	list     []suggestion // what is offered; empty: the list is closed
	at       int          // the byte of the text at which the stem begins
	size     int          // the UTF-16 units of the stem
	chosen   int          // the index of the option that Enter accepts
	declined int          // the byte at which a stem begins that the user does not want to complete; -1: none
	picked   []string     // the ids of the users whose names the user has picked from the list for this message
}

// render draws the empty list.
func (s *suggestions) render() goapp.UI {
	box := elem("div", "suggestions")
	attributes(box, "id", suggestionsID, "role", "listbox", "aria-label", words.Of(words.Suggestions))
	if s.client == nil {
		return box
	}
	on(box, "mousedown", s.onDown)
	return on(box, "click", s.onClick)
}

// onDown runs when the user begins to press the list. The focus must stay in the field.
func (s *suggestions) onDown(ctx goapp.Context, e goapp.Event) {
	ctx.PreventUpdate()
	e.PreventDefault()
}

// onClick runs when the user clicks in the list, perhaps on an option.
func (s *suggestions) onClick(ctx goapp.Context, e goapp.Event) {
	ctx.PreventUpdate()
	option := e.Get("target").Call("closest", "[role=option]")
	for i := range s.list {
		if option.Truthy() && option.Equal(dom.ByID(optionID(i))) {
			s.accept(i)
			return
		}
	}
}

// onClose runs when the caret leaves the stem: the field loses the focus, or the user clicks in it.
func (s *suggestions) onClose(ctx goapp.Context, _ goapp.Event) {
	ctx.PreventUpdate()
	s.close()
}

// onKey runs when a key goes down in the field, and no input method composes. It reports whether the key was for the list.
// touch says that the keyboard is on the screen: then Enter begins a new line.
func (s *suggestions) onKey(p press, touch bool) bool {
	if len(s.list) == 0 || p.shift || p.command {
		return false
	}
	switch p.key {
	case "ArrowDown":
		s.choose((s.chosen + 1) % len(s.list))
	case "ArrowUp":
		s.choose((s.chosen + len(s.list) - 1) % len(s.list))
	case "Escape":
		s.declined = s.at
		s.close()
	case "Enter", "Tab":
		if touch && p.key == "Enter" {
			return false
		}
		s.accept(s.chosen)
	case "ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown":
		s.close()
		return false
	default:
		return false
	}
	return true
}

// beforeCaret returns the text of the field up to the caret; ok is false if the user has selected a part of the text.
func beforeCaret(input goapp.Value) (text string, ok bool) {
	start := input.Get("selectionStart").Int()
	if start != input.Get("selectionEnd").Int() {
		return "", false
	}
	text = input.Get("value").String()
	if start == input.Get("textLength").Int() { // the usual case: the caret is at the end
		return text, true
	}
	units := utf16.Encode([]rune(text))
	return string(utf16.Decode(units[:min(start, len(units))])), true
}

// follow runs when the user has changed the text. It opens, changes or closes the list.
func (s *suggestions) follow() {
	input := composerField()
	text, ok := beforeCaret(input)
	stem := stemOf(text)
	if !ok || stem.sign == 0 {
		s.declined = -1
		s.close()
		return
	}
	s.at, s.size = len(text)-len(stem.text)-1, len(utf16.Encode([]rune(stem.text)))+1
	if s.at == s.declined {
		s.close()
		return
	}
	s.declined = -1
	s.list = suggest(stem, s.view.Users, s.view.Me.ID)
	if len(s.list) == 0 {
		s.close()
		return
	}
	var options []any
	for i := range s.list {
		options = append(options, s.list[i].option(i))
	}
	dom.ByID(suggestionsID).Call("replaceChildren", options...)
	for name, value := range map[string]string{"role": "combobox", "aria-autocomplete": "list", "aria-expanded": "true",
		"aria-haspopup": "listbox", "aria-controls": suggestionsID} {
		dom.Set(input, name, value)
	}
	s.choose(0)
}

func optionID(i int) string { return suggestionsID + "-" + strconv.Itoa(i) }

// option returns the element of a suggestion.
func (g *suggestion) option(i int) goapp.Value {
	face := dom.Node("span", "suggestion-emoji", g.emoji)
	if g.emoji == "" {
		class := list.FaceClass(g.user)
		if g.user.Anonymous {
			class += " face-guest"
		}
		face = dom.Node("span", class, list.Initials(g.user))
	}
	dom.Set(face, "aria-hidden", "true")
	e := dom.Node("div", "suggestion", face, dom.Node("bdi", "person-name", g.name), dom.Node("span", "person-note", g.note))
	dom.Set(e, "id", optionID(i))
	dom.Set(e, "role", "option")
	return e
}

// choose makes the option with this index the one that Enter accepts.
func (s *suggestions) choose(i int) {
	s.chosen = i
	for i := range s.list {
		dom.Set(dom.ByID(optionID(i)), "aria-selected", strconv.FormatBool(i == s.chosen))
	}
	dom.ByID(optionID(i)).Call("scrollIntoView", map[string]any{"block": "nearest"})
	dom.Set(composerField(), "aria-activedescendant", optionID(i))
}

// accept replaces the stem by the suggestion with this index.
func (s *suggestions) accept(i int) {
	g := s.list[i]
	if g.emoji == "" {
		s.picked = append(s.picked, g.user.ID)
	}
	s.declined = s.at // otherwise the list would open again, for longer names that begin with this one
	s.close()
	replaceBeforeCaret(s.size, g.insert)
}

// replaceBeforeCaret removes the given number of UTF-16 code units before the caret, and inserts text there.
func replaceBeforeCaret(units int, text string) {
	input := composerField()
	end := input.Get("selectionEnd").Int()
	input.Call("setSelectionRange", end-units, end)
	insertText(text)
}

// expand runs when the user has just written a colon. If that completes a shortcode, expand replaces the shortcode by its
// emoji.
func (s *suggestions) expand() {
	if text, ok := beforeCaret(composerField()); ok {
		if emoji, size := emojiOf(text); emoji != "" {
			replaceBeforeCaret(size, emoji)
		}
	}
}

// close closes the list.
func (s *suggestions) close() {
	if len(s.list) == 0 {
		return
	}
	s.list, s.chosen = nil, 0
	if box := dom.ByID(suggestionsID); box.Truthy() {
		box.Call("replaceChildren")
	}
	input := composerField()
	if !input.Truthy() {
		return
	}
	for _, name := range []string{"role", "aria-autocomplete", "aria-expanded", "aria-haspopup", "aria-controls",
		"aria-activedescendant"} {
		input.Call("removeAttribute", name)
	}
}

// reset runs when the composer was emptied, for the next text.
func (s *suggestions) reset() {
	s.close()
	s.declined, s.picked = -1, nil
}

// mentions returns the ids of the users whom text addresses.
func (s *suggestions) mentions(text string) []string {
	var names []string
	for i := range s.view.Users {
		names = append(names, words.Names(s.view.Users[i])...)
	}
	return addressed(list.Mentions(text, names), s.view.Users, s.picked)
}
