package app

import (
	"strings"
	"unicode/utf8"

	"mayfly/app/words"
)

// A counter is how long a text is, counted only near its limit: elsewhere it is zero.
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

// characters returns how many characters of text count.
func characters(text string) int { return utf8.RuneCountInString(strings.TrimSpace(text)) }

// over reports whether the text is too long.
func (c counter) over() bool { return c.n > c.limit }

// words says how long the text is, "" if that is of no interest.
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

// left says how much more the user may write.
func (c counter) left() string {
	if c.over() {
		return words.Count(words.TooMany, c.n-c.limit)
	}
	return words.Count(words.CharactersLeft, c.limit-c.n)
}

// problem says why the text can't be sent, "" if its length is no reason.
func (c counter) problem() string {
	if !c.over() {
		return ""
	}
	return words.With(words.TextTooLong, c.left())
}

// said returns what a screen reader says when the text had the counter was before: only that the text comes near its
// limit, or goes over it or back, not each key.
func (c counter) said(was counter) string {
	if c.limit == 0 || was.limit > 0 && was.over() == c.over() {
		return ""
	}
	return c.left()
}
