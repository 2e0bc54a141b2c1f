package markup

import (
	"strconv"
	"strings"
)

// A parser makes the nodes of one text.
type parser struct {
	text  string
	ticks map[int]int // maps the index of each run of backticks to the index of the next run of the same length
	links finder

	nodes  int // the number of nodes so far, without the leaves and lists, which MaxNodes does not count
	linked int // the number of links so far
}

// A line is the part text[start:end] of the text, with the line break at its end. At first the field from is equal to
// start. If the line belongs to a quote or a list, the methods quote and list increase this field to the index behind
// the delimiters at the beginning of the line, such as "> ". Then text[start:from] are these delimiters, which are
// added to a node later, and text[from:end] is the rest of the line.
type line struct{ start, from, end int }

func linesOf(text string) []line {
	lines := make([]line, 0, strings.Count(text, "\n")+1)
	at := 0
	for l := range strings.Lines(text) {
		lines = append(lines, line{at, at, at + len(l)})
		at += len(l)
	}
	return lines
}

// rest returns the line from l.from on: without what the methods quote, list and itemLines have removed.
func (p *parser) rest(l line) string { return p.text[l.from:l.end] }

// leaf appends a leaf with text[start:end] to nodes. But if the last node in nodes has the same kind, leaf extends the
// text of that node instead.
func (p *parser) leaf(nodes []Node, kind Kind, start, end int) []Node {
	if start == end {
		return nodes
	}
	if last := len(nodes) - 1; last >= 0 && nodes[last].Kind == kind {
		nodes[last].Text = p.text[start-len(nodes[last].Text) : end]
		return nodes
	}
	return append(nodes, Node{Kind: kind, Text: p.text[start:end]})
}

// allows reports whether MaxDepth and MaxNodes allow one more node that is no leaf. depth is the number of nodes around it.
func (p *parser) allows(depth int) bool { return depth < MaxDepth && p.nodes < MaxNodes }

// admit reports whether the limits allow one more node that is no leaf. If they do, it counts that node in p.nodes.
func (p *parser) admit(depth int) bool {
	if !p.allows(depth) {
		return false
	}
	p.nodes++
	return true
}

// blocks makes the nodes of lines and appends them to nodes. depth is the number of nodes that contain these nodes.
func (p *parser) blocks(nodes []Node, lines []line, depth int) []Node {
	for len(lines) > 0 {
		var n int
		var block Node
		if p.beginsQuote(lines[0]) && p.admit(depth) {
			block, n = p.quote(lines, depth)
		} else {
			block, n = p.list(lines, depth)
		}
		if n > 0 {
			nodes = append(nodes, block)
		} else {
			nodes, n = p.paragraph(nodes, lines, depth)
		}
		lines = lines[n:]
	}
	return nodes
}

// beginsQuote reports whether the line l begins a quote. Such a line has one or more >, then a space, then a text. So the
// face >_< is no quote.
func (p *parser) beginsQuote(l line) bool {
	rest := p.rest(l)
	inner := strings.TrimLeft(rest, ">")
	return len(inner) < len(rest) && strings.HasPrefix(inner, " ") && !onlyArrows(inner)
}

// inQuote reports whether the line l continues a quote: it could begin a quote, or it has only > and spaces.
func (p *parser) inQuote(l line) bool {
	return p.beginsQuote(l) || strings.HasPrefix(p.rest(l), ">") && onlyArrows(p.rest(l))
}

func onlyArrows(text string) bool { return isBlank(strings.TrimLeft(text, "> ")) }

func isBlank(text string) bool { return strings.TrimSpace(text) == "" }

// quote returns the quote at the beginning of lines, and the number of its lines.
func (p *parser) quote(lines []line, depth int) (quote Node, n int) {
	for n < len(lines) && p.inQuote(lines[n]) {
		l := &lines[n]
		l.from++
		if strings.HasPrefix(p.rest(*l), " ") {
			l.from++
		}
		n++
	}
	return Node{Kind: Quote, Nodes: p.blocks(nil, lines[:n], depth+1)}, n
}

// nested is a number of columns. A line belongs to the item above it if it is indented at least this much more than the
// item.
const nested = 2

// maxDigits is the largest number of digits in the number of an item. So a year at the beginning of a line begins no list.
const maxDigits = 3

// A marker is the sign or the number with which an item of a list begins, such as "- " or "1. ".
type marker struct {
	kind   Kind // Bullets or Numbers
	number int
	indent int // the number of columns before the marker
	width  int // the number of columns before the text of the item: indent, the marker and one space
	text   int // the index at which the text of the item begins
}

// markerOf returns the marker at the beginning of the line l: "-", "*", or a number with a full stop, and then a space.
// ok is false if there is no marker, or no text after the marker. A line such as "* * *" has no text.
func (p *parser) markerOf(l line) (m marker, ok bool) {
	rest := strings.TrimLeft(p.rest(l), " \t")
	m.indent = columns(p.text[l.from : l.end-len(rest)])
	sign := 1
	switch {
	case strings.HasPrefix(rest, "-"), strings.HasPrefix(rest, "*"):
		m.kind = Bullets
	default:
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		if digits == 0 || digits > maxDigits || digits > 1 && rest[0] == '0' || rest[digits:] == "" || rest[digits] != '.' {
			return marker{}, false
		}
		m.kind = Numbers
		m.number, _ = strconv.Atoi(rest[:digits])
		sign = digits + 1
	}
	text := strings.TrimLeft(rest[sign:], " ")
	m.width = m.indent + sign + 1
	m.text = l.end - len(text)
	return m, len(text) < len(rest)-sign && strings.Trim(text, "-* \t\r\n") != ""
}

// columns returns the width of space, which is white space, in columns. A tab has four columns.
func columns(space string) int { return len(space) + 3*strings.Count(space, "\t") }

// list returns the list at the beginning of lines, and the number of its lines. n is 0 if no list begins there, or if the
// limits do not allow a list.
func (p *parser) list(lines []line, depth int) (list Node, n int) {
	for n < len(lines) {
		m, ok := p.markerOf(lines[n])
		if !ok || n > 0 && m.kind != list.Kind || !p.admit(depth) {
			break
		}
		list.Kind = m.kind
		lines[n].from = m.text
		inside := lines[n : n+p.itemLines(lines[n:], m)]
		nodes, used := p.paragraph(nil, inside, depth+1)
		nodes = p.blocks(nodes, inside[used:], depth+1)
		list.Nodes = append(list.Nodes, Node{Kind: Item, Number: m.number, Nodes: nodes})
		n += len(inside)
	}
	return list, n
}

// itemLines returns how many of the lines belong to the item that begins in lines[0]. m is the marker of that item.
// itemLines removes the indentation, m.width columns at most, from the item's lines after the first.
func (p *parser) itemLines(lines []line, m marker) int {
	n := 1
	for ; n < len(lines); n++ {
		rest := p.rest(lines[n])
		space := rest[:len(rest)-len(strings.TrimLeft(rest, " \t"))]
		if columns(space) < m.indent+nested || isBlank(rest) {
			break
		}
		for i, width := 0, 0; i < len(space) && width < m.width; i++ {
			width += columns(space[i : i+1])
			lines[n].from++
		}
	}
	return n
}
