package app

import (
	"strconv"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/dom"
	"mayfly/app/list"
	"mayfly/app/words"
)

const suggestionsID = "message-suggestions"

// Suggestions are the list above the composer with completions for a stem. A stem is the beginning of a shortcode, such as
// ":smi", or of a user's name, such as "@ad". The list is a listbox: the focus stays in the field, and aria-activedescendant
// names the option that Enter accepts. The field stays a textbox, because HTML allows no other role for a <textarea>. go-app
// draws an empty list, and this file fills it. If go-app drew the options, it would draw the whole page at each key press.
type suggestions struct {
	*model
	list     []suggestion // the options in the list; empty: the list is closed
	at       int          // where the stem begins in the text of the field, in bytes
	size     int          // the length of the stem, its sign (: or @) included, in UTF-16 code units
	chosen   int          // the index in list of the option that Enter accepts
	declined int          // for a stem that begins here, in bytes, the list stays closed; -1: there is no such stem
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

// onDown runs when a mouse button or a finger goes down on the list. It keeps the focus in the field, because the list
// closes when the field loses the focus.
func (s *suggestions) onDown(ctx goapp.Context, e goapp.Event) {
	ctx.PreventUpdate()
	e.PreventDefault()
}

// onClick runs when the user clicks in the list. If the click is on an option, onClick accepts that option.
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

// onClose runs when the field loses the focus or the user clicks in the field. It closes the list, because the caret may no
// longer be at the end of the stem.
func (s *suggestions) onClose(ctx goapp.Context, _ goapp.Event) {
	ctx.PreventUpdate()
	s.close()
}

// onKey runs when a key goes down in the field while no input method is composing. It returns true if the key was for the
// list: then the caller must not handle the key. touch is true if the device's keyboard is on the screen. With such a
// keyboard, Enter begins a new line and accepts no option.
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

// follow runs when the user has changed the text in the field. It opens the list with completions for the stem before the
// caret. If there is no stem or no completion, it closes the list.
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
	for name, value := range map[string]string{"aria-autocomplete": "list", "aria-haspopup": "listbox",
		"aria-controls": suggestionsID} {
		dom.Set(input, name, value)
	}
	s.choose(0)
}

func optionID(i int) string { return suggestionsID + "-" + strconv.Itoa(i) }

// option returns a new element that shows the suggestion g. i is the index of g in the list.
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
	s.declined = s.at // otherwise the list would open again and offer longer names that begin with the inserted name
	s.close()
	replaceBeforeCaret(s.size, g.insert)
}

// address writes a mention at the caret of the composer, as if the user had picked g from the list.
func (s *suggestions) address(g suggestion) {
	focusComposer()
	input := composerField()
	end := input.Get("selectionEnd").Int()
	input.Call("setSelectionRange", end, end)
	before, _ := beforeCaret(input)
	text, at := g.insert, len(before)
	if last, _ := utf8.DecodeLastRuneInString(before); before != "" && !unicode.IsSpace(last) {
		text, at = " "+text, at+1 // a sign inside a word mentions nobody
	}
	s.picked = append(s.picked, g.user.ID)
	s.declined = at
	insertText(text)
}

// replaceBeforeCaret removes the given number of UTF-16 code units before the caret, and inserts text there.
func replaceBeforeCaret(units int, text string) {
	input := composerField()
	end := input.Get("selectionEnd").Int()
	input.Call("setSelectionRange", end-units, end)
	insertText(text)
}

// expand runs when the user has just written a colon. If the colon completes a shortcode, such as ":smile:", expand replaces
// the shortcode by its emoji.
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
	for _, name := range []string{"aria-autocomplete", "aria-haspopup", "aria-controls", "aria-activedescendant"} {
		input.Call("removeAttribute", name)
	}
}

// reset runs when the composer was emptied. It forgets everything that belonged to the old text.
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
