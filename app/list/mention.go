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

// Mentions returns which of names stand behind an @ in text, in the order and the spelling of the text. It ignores code.
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

// nextMention cuts text around the first mention of one of names: an @ and the longest name that follows. An @ within a
// word, as in a mail address, mentions nobody, and neither does a name that goes on with letters or digits. Without a
// mention, before is the whole text.
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

// lengthOf returns the length, in bytes, of the longest of names that text begins with, in upper or lower case. It returns 0
// if text begins with none of them, or only as a part of a longer word.
func lengthOf(text string, names []string) int {
	longest := 0
	for _, name := range names {
		n := len(name)
		if n <= longest || n > len(text) || !strings.EqualFold(text[:n], name) {
			continue
		}
		if next, _ := utf8.DecodeRuneInString(text[n:]); !inWord(next) {
			longest = n
		}
	}
	return longest
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// naming returns a copy of t that marks the mentions of m when it draws the text. A mention of a user whose name is not
// known gets no mark.
func (t templates) naming(m *client.Message) templates {
	t.names, t.mine = nil, false
	if m.Extras == nil {
		return t
	}
	for _, id := range m.Extras.Mentions {
		u := t.known(id)
		if id == t.me.ID {
			u, t.mine = t.me, true
		}
		if u.Name != "" {
			t.names = append(t.names, words.Names(u)...)
		}
	}
	return t
}

// marks marks the mentions in the rows. The name of a user may become known only after the message is drawn, so marks looks
// at all rows that have mentions.
func (r *rows) marks() {
	for i := range r.messages {
		if m := &r.messages[i]; m.Extras != nil && len(m.Extras.Mentions) > 0 {
			r.templates.mark(r.at[m.Key], m)
		}
	}
}

// mark marks the mentions in row r, which shows m, unless they are marked already.
func (t templates) mark(r *row, m *client.Message) {
	if t = t.naming(m); slices.Equal(t.names, r.names) {
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

// marked appends text to all, in pieces: a mention becomes an element, and the text between mentions stays text.
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
