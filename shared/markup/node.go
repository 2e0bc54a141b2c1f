// Package markup turns the text of a message into nodes: the safe part of Markdown, and links. It never makes HTML: the
// page draws each node as an element, and its text as text. The package is pure, and needs time linear in the length of
// the text, whatever the text is.
//
// No character is lost. Each byte of the text is in one leaf, in the order of the text: in a leaf that is shown (Text,
// Link) or in a delimiter (Mark). So the leaves put together are the source, and a text without Markdown and links is one
// Text. A user who copies a message copies its source.
//
// A text that is probably not meant as Markdown stays as it is written: snake_case_names, 2*3*4, the face ^_^. The rules
// are those of CommonMark with these differences, which docs/messages.md explains to users:
//
//   - Bold, italic, struck text and code end in the line in which they begin, as in other chats. A quote and an item of
//     a list go on only in lines that are marked or indented, and a blank line ends them.
//   - No style begins or ends inside a word, except in scripts that are written without spaces. CommonMark's rule about
//     punctuation beside a delimiter does not apply to these scripts either: with that rule, many delimiters in Japanese
//     text would be shown instead of making the text bold.
//   - A backslash before a delimiter makes the delimiter text. The backslash is shown, too, because it belongs to paths
//     and to faces: C:\*.* and ¯\_(ツ)_/¯.
//   - A block of code may begin and end in the middle of a line. If the backticks that end the block are missing, the
//     first backticks are text: three backticks in a sentence must not turn the rest of the message into code.
//   - There are no links with another text than their address, no HTML, no headings, no tables and no images.
package markup

import (
	"slices"
	"strconv"
	"strings"
)

// The limits of one message. If a further node would exceed a limit, its part of the text stays text, as the user wrote it.
const (
	// MaxDepth is how many nodes may be nested in each other. A list and its item count as one.
	MaxDepth = 5
	// MaxNodes is the largest number of nodes in a message, without leaves and lists. The page must make an element for
	// each of these nodes.
	MaxNodes = 200
)

// A Kind says what a node is. Text, Mark and Link are leaves.
type Kind int

const (
	Text      Kind = iota // is shown as it is, with its line breaks
	Mark                  // a delimiter, which is not shown
	Link                  // an address: the page shows it, and the link leads to it
	Bold                  // bold text within a line
	Italic                // italic text within a line
	Strike                // struck text within a line
	Code                  // code within a line
	CodeBlock             // lines of code
	Quote                 // lines that are quoted
	Bullets               // a list with - or * before each item; its nodes are of the kind Item
	Numbers               // a list with a number before each item; its nodes are of the kind Item
	Item                  // an item of a list: its first line, and the indented lines below it
)

// A Node is a part of a message. A line break belongs to the line before it. So a node of whole lines ends with a line
// break, unless the message ends there; a browser draws nothing for a line break at the end of an element. Draw code in
// an element that isolates its text direction, as bdi does in HTML: otherwise characters in the code that set a
// direction could reverse the text behind the code.
type Node struct {
	Kind     Kind
	Text     string // of a leaf: its part of the source
	Host     string // of a Link: the host as it is written, without the port; in a mail address, the part after the @
	Language string // of a CodeBlock: the word after the first backticks, such as go; its first Mark has it, too; "": none
	Number   int    // of an Item in Numbers: the number that the user wrote before it
	Nodes    []Node // of a node that is no leaf: the nodes inside it, delimiters included
}

// Parse returns the nodes of the text of a message.
func Parse(text string) []Node {
	p := parser{text: text, ticks: pairTicks(text), links: finder{text: text}}
	return p.blocks(nil, linesOf(text), 0)
}

func (n Node) isLeaf() bool { return n.Kind == Text || n.Kind == Mark || n.Kind == Link }

func (n Node) isShown() bool { return n.Kind != Mark }

// Plain returns nodes as plain text, for a label or to be read aloud: without delimiters, but with the numbers of lists.
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

// Cut returns the nodes of the first n bytes of the source, for a page that shows only the beginning of a message. The
// first n bytes must be whole characters. Cut never cuts a link in two, because half of an address leads elsewhere. If
// byte n is inside a link, the result ends before that link. But if nothing is shown before the link, the result
// contains the whole link and ends behind it.
func Cut(nodes []Node, n int) []Node {
	c := cutter{left: n}
	return c.cut(nodes)
}

// A cutter copies nodes up to a place in the source.
type cutter struct {
	left  int  // the number of bytes of the source that are still to be copied
	shown bool // whether a node that is shown has been copied
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
