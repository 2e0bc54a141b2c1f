package markup

import "strings"

// blockTicks is the smallest number of backticks that begin a block of code. Fewer backticks begin code within a line.
const blockTicks = 3

// maxLanguage is the longest name of a programming language, in bytes. The name may follow the backticks that begin a
// block of code. A longer word is the first line of the code.
const maxLanguage = 20

// runLength returns how many equal bytes follow each other from text[i] on, text[i] included.
func runLength(text string, i int) int {
	n := 1
	for i+n < len(text) && text[i+n] == text[i] {
		n++
	}
	return n
}

// pairTicks returns a map from the index of each run of backticks in text to the index of the next run of the same length.
// Code that begins with the first of these two runs ends with the second.
func pairTicks(text string) map[int]int {
	first := strings.IndexByte(text, '`')
	if first < 0 { // as in most texts
		return nil
	}
	next, last := map[int]int{}, map[int]int{}
	for i := first; i < len(text); i++ {
		if text[i] != '`' {
			continue
		}
		n := runLength(text, i)
		if before, ok := last[n]; ok {
			next[before] = i
		}
		last[n] = i
		i += n
	}
	return next
}

// escaped reports whether there is a backslash directly before text[i].
func (p *parser) escaped(i int) bool { return i > 0 && p.text[i-1] == '\\' }

// paragraph appends the nodes of lines[0] to nodes. If a block of code begins in that line, paragraph also appends the
// nodes of the following lines, up to the line in which the block ends. It returns all nodes, and the number of lines
// that it has used. depth is the number of nodes around the lines.
func (p *parser) paragraph(nodes []Node, lines []line, depth int) (all []Node, n int) {
	nodes = p.leaf(nodes, Mark, lines[0].start, lines[0].from)
	at := lines[0].from
	for {
		b, ok := p.nextBlock(at, lines[n:], depth)
		if !ok {
			return p.inline(nodes, at, lines[n].end, depth), n + 1
		}
		p.nodes++
		nodes = append(p.inline(nodes, at, b.start, depth), b.node)
		n += b.lines
		if at = b.end; at == lines[n].end {
			return nodes, n + 1
		}
	}
}

// A codeBlock is a block of code with its place in the text.
type codeBlock struct {
	node       Node
	start, end int
	lines      int // the number of line breaks inside
}

// nextBlock returns the first block of code that begins in lines[0], at text[at] or later. ok is false if there is no such
// block, or if the limits allow no further node. depth is the number of nodes around the block.
func (p *parser) nextBlock(at int, lines []line, depth int) (b codeBlock, ok bool) {
	end := lines[0].end
	for p.allows(depth) {
		i := strings.IndexByte(p.text[at:end], '`')
		if i < 0 {
			break
		}
		at += i
		n := runLength(p.text, at)
		if !p.escaped(at) {
			if shut, ok := p.ticks[at]; ok && shut < end {
				at = shut
			} else if b, ok := p.blockAt(at, lines); ok {
				return b, true
			}
		}
		at += n
	}
	return codeBlock{}, false
}

// blockAt returns the block of code that begins with the run of backticks at text[start], in lines[0]. ok is false if the
// run has fewer than blockTicks backticks, if the block does not end within lines, or if its code is only white space.
func (p *parser) blockAt(start int, lines []line) (b codeBlock, ok bool) {
	ticks := runLength(p.text, start)
	shut, closed := p.ticks[start]
	if ticks < blockTicks || !closed || shut >= lines[len(lines)-1].end {
		return codeBlock{}, false
	}
	b = codeBlock{node: Node{Kind: CodeBlock}, start: start}
	from := start + ticks
	if word := strings.TrimSpace(p.text[from:lines[0].end]); isLanguage(word) {
		b.node.Language, from = word, lines[0].end
	}
	inside := p.leaf(nil, Mark, start, from)
	for {
		to := min(lines[b.lines].end, shut)
		ok = ok || !isBlank(p.text[from:to])
		inside = p.leaf(inside, Text, from, to)
		if shut < lines[b.lines].end {
			break
		}
		b.lines++
		l := lines[b.lines]
		inside = p.leaf(inside, Mark, l.start, l.from)
		from = l.from
	}
	b.end = shut + ticks
	if end := lines[b.lines].end; isBlank(p.text[b.end:end]) {
		b.end = end
	}
	b.node.Nodes = p.leaf(inside, Mark, shut, b.end)
	return b, ok
}

// isLanguage reports whether word is empty or could be the name of a programming language, such as go or c++.
func isLanguage(word string) bool {
	return len(word) <= maxLanguage && strings.IndexFunc(word, func(r rune) bool {
		return r >= 0x80 || !alphanumeric(byte(r)) && strings.IndexByte("+-_.#", byte(r)) < 0
	}) < 0
}

// code returns the node of the code within a line at text[start:end], which includes the backticks. If the code begins
// and ends with a space, and is not only white space, these two spaces are delimiters and not shown, as in CommonMark. So
// a user can write code that begins or ends with a backtick.
func (p *parser) code(start, end int) Node {
	ticks := runLength(p.text, start)
	first, last := start+ticks, end-ticks
	if body := p.text[first:last]; body[0] == ' ' && body[len(body)-1] == ' ' && !isBlank(body) {
		first++
		last--
	}
	inside := p.leaf(nil, Mark, start, first)
	inside = p.leaf(inside, Text, first, last)
	return Node{Kind: Code, Nodes: p.leaf(inside, Mark, last, end)}
}
