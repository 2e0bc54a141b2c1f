package list

import (
	"cmp"
	"strings"
	"unicode"
	"unicode/utf8"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/dom"
	"mayfly/app/words"
	"mayfly/shared/markup"
)

// A message with thousands of line breaks would be dozens of screens high, and a line of text at its end could look like the
// message of another user. So the row of a very high message is folded: it shows the beginning of the text, and a button
// that shows the whole text. The row of a long message has a vertical line beside the text, from its first line to its last.

// These limits say when a message is long, and when it is folded. They count lines on a narrow phone, whose screen shows
// about 25 lines.
const (
	longLines = 20 // a message of more lines is long
	maxLines  = 50 // a message of more lines (two screens) is folded
	foldLines = 40 // how many lines of a folded message are shown
	lineWidth = 36 // how many small letters fit into a line
)

// width estimates the width of the character r, as a number of small letters: 1 or 2. Some characters are wider than width
// says, so a style also limits the height of a folded text.
func width(r rune) int {
	if r >= 0x1100 || unicode.IsUpper(r) {
		return 2
	}
	return 1
}

// lineEnd returns the index in text at which its first n lines end. If text has no more than n lines, it returns len(text).
// A line ends at a newline or, if it would be wider than lineWidth, at the last character that fits. Only the last of these
// lines ends after its last space, if it has a space.
func lineEnd(text string, n int) int {
	if len(text) < n { // a quick answer for most texts: fewer than n bytes can't be more than n lines
		return len(text)
	}
	line, used, space := 1, 0, 0
	for i, r := range text {
		if r == '\n' {
			if line++; line > n {
				return i
			}
			used, space = 0, 0
			continue
		}
		if used += width(r); used > lineWidth {
			if line++; line > n {
				return cmp.Or(space, clusterStart(text, i))
			}
			used, space = width(r), 0
		}
		if unicode.IsSpace(r) {
			space = i + utf8.RuneLen(r)
		}
	}
	return len(text)
}

// clusterStart returns the index at which a character (grapheme cluster) begins; text[index] is a part of that character.
// Combining marks, joiners and the skin tones of emoji belong to the character before them.
func clusterStart(text string, index int) int {
	for index > 0 {
		r, _ := utf8.DecodeRuneInString(text[index:])
		before, size := utf8.DecodeLastRuneInString(text[:index])
		if before != '\u200d' && r != '\u200d' && !unicode.Is(unicode.M, r) && !unicode.Is(unicode.Sk, r) {
			break
		}
		index -= size
	}
	return index
}

// long reports whether text has more than longLines lines. If so, a style draws a vertical line at its side.
func long(text string) bool { return lineEnd(text, longLines) < len(text) }

// fold returns the nodes of text to show. If text has more than maxLines lines, these are only the nodes of its beginning,
// and cut is true. fold does not cut within a link, because half of a link leads to another address.
func fold(text string) (shown []markup.Node, cut bool) {
	nodes := markup.Parse(text)
	if lineEnd(text, maxLines) == len(text) {
		return nodes, false
	}
	shown = markup.Cut(nodes, len(strings.TrimRightFunc(text[:lineEnd(text, foldLines)], unicode.IsSpace)))
	return shown, length(shown) < len(text)
}

// length returns the length, in bytes, of the text from which markup.Parse made these nodes.
func length(nodes []markup.Node) (bytes int) {
	for _, n := range nodes {
		bytes += len(n.Text) + length(n.Nodes)
	}
	return bytes
}

// fill writes the text of m into row r, folded if it is very high.
func (t templates) fill(r *row, m *client.Message) {
	t = t.naming(m, r.names)
	r.names = t.names
	into := r.text()
	shown, cut := fold(m.Text)
	t.draw(into, shown)
	if cut {
		into.Set("className", "message-text message-cut")
		all := button(doAll, "")
		label(all, words.Of(words.ShowAll), words.Text(m))
		dom.Set(all, "tabindex", "-1") // the Tab key stops at this button only while the actions of the row are open
		into.Call("after", all)
	}
}

// unfold writes the whole text into row r if it is folded. If the focus is on the button that unfolds the text, the focus
// moves to the row, because the button is removed.
func (t templates) unfold(r *row, m *client.Message) {
	into := r.text()
	all := into.Get("nextElementSibling")
	if !all.Truthy() || all.Call("getAttribute", doName).String() != doAll {
		return
	}
	if dom.Active().Equal(all) {
		dom.FocusInPlace(r.article)
	}
	all.Call("remove")
	into.Set("className", "message-text")
	t = t.naming(m, r.names)
	r.names = t.names
	t.draw(into, markup.Parse(m.Text))
	r.stops(r.tabindex())
}

// text returns the element that contains the text of the message.
func (r *row) text() goapp.Value {
	if r.quote != nil {
		return r.quote.element.Get("nextSibling")
	}
	return r.head.Get("nextSibling")
}

// unfold shows the whole text of the message with this key. The lines that were shown before do not move on the screen. If
// the end of the list is below the screen after that, the list stops following its newest message: it would otherwise scroll
// away from the text that the user reads.
func (v *viewport) unfold(key string) {
	i := indexOf(v.rows.messages, key)
	if i < 0 {
		return
	}
	v.rows.templates.unfold(v.rows.at[key], &v.rows.messages[i])
	if v.below(v.scrollTop()) > rounding {
		v.following = false
	}
}
