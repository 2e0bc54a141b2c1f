package list

import (
	"strings"
	"unicode"
	"unicode/utf8"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/dom"
	"mayfly/app/words"
	"mayfly/shared/markup"
)

// A message of thousands of line breaks would be dozens of screens high, and a line at its end could look like the
// message of another user. So the row of a very high message shows the beginning of the text, and a button that shows all
// of it. A line beside the text of a long message shows how far the message reaches.

// These numbers count lines on a narrow phone, whose screen has about 25 of them.
const (
	longLines = 20 // a message of more lines is long
	maxLines  = 50 // a message of more lines is folded: two screens
	foldLines = 40 // the lines of a folded message that are shown
	lineWidth = 36 // how many small letters fit into a line
)

// width returns about how many small letters are as wide as r. Some characters are wider than that, so a style limits the
// height of a folded text, too.
func width(r rune) int {
	if r >= 0x1100 || unicode.IsUpper(r) {
		return 2
	}
	return 1
}

// lineEnd returns the index in text at which its first n lines end. If text has no more than n lines, it returns
// len(text). A line ends before a newline, or before it becomes wider than lineWidth: then at the last space that fits into
// it or, without a space, at the last character that does.
func lineEnd(text string, n int) int {
	if len(text) < n { // true for most texts
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
				return max(space, clusterStart(text, i))
			}
			used, space = width(r), 0
		}
		if unicode.IsSpace(r) {
			space = i + utf8.RuneLen(r)
		}
	}
	return len(text)
}

// clusterStart returns the index at which the character begins to which text[index] belongs. Marks, joiners and the tones
// of an emoji belong to the letter before them.
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

// long reports whether text is so high that the row shows a line beside it.
func long(text string) bool { return lineEnd(text, longLines) < len(text) }

// fold returns the nodes of text, and whether they are only its beginning, because text is too high to be shown at once.
// It does not cut a link, because half of a link leads elsewhere.
func fold(text string) (shown []markup.Node, cut bool) {
	nodes := markup.Parse(text)
	if lineEnd(text, maxLines) == len(text) {
		return nodes, false
	}
	shown = markup.Cut(nodes, len(strings.TrimRightFunc(text[:lineEnd(text, foldLines)], unicode.IsSpace)))
	return shown, length(shown) < len(text)
}

// length returns the number of bytes of the source that nodes were made of.
func length(nodes []markup.Node) (bytes int) {
	for _, n := range nodes {
		bytes += len(n.Text) + length(n.Nodes)
	}
	return bytes
}

// fill writes the text of m into row r, folded if it is very high.
func (t templates) fill(r *row, m *client.Message) {
	t = t.naming(m)
	r.names = t.names
	into := r.text()
	shown, cut := fold(m.Text)
	t.draw(into, shown)
	if cut {
		into.Set("className", "message-text message-cut")
		all := button(doAll, "")
		label(all, words.Of(words.ShowAll), words.Text(m))
		dom.Set(all, "tabindex", "-1") // the Tab key does not stop at it, as at links
		into.Call("after", all)
	}
}

// unfold writes the whole text into row r if it is folded. If the focus is on the button that unfolds the text, it moves
// to the row.
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
	t = t.naming(m)
	r.names = t.names
	t.draw(into, markup.Parse(m.Text))
	r.stops(r.tabindex())
}

// text returns the element that holds the text of the message.
func (r *row) text() goapp.Value {
	if r.quote != nil {
		return r.quote.element.Get("nextSibling")
	}
	return r.head.Get("nextSibling")
}

// unfold shows the whole text of the message with this key. The place where the text was cut stays where it is on the
// screen. So the viewport no longer follows its newest message, unless the whole text is in sight.
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
