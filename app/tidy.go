package app

import (
	"strings"
	"unicode"
)

// tidy returns text without the control characters that the server refuses. Word processors and terminals put such
// characters on the clipboard, and the user does not see them in the field. tidy replaces each kind of line break by "\n",
// keeps tabs, and removes all other control characters.
func tidy(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\v' || r == '\f' || r == '\u0085' || r == '\u2028' || r == '\u2029':
			return '\n'
		case r != '\n' && r != '\t' && unicode.Is(unicode.Cc, r):
			return -1
		}
		return r
	}, strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n"))
}
