package markup

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxLinks is the largest number of links in one message. If a message has more addresses, the others stay text: the page
// must make an element for each link, and too many elements would make the page slow.
const MaxLinks = 50

// A link is a web or mail address in a text, which the page shows as a link.
type link struct {
	text string // the address
	host string // the host as it is written in the address, without the port; in a mail address, the part after the @
}

// schemes are the schemes with which a link may begin. An address with any other scheme is text: javascript: would run code.
var schemes = [...]string{"https://", "http://", "mailto:"}

// A finder finds the links of a text from its beginning to its end, in time linear in the length of the text.
//
// A link begins with one of the schemes, unless the character before it could belong to a longer scheme, as in xhttp://. It
// ends before the first of these characters:
//
//   - white space, or a character that cannot be seen
//   - a quotation mark, a backtick, < or >
//   - outside ASCII, punctuation that ends a sentence or a part of it
//   - a bracket whose partner is not inside the link
//
// Other punctuation that belongs to sentences, such as a full stop, may be inside a link, but not at its end (see
// trimmed).
type finder struct {
	text  string
	reach span // the last span that the method finder.at has made
	none  int  // no further link begins before this index; finder.at sets it, so that it searches no text twice
}

// at returns the link that begins at text[i]. The caller has checked that one of the schemes begins at text[i]. If ok is
// false, no link begins at text[i], nor at a later index inside f.reach.
func (f *finder) at(i int) (l link, ok bool) {
	if i < f.none {
		return link{}, false
	}
	if i >= f.reach.end {
		f.reach = newSpan(f.text, i)
	}
	if l, ok = linkAt(f.text, i, f.reach); !ok {
		f.none = f.reach.end
	}
	return l, ok
}

// schemeLike reports whether c could belong to a scheme (RFC 3986, 3.1) or to a word in ASCII.
func schemeLike(c byte) bool { return alphanumeric(c) || strings.IndexByte("_+-.", c) >= 0 }

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

func schemeOf(text string) string {
	for _, s := range schemes {
		if len(text) >= len(s) && strings.EqualFold(text[:len(s)], s) {
			return s
		}
	}
	return ""
}

// A span is a part of a text that begins with a scheme and ends before the first character that no link can contain.
type span struct {
	end      int
	partners map[int]int // maps the index of each bracket that has a partner in the span to the index of that partner
}

// newSpan returns the span of text that begins at the index start: the part in which a link may be. The caller has checked
// that a scheme such as https:// begins at start. newSpan finds the end of the span, and which of its brackets have a
// partner.
func newSpan(text string, start int) span {
	s := span{end: len(text), partners: map[int]int{}}
	type open struct {
		at    int
		close rune
	}
	var stack []open
	before := rune(0)
	for i, r := range text[start:] {
		at := start + i
		if ends(r) && !joins(before, r, text[at:]) {
			s.end = at
			break
		}
		before = r
		if c := closer(r); c != 0 {
			stack = append(stack, open{at, c})
		} else if top := len(stack) - 1; top >= 0 && stack[top].close == r {
			s.partners[at], s.partners[stack[top].at] = stack[top].at, at
			stack = stack[:top]
		}
	}
	return s
}

// ends reports whether r ends a link. These characters end a link:
//
//   - in ASCII: white space, control characters, <, >, " and `
//   - outside ASCII: white space, invisible characters, ＜ and ＞, quotation marks that are no brackets, and
//     punctuation that ends a sentence or a part of it (Unicode's Terminal_Punctuation)
func ends(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return r <= ' ' || strings.ContainsRune("<>\"`\x7f", r)
	case r == utf8.RuneError, unicode.IsSpace(r), !unicode.IsGraphic(r), r == '＜', r == '＞':
		return true
	case isBracket(r):
		return false
	}
	return unicode.In(r, unicode.Terminal_Punctuation, unicode.Quotation_Mark, unicode.Pi, unicode.Pf)
}

// joins reports whether r is an invisible joiner between two characters outside ASCII. Such a joiner does not end a
// link, because words in Persian and Hindi need it, and emoji need it, too. before is the character before r, and rest
// is the text from r on.
func joins(before, r rune, rest string) bool {
	if r != '\u200C' && r != '\u200D' {
		return false
	}
	after, _ := utf8.DecodeRuneInString(rest[utf8.RuneLen(r):])
	return before >= utf8.RuneSelf && after >= utf8.RuneSelf && after != utf8.RuneError && unicode.IsGraphic(after) &&
		!unicode.IsSpace(after)
}

// closer returns the bracket that closes the bracket r, 0 if r is no opening bracket. In Unicode, the closing bracket is the
// first or the second character after the opening one.
func closer(r rune) rune {
	if unicode.Is(unicode.Ps, r) {
		for c := r + 1; c <= r+2; c++ {
			if unicode.Is(unicode.Pe, c) {
				return c
			}
		}
	}
	return 0
}

func isBracket(r rune) bool { return closer(r) != 0 || unicode.Is(unicode.Pe, r) }

// linkAt returns the link that begins at text[i]. The caller has checked that one of the schemes begins at text[i]. ok is
// false if the scheme is not followed by a host or a mail address that a link may have. s is the span that contains text[i].
func linkAt(text string, i int, s span) (l link, ok bool) {
	scheme := schemeOf(text[i:])
	start := i + len(scheme)
	if start >= s.end {
		return link{}, false
	}
	var end int
	var host string
	if scheme != "mailto:" {
		if host, end, ok = authority(text[start:s.end]); !ok {
			return link{}, false
		}
		end += start
		if end < s.end && strings.IndexByte("/?#", text[end]) >= 0 {
			end = s.balanced(text, end)
		}
	} else {
		end = s.balanced(text, start)
	}
	end = start + len(trimmed(text[start:end]))
	if scheme == "mailto:" {
		name, rest, _ := strings.Cut(text[start:end], "@")
		if host, _, _ = strings.Cut(rest, "?"); name == "" || host == "" {
			return link{}, false
		}
	} else {
		host = host[:min(len(host), end-start)] // trimmed may have removed the end of the host, such as a full stop
	}
	return link{text[i:end], host}, true
}

// balanced returns the index at which a link ends. The link ends before the first bracket that has no partner inside the
// link. If there is no such bracket, the link ends where s ends. start is the index in text from which balanced looks for
// brackets: the beginning of the link's path, or of its mail address.
func (s span) balanced(text string, start int) int {
	outer, outerEnd := -1, -1 // the last pair of brackets so far that is inside no other pair
	for i, r := range text[start:s.end] {
		if !isBracket(r) {
			continue
		}
		at := start + i
		partner, ok := s.partners[at]
		switch {
		case !ok || partner < start:
			if at < outerEnd {
				return outer
			}
			return at
		case partner > at && at > outerEnd:
			outer, outerEnd = at, partner
		}
	}
	return s.end
}

// trimmed returns link without the punctuation at its end, because that belongs to the sentence around the link.
func trimmed(link string) string {
	return strings.TrimRightFunc(link, func(r rune) bool {
		return strings.ContainsRune(".,;:!?'*_~|\\^…‥", r) || r >= utf8.RuneSelf && unicode.Is(unicode.Pd, r)
	})
}

// maxPort is the highest port number of TCP (RFC 9293, 3.1).
const maxPort = 1<<16 - 1

// authority returns the host at the beginning of rest, and the index in rest at which the host and its port end. ok is false
// if rest begins with no host, or if the port is too high. ok is also false if a user name and an @ come before the host:
// readers could take the user name for the host, as in https://bank.example@evil.example.
func authority(rest string) (host string, end int, ok bool) {
	whole := rest
	if i := strings.IndexAny(rest, `/?#\`); i >= 0 {
		whole = rest[:i]
	}
	if strings.ContainsAny(whole, "@＠") {
		return "", 0, false
	}
	end = hostLength(rest)
	if end == 0 {
		return "", 0, false
	}
	host = rest[:end]
	digits := strings.TrimLeft(rest[end:], ":")
	if len(rest)-end-len(digits) != 1 {
		return host, end, true
	}
	after := strings.TrimLeft(digits, "0123456789")
	port := digits[:len(digits)-len(after)]
	if n, err := strconv.Atoi(port); port != "" && (err != nil || n > maxPort) {
		return "", 0, false
	}
	if port != "" || after != "" && strings.IndexByte("/?#", after[0]) >= 0 {
		end = len(rest) - len(after)
	}
	return host, end, true
}

// hostLength returns the length of the host at the beginning of rest, 0 if there is none. A host is a name in any
// script, or an IPv6 address in brackets.
func hostLength(rest string) int {
	if strings.HasPrefix(rest, "[") {
		inside := strings.TrimLeft(rest[1:], "0123456789abcdefABCDEF:.")
		if n := len(rest) - len(inside); n > 1 && strings.HasPrefix(inside, "]") {
			return n + 1
		}
		return 0
	}
	if first, _ := utf8.DecodeRuneInString(rest); first < utf8.RuneSelf && !alphanumeric(rest[0]) {
		return 0
	}
	n := strings.IndexFunc(rest, func(r rune) bool {
		if r < utf8.RuneSelf {
			return !alphanumeric(byte(r)) && strings.IndexByte("-._%", byte(r)) < 0
		}
		return isBracket(r) || r == '／' // a browser turns ／ into a slash, which no host may contain
	})
	if n < 0 {
		n = len(rest)
	} else if strings.IndexByte(":/?#", rest[n]) >= 0 {
		return n
	}
	return len(strings.TrimRightFunc(rest[:n], func(r rune) bool {
		return r == '.' || r >= utf8.RuneSelf && unicode.IsPunct(r)
	}))
}
