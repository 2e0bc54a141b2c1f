package markup

import (
	"unicode"
	"unicode/utf8"
)

// A class is a kind of run of delimiters, such as ** or ~~. A run can close a node that a run of the same class has
// opened. The method closes says when it can also close a node that a run of another class has opened.
type class int

const (
	lowLine       class = iota // _
	tildes                     // ~~
	oneStar                    // *
	twoStars                   // **
	threeStars                 // ***: bold and italic together, or one after the other
	openerClasses              // the number of classes
)

// An opener is a run of delimiters that has not been closed yet. A lineParser keeps its openers in a stack.
type opener struct {
	class class
	token int // the index of the run's token; three stars have two tokens, and this is the index of the first, outer one
}

// classOf returns the class of a run of n delimiters c. It returns false for a run that is text because of its length, as
// in __init__ and ****.
func classOf(c byte, n int) (class, bool) {
	switch {
	case c == '_' && n == 1:
		return lowLine, true
	case c == '~' && n == 2:
		return tildes, true
	case c == '*' && n <= 3:
		return oneStar + class(n-1), true
	}
	return 0, false
}

// stars returns the number of stars in a run of class c. c must be oneStar, twoStars or threeStars.
func (c class) stars() int { return int(c-oneStar) + 1 }

// closes reports whether a run of delimiters of class c may end the node that a run of class o has begun. It may if both
// classes are the same. It also may if one run has three stars and the other run has one or two. Then only one or two of
// the three stars take part, and the others can still begin or end another node.
func (c class) closes(o class) bool {
	return c == o || c >= oneStar && o >= oneStar && (c == threeStars || o == threeStars)
}

// delimiter adds the tokens of the run of n delimiters at text[i]. If the run can close an earlier run, it closes that run.
// Otherwise, if the run can open a node, it becomes an opener, which a later run may close.
func (l *lineParser) delimiter(i, n int) {
	class, ok := classOf(l.text[i], n)
	if !ok {
		return
	}
	opens, closes := l.flanks(i, n)
	if !opens && !closes {
		return
	}
	at := len(l.tokens)
	l.tokens = append(l.tokens, token{from: i, to: i + n})
	if class == threeStars {
		l.tokens = append(l.tokens, token{from: i + n, to: i + n})
	}
	if closes && l.close(class, at) {
		return
	}
	if opens {
		l.push(opener{class, at})
	}
}

func (l *lineParser) push(o opener) {
	l.openers = append(l.openers, o)
	l.waiting[o.class]++
}

// pop finds the last opener that a run of class c closes, and returns it. It removes this opener from the stack, and
// the openers above it, which stay text. It returns false if there is no such opener, or if there is no word between
// the opener and the run, as in the face *_*. All calls for a line together take time linear in the length of the line:
// each opener is removed only once, and l.waiting tells without a search whether the stack contains an opener that the
// run closes.
func (l *lineParser) pop(c class) (opener, bool) {
	found := false
	for o, n := range l.waiting {
		found = found || n > 0 && c.closes(class(o))
	}
	for found {
		last := len(l.openers) - 1
		o := l.openers[last]
		l.openers = l.openers[:last]
		l.waiting[o.class]--
		if c.closes(o.class) {
			return o, l.words > l.tokens[o.token].to
		}
	}
	return opener{}, false
}

// close closes an opener with a run of class c. The parameter at is the index of the run's first token. If the run has
// three stars, it may close two openers: one or two of the stars close the inner opener, and the rest close the outer
// opener. close returns false if it has closed no opener.
func (l *lineParser) close(c class, at int) bool {
	o, ok := l.pop(c)
	if !ok {
		return false
	}
	if c < oneStar {
		kind := Italic
		if c == tildes {
			kind = Strike
		}
		l.pair(kind, o.token, at)
		return true
	}
	stars := min(c.stars(), o.class.stars(), 2)
	kind := Italic
	if stars == 2 {
		kind = Bold
	}
	open, shut := o.token, at
	if o.class == threeStars {
		open++
		l.split(o.token, 3-stars)
	}
	if c == threeStars {
		l.split(at, stars)
	}
	l.pair(kind, open, shut)
	if o.class == threeStars {
		l.push(opener{oneStar + class(3-stars-1), o.token})
	}
	if c == threeStars {
		l.close(oneStar+class(3-stars-1), at+1)
	}
	return true
}

// pair makes two tokens the delimiters of a node of this kind. The parameters open and shut are the indexes of the token
// before the node's text and of the token behind it.
func (l *lineParser) pair(kind Kind, open, shut int) {
	l.tokens[open].kind, l.tokens[open].shut = kind, shut
}

// split divides a run of three stars: the token with the index i gets the first n stars, and the next token gets the
// others.
func (l *lineParser) split(i, n int) {
	at := l.tokens[i].from + n
	l.tokens[i].to, l.tokens[i+1].from = at, at
}

// flanks reports whether the run of n delimiters at text[i] may open a node, and whether it may close one. That depends on
// the characters beside the run (in CommonMark: left-flanking, right-flanking). An underscore between punctuation opens no
// node, because it is the mouth of a face, as in ^_^. But behind another delimiter it may open a node, as in **_.
func (l *lineParser) flanks(i, n int) (opens, closes bool) {
	before, after := ' ', ' '
	if i > 0 {
		before, _ = utf8.DecodeLastRuneInString(l.text[:i])
	}
	if i+n < len(l.text) {
		after, _ = utf8.DecodeRuneInString(l.text[i+n:])
	}
	spaceless := isSpaceless(before) || isSpaceless(after)
	if isWord(before) && isWord(after) && (!spaceless || l.text[i] == '_') {
		return false, false
	}
	edge := unicode.IsSpace(before) || isPunct(before) && (l.text[i] != '_' || before == '*' || before == '~')
	opens = !unicode.IsSpace(after) && (!isPunct(after) || edge || spaceless)
	closes = !unicode.IsSpace(before) && (!isPunct(before) || unicode.IsSpace(after) || isPunct(after) || spaceless)
	return opens, closes
}

func isPunct(r rune) bool { return unicode.IsPunct(r) || unicode.IsSymbol(r) }

// isWord reports whether r can be in a word. These are letters, numbers, and Unicode's marks, such as accents. Marks that
// belong to emoji only, such as variation selectors, are not among them.
func isWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsNumber(r) ||
		unicode.IsMark(r) && r != keycap && !unicode.Is(unicode.Variation_Selector, r)
}

// spaceless contains the scripts that are written without spaces between words, and their punctuation. It also contains
// Korean, which writes endings directly behind a word: a word may be bold although its ending is not.
var spaceless = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x0E00, Hi: 0x109F, Stride: 1}, // Thai, Lao, Tibetan, Myanmar
		{Lo: 0x1100, Hi: 0x11FF, Stride: 1}, // letters of Korean
		{Lo: 0x1780, Hi: 0x17FF, Stride: 1}, // Khmer
		{Lo: 0x2E80, Hi: 0xA4CF, Stride: 1}, // Chinese, Japanese, Yi
		{Lo: 0xA960, Hi: 0xA97F, Stride: 1}, // letters of Korean
		{Lo: 0xAC00, Hi: 0xD7FF, Stride: 1}, // Korean
		{Lo: 0xF900, Hi: 0xFAFF, Stride: 1}, // Chinese
		{Lo: 0xFF00, Hi: 0xFFEF, Stride: 1}, // wide and narrow forms
	},
	R32: []unicode.Range32{
		{Lo: 0x1B000, Hi: 0x1B16F, Stride: 1}, // Japanese
		{Lo: 0x20000, Hi: 0x3FFFF, Stride: 1}, // Chinese
	},
}

func isSpaceless(r rune) bool { return r >= 0x0E00 && unicode.Is(spaceless, r) }
