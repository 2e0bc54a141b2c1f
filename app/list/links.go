package list

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxLinks is how many links of one message can be clicked. Each costs the page an element.
const maxLinks = 50

// A piece is a part of a message's text. href is empty unless it is a link.
type piece struct{ text, href string }

// schemes are those that are made clickable. Everything else, javascript: above all, is text.
var schemes = [...]string{"https://", "http://", "mailto:"}

// pieces splits a text into what is and what isn't a link. Put together, the pieces are the text.
func pieces(text string) []piece {
	var all []piece
	plain := 0 // text[plain:] is in no piece yet
	for at, links := 0, 0; links < maxLinks; {
		i := nextScheme(text, at)
		if i < 0 {
			break
		}
		link := text[i : i+linkLength(text[i:])]
		if at = i + len(link); !clickable(link) {
			continue
		}
		if i > plain {
			all = append(all, piece{text: text[plain:i]})
		}
		all = append(all, piece{text: link, href: link})
		plain = at
		links++
	}
	if plain < len(text) {
		all = append(all, piece{text: text[plain:]})
	}
	return all
}

// nextScheme returns where the first scheme at or after at begins, -1 if nowhere. One within a word is none.
func nextScheme(text string, at int) int {
	for i := at; i < len(text); i++ {
		c := text[i] | 0x20 // in lower case
		if (c == 'h' || c == 'm') && schemeOf(text[i:]) != "" {
			if before, _ := utf8.DecodeLastRuneInString(text[:i]); !wordly(before) {
				return i
			}
		}
	}
	return -1
}

func wordly(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

func schemeOf(text string) string {
	for _, s := range schemes {
		if len(text) >= len(s) && strings.EqualFold(text[:len(s)], s) {
			return s
		}
	}
	return ""
}

// linkLength returns how much of a text that begins with a scheme is the link. It ends before white space, quotes and
// what cannot be seen, such as a mark that turns the direction of writing; the punctuation of the sentence around it is
// not a part of it, nor is a bracket that was opened outside.
func linkLength(text string) int {
	end := strings.IndexFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsGraphic(r) || strings.ContainsRune("<>\"`{}|\\^", r)
	})
	if end < 0 {
		end = len(text)
	}
	for end > 0 {
		last, size := utf8.DecodeLastRuneInString(text[:end])
		bracket := strings.IndexRune(")]", last)
		unopened := bracket >= 0 &&
			strings.Count(text[:end], ")]"[bracket:bracket+1]) > strings.Count(text[:end], "(["[bracket:bracket+1])
		if !unopened && !strings.ContainsRune(".,;:!?'*_~’”»…", last) {
			break
		}
		end -= size
	}
	return end
}

// clickable reports whether a link leads where it seems to. A name before an @ would hide the host behind it.
func clickable(link string) bool {
	scheme := schemeOf(link)
	if scheme == "" { // its end was taken for punctuation
		return false
	}
	rest := link[len(scheme):]
	if scheme == "mailto:" {
		name, host, ok := strings.Cut(rest, "@")
		return ok && name != "" && host != ""
	}
	authority := rest
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority = rest[:end]
	}
	first, _ := utf8.DecodeRuneInString(authority)
	return !strings.Contains(authority, "@") && (wordly(first) || first == '[')
}
