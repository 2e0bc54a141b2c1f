package list

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"mayfly/app/client"
	"mayfly/app/dom"
	"mayfly/app/words"
	"mayfly/shared/markup"
)

// Mentions returns the names from the list names that text mentions by an @ before the name. They are in the order of the
// text and spelled as in the text. An @ in code mentions nobody.
func Mentions(text string, names []string) []string {
	var found []string
	var visit func(nodes []markup.Node)
	visit = func(nodes []markup.Node) {
		for _, n := range nodes {
			switch n.Kind {
			case markup.Text:
				for rest := n.Text; rest != ""; {
					var name string
					if _, name, rest = nextMention(rest, names); name != "" {
						found = append(found, name[1:])
					}
				}
			case markup.Code, markup.CodeBlock:
			default:
				visit(n.Nodes)
			}
		}
	}
	visit(markup.Parse(text))
	return found
}

// nextMention cuts text around its first mention: an @ and the longest of names that comes directly after it. before is the
// text before the mention, and after is the text behind it. If text mentions nobody, before is the whole text. An @ inside a
// word is no mention, as in a mail address. A name is no mention either if a letter, a digit or another @ comes directly
// after the name, as in @ann@example.org.
func nextMention(text string, names []string) (before, mention, after string) {
	for at := 0; ; at++ {
		i := strings.IndexByte(text[at:], '@')
		if i < 0 {
			return text, "", ""
		}
		at += i
		if last, _ := utf8.DecodeLastRuneInString(text[:at]); inWord(last) {
			continue
		}
		if n := lengthOf(text[at+1:], names); n > 0 {
			end := at + 1 + n
			return text[:at], text[at:end], text[end:]
		}
	}
}

// lengthOf returns the length, in bytes, of the longest of names with which text begins, or 0 if text begins with none of
// them. Upper and lower case count as equal. A name does not count if a letter, a digit or an @ comes directly after it.
func lengthOf(text string, names []string) int {
	longest := 0
	for _, name := range names {
		n := len(name)
		if n <= longest || n > len(text) || !strings.EqualFold(text[:n], name) {
			continue
		}
		if next, _ := utf8.DecodeRuneInString(text[n:]); !inWord(next) && next != '@' {
			longest = n
		}
	}
	return longest
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// naming returns a copy of t that highlights the mentions in m when it draws the text of m. It leaves out users whose names
// are not known. marked are the names that the row of m highlights already. naming keeps these names: if a user was renamed,
// the text still contains the old name.
func (t templates) naming(m *client.Message, marked []string) templates {
	t.names, t.mine = slices.Clip(marked), false
	if m.Extras == nil {
		return t
	}
	for _, id := range m.Extras.Mentions {
		u := t.known(id)
		if id == t.me.ID {
			u, t.mine = t.me, true
		}
		if u.Name == "" {
			continue
		}
		for _, name := range words.Names(u) {
			if !slices.Contains(t.names, name) {
				t.names = append(t.names, name)
			}
		}
	}
	return t
}

// marks highlights the mentions in all rows. It runs at each draw of the list, because the name of a mentioned user may
// become known only after the message was drawn.
func (r *rows) marks() {
	for i := range r.messages {
		if m := &r.messages[i]; m.Extras != nil && len(m.Extras.Mentions) > 0 {
			r.templates.mark(r.at[m.Key], m)
		}
	}
}

// mark highlights the mentions in row r, which shows m, unless they are highlighted already.
func (t templates) mark(r *row, m *client.Message) {
	if t = t.naming(m, r.names); slices.Equal(t.names, r.names) {
		return
	}
	r.names = t.names
	into := r.text()
	shown := markup.Parse(m.Text)
	if into.Get("classList").Call("contains", "message-cut").Bool() {
		shown, _ = fold(m.Text)
	}
	r.keepFocus(into, func() { t.draw(into, shown) })
	r.stops(r.tabindex())
}

// marked splits text at its mentions and appends the pieces to the list all: an element for each mention, and a string for
// each piece of text between them.
func (t templates) marked(all []any, text string) []any {
	for text != "" {
		var before, mention string
		before, mention, text = nextMention(text, t.names)
		if before != "" {
			all = append(all, before)
		}
		if mention == "" {
			continue
		}
		class := "mention"
		if t.mine && words.IsNamed(t.me, mention[1:]) {
			class += " mention-me"
		}
		all = append(all, dom.Node("bdi", class, mention))
	}
	return all
}
