// Package words holds every sentence that the page shows or that a screen reader says while the client runs, by key and
// plural form. The parts of the page name a Key and never write a sentence, so another language is one more file beside
// en.go, and one more entry in shell.go, which has the sentences for pages in which no client runs. Package web writes them
// into its files.
//
// For a problem, app/client and app/pkce have only a code. Problem and SignInProblem return the sentence for the code. If
// this package has no sentence for a problem of the client, Problem returns the server's own sentence.
package words

import (
	"strconv"
	"strings"
)

// Of returns the sentence of a key that has no arguments.
func Of(k Key) string { return spoken.texts[k] }

// With returns the sentence of a key, with args in the places of {0}, {1}, …
func With(k Key, args ...string) string { return fill(spoken.texts[k], args) }

// Around returns the sentence of a key in two parts: the part before {0}, and the part after it. Use Around if the page
// draws the argument in an element of its own between the two parts.
func Around(k Key) (before, after string) {
	before, after, _ = strings.Cut(spoken.texts[k], "{0}")
	return before, after
}

// Count returns the sentence of a key for the number n: in the plural form for n, and with n in the place of {0}. Examples
// are "1 message" and "12 messages".
func Count(k CountKey, n int) string { return spoken.count(k, n) }

func (l *language) count(k CountKey, n int) string {
	forms := &l.counts[k]
	text := forms[l.form(n)]
	if text == "" {
		text = forms[other]
	}
	return fill(text, []string{l.number(n)})
}

// Number returns n with a separator between groups of three digits: "4,000".
func Number(n int) string { return spoken.number(n) }

func (l *language) number(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	rest := strconv.Itoa(n % 1000)
	return l.number(n/1000) + l.thousands + "000"[len(rest):] + rest
}

// Cut returns the first limit characters of text, followed by an ellipsis if text has more.
func Cut(text string, limit int) string {
	n := 0
	for i := range text {
		if n++; n > limit {
			return text[:i] + "…"
		}
	}
	return text
}

// fill replaces {0}, {1}, … in text by the arguments. It works in one pass, so "{0}" inside an argument stays as it is.
func fill(text string, args []string) string {
	filled := ""
	for len(args) > 0 {
		at := strings.IndexByte(text, '{')
		if at < 0 {
			break
		}
		filled += text[:at] + args[text[at+1]-'0']
		text = text[at+len("{0}"):]
	}
	return filled + text
}
