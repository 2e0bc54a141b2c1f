package markup

import (
	"unicode"
	"unicode/utf8"
)

// A lineParser makes the nodes inside one line.
type lineParser struct {
	*parser
	tokens  []token
	openers []opener           // a stack of the runs of delimiters that a later run may close
	waiting [openerClasses]int // for each class, the number of openers of that class
	words   int                // the index in text at which the last word, emoji, link or code so far ends
}

// A token is the part text[from:to] of a line that may be more than text: a link, code, or a run of delimiters.
type token struct {
	kind     Kind // Link, Code, or the kind of the node that the delimiters open; Text: they open no node
	from, to int
	host     string // of a Link
	shut     int    // of delimiters that open a node: the index of the token that closes the node
}

// inline appends to nodes the nodes of text[start:end], which is a line or a part of a line. depth is the number of nodes
// around text[start:end].
func (p *parser) inline(nodes []Node, start, end, depth int) []Node {
	l := lineParser{parser: p, words: start}
	for i := start; i < end; {
		i = l.scan(i, end)
	}
	return l.build(nodes, 0, len(l.tokens), start, end, depth)
}

// scan adds the token that begins at text[i], if there is one. It returns the index from which the caller must scan next.
// end is the end of the line.
func (l *lineParser) scan(i, end int) int {
	switch l.text[i] {
	case '`':
		n := runLength(l.text, i)
		if shut, ok := l.ticks[i]; ok && shut < end && !l.escaped(i) {
			l.tokens = append(l.tokens, token{kind: Code, from: i, to: shut + n})
			l.words = shut + n
			return shut + n
		}
		return i + n
	case '*', '_', '~':
		n := runLength(l.text, i)
		if !l.escaped(i) {
			l.delimiter(i, n)
		}
		return i + n
	case 'h', 'H', 'm', 'M':
		if found, ok := l.findLink(i); ok {
			l.tokens = append(l.tokens, token{kind: Link, from: i, to: i + len(found.text), host: found.host})
			l.words = i + len(found.text)
			return l.words
		}
	}
	r, size := utf8.DecodeRuneInString(l.text[i:])
	if isWord(r) || unicode.Is(pictographic, r) {
		l.words = i + size
	}
	return i + size
}

// findLink returns the link that begins at text[i], if there is one.
func (l *lineParser) findLink(i int) (link, bool) {
	if schemeOf(l.text[i:]) == "" || i > 0 && schemeLike(l.text[i-1]) && !l.behindOpener(i) {
		return link{}, false
	}
	return l.links.at(i)
}

// behindOpener reports whether text[i] is directly behind an underscore that may open a node. A link may begin there, but
// not behind an underscore that is text.
func (l *lineParser) behindOpener(i int) bool {
	last := len(l.openers) - 1
	return last >= 0 && l.openers[last].class == lowLine && l.tokens[l.openers[last].token].to == i
}

// build appends to nodes the nodes of text[start:end], which contains tokens[first:last]. depth is the number of nodes
// around text[start:end].
func (l *lineParser) build(nodes []Node, first, last, start, end, depth int) []Node {
	at := start
	for i := first; i < last; i++ {
		t := l.tokens[i]
		switch {
		case t.kind == Text:
			continue
		case t.kind == Link:
			// If the underscore before the link has opened no node, it is text, and no link begins behind it.
			if l.linked >= MaxLinks || at < t.from && l.text[t.from-1] == '_' {
				continue
			}
			l.linked++
		case !l.admit(depth):
			continue
		}
		nodes = l.leaf(nodes, Text, at, t.from)
		at = t.to
		switch t.kind {
		case Link:
			nodes = append(nodes, Node{Kind: Link, Text: l.text[t.from:t.to], Host: t.host})
		case Code:
			nodes = append(nodes, l.code(t.from, t.to))
		default:
			shut := l.tokens[t.shut]
			inside := l.leaf(nil, Mark, t.from, t.to)
			inside = l.build(inside, i+1, t.shut, t.to, shut.from, depth+1)
			inside = l.leaf(inside, Mark, shut.from, shut.to)
			nodes = append(nodes, Node{Kind: t.kind, Nodes: inside})
			i, at = t.shut, shut.to
		}
	}
	return l.leaf(nodes, Text, at, end)
}
