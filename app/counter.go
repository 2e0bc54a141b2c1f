package app

import (
	"strings"
	"unicode/utf8"

	"mayfly/app/words"
)

// A counter is the length of a text and the limit of that length, both in characters. Far below the limit, the page shows no
// counter, and the counter is zero.
type counter struct{ n, limit int }

// counted returns the counter of a text of n characters.
func counted(n, limit int) counter {
	if !near(n, limit) {
		return counter{}
	}
	return counter{n, limit}
}

// near reports whether n is 90 % of limit or more.
func near(n, limit int) bool { return n*10 >= limit*9 }

// characters returns the number of characters in text, without the white space at both ends.
func characters(text string) int { return utf8.RuneCountInString(strings.TrimSpace(text)) }

// over reports whether the text is too long.
func (c counter) over() bool { return c.n > c.limit }

// words returns the sentence that the page shows about the length of the text. It is "" if the counter is zero.
func (c counter) words() string {
	if c.limit == 0 {
		return ""
	}
	text := words.With(words.LengthOf, words.Number(c.n), words.Number(c.limit))
	if c.over() {
		text = words.With(words.LengthOver, text, c.left())
	}
	return text
}

// left returns the sentence that says how many more characters the user may write, or how many are too many.
func (c counter) left() string {
	if c.over() {
		return words.Count(words.TooMany, c.n-c.limit)
	}
	return words.Count(words.CharactersLeft, c.limit-c.n)
}

// said returns the sentence that a screen reader says when the counter changes from previous to c. There is a sentence only
// when the text comes near its limit, goes over the limit, or comes back under the limit. Otherwise said returns "": the
// user would be disturbed by a sentence after each key press.
func (c counter) said(previous counter) string {
	if c.limit == 0 || previous.limit > 0 && previous.over() == c.over() {
		return ""
	}
	return c.left()
}
