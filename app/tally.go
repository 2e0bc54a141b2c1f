package app

import (
	"strings"
	"unicode/utf8"
)

// A tally is how long a text is, counted only near its limit: elsewhere it is zero.
type tally struct{ n, limit int }

// tallied returns the tally of a text of n characters.
func tallied(n, limit int) tally {
	if !near(n, limit) {
		return tally{}
	}
	return tally{n, limit}
}

// near reports whether n is 90 % of limit or more.
func near(n, limit int) bool { return n*10 >= limit*9 }

// characters returns how many characters of text count.
func characters(text string) int { return utf8.RuneCountInString(strings.TrimSpace(text)) }

// over reports whether the text is too long.
func (t tally) over() bool { return t.n > t.limit }

// words says how long the text is, "" if that is of no interest.
func (t tally) words() string {
	if t.limit == 0 {
		return ""
	}
	words := grouped(t.n) + " of " + grouped(t.limit)
	if t.over() {
		words += ": " + t.left()
	}
	return words
}

// left says how much more one may write.
func (t tally) left() string {
	n, words := t.limit-t.n, " left"
	if t.over() {
		n, words = -n, " too many"
	}
	return count(n, "character") + words
}

// problem says why the text can't be sent, "" if its length is no reason.
func (t tally) problem() string {
	if !t.over() {
		return ""
	}
	return "The message is too long: " + t.left() + "."
}

// said returns what is read out when the text had the tally was before: only that it comes near its limit, or goes over it or
// back, not each key.
func (t tally) said(was tally) string {
	if t.limit == 0 || was.limit > 0 && was.over() == t.over() {
		return ""
	}
	return t.left()
}
