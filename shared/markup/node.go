// Package markup turns the text of a message into nodes: the safe part of Markdown, and links. It never makes HTML: the
// page draws each node as an element, and its text as text. The package is pure, and needs time linear in the length of
// the text, whatever the text is.
//
// No character is lost. Each byte of the text is in one leaf, in the order of the text: in what is shown (Text, Link) or
// in a delimiter (Mark). So a text of which nothing is understood is one Text, and the leaves put together are the
// source. To copy a message is to copy its source.
//
// Where a text could be meant otherwise, it stays as it is written: a name with low lines, a product of numbers, a face.
// The rules are those of CommonMark with these differences, which docs/messages.md explains to people:
//
//   - Bold, italic, struck text and code end in the line in which they begin, as in other chats. A quote and an item of
//     a list go on only in lines that are marked or indented, and a blank line ends them.
//   - No style begins or ends inside a word. Scripts that are written without spaces have no such rule, nor the rule of
//     CommonMark on punctuation beside a delimiter, which keeps most bold text in Japanese from being bold.
//   - A backslash before a delimiter makes it text and is shown itself, because a path and a shrug mean it: C:\*.* and
//     ¯\_(ツ)_/¯.
//   - Lines of code may begin and end within a line. Without an end the backticks stay as they are written, as in other
//     chats: three backticks in a sentence must not turn the rest of the message into code.
//   - There is no hidden target of a link, no HTML, no heading, no table and no image.
package markup

import (
	"slices"
	"strconv"
	"strings"
)

// Where one more node would exceed a limit, none is made: that part of the text stays as it is written.
const (
	// MaxDepth is the largest number of nodes that are nested. A list and its item count as one.
	MaxDepth = 5
	// MaxNodes is the largest number of nodes in a message that are neither leaves nor lists. Each costs the page an
	// element, as a link does.
	MaxNodes = 200
)

// A Kind says what a node is. Text, Mark and Link are leaves.
type Kind int

const (
	Text      Kind = iota // is shown as it is, with its line breaks
	Mark                  // a delimiter, which is not shown
	Link                  // an address, which is shown and to which the link leads
	Bold                  // within a line
	Italic                // within a line
	Strike                // within a line
	Code                  // within a line
	CodeBlock             // lines of code
	Quote                 // lines that are quoted
	Bullets               // a list; its nodes are of the kind Item
	Numbers               // a list with numbers; its nodes are of the kind Item
	Item                  // the first line of an item, and the indented lines below
)

// A Node is a part of a message. A line break belongs to the line that it ends: a node of whole lines ends with one,
// unless the message ends there, and a browser draws nothing for it at the end of an element. Code may hold any
// character, also those that turn the direction of what follows: draw it isolated.
type Node struct {
	Kind     Kind
	Text     string // of a leaf: its part of the source
	Host     string // of a Link: the host as it is written, without the port; in a mail address, the part after the @
	Language string // of a CodeBlock: the word after the first backticks, which is in a Mark, too; empty: there is none
	Number   int    // of an Item in Numbers: the number that is written
	Nodes    []Node // of all other kinds: what is inside, delimiters included
}

// Parse returns the nodes of the text of a message.
func Parse(text string) []Node {
	p := parser{text: text, ticks: pairTicks(text), links: finder{text: text}}
	return p.blocks(nil, linesOf(text), 0)
}

func (n Node) isLeaf() bool { return n.Kind == Text || n.Kind == Mark || n.Kind == Link }

func (n Node) isShown() bool { return n.Kind != Mark }

// Plain returns what is shown of nodes, in plain text: for a label, or to be read aloud.
func Plain(nodes []Node) string {
	var b strings.Builder
	writePlain(&b, nodes)
	return b.String()
}

func writePlain(b *strings.Builder, nodes []Node) {
	for _, n := range nodes {
		switch {
		case n.Kind == Mark:
			continue
		case n.Kind == Numbers:
			for _, item := range n.Nodes {
				b.WriteString(strconv.Itoa(item.Number) + ". ")
				writePlain(b, item.Nodes)
			}
		case n.isLeaf():
			b.WriteString(n.Text)
		default:
			writePlain(b, n.Nodes)
		}
	}
}

// Cut returns the nodes of the first n bytes of the source, for a page that shows the beginning of a message. It does
// not cut a link, because half of a link leads elsewhere: it ends before the link, or behind it if nothing else would be
// shown.
func Cut(nodes []Node, n int) []Node {
	c := cutter{left: n}
	return c.cut(nodes)
}

// A cutter copies nodes up to a place in the source.
type cutter struct {
	left  int  // the number of bytes of the source that are still to be copied
	shown bool // it has copied something that is shown
}

func (c *cutter) cut(nodes []Node) []Node {
	var kept []Node
	for _, n := range nodes {
		switch {
		case c.left <= 0:
			return kept
		case !n.isLeaf():
			n.Nodes = c.cut(n.Nodes)
			if !slices.ContainsFunc(n.Nodes, Node.isShown) {
				continue
			}
		case len(n.Text) > c.left && n.Kind == Link && c.shown:
			c.left = 0
			return kept
		case len(n.Text) > c.left && n.Kind != Link:
			n.Text = n.Text[:c.left]
			c.left = 0
		default:
			c.left -= len(n.Text)
		}
		c.shown = c.shown || n.isShown()
		kept = append(kept, n)
	}
	return kept
}
