// Package spelling makes the names of users safe to show, and finds out which names look the same. Its functions are pure.
// Package names uses them for users who are signed in, and package hub for guests.
package spelling

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Clean returns name in a form that is safe to show to other users: on one line, of limit characters at most, without
// invisible characters and without characters that change the direction of writing. It returns "" if nothing is left. It
// does not remove HTML, so show a name as text.
func Clean(name string, limit int) string {
	seen := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !visible(r):
			return -1
		default:
			return r
		}
	}, strings.ToValidUTF8(name, ""))
	// Normalise last: when an invisible character is removed, the characters on its two sides may combine into one.
	// norm.NFC puts an invisible character into very long rows of accents, so remove invisible characters again.
	return cut(only(visible, norm.NFC.String(strings.Join(strings.Fields(seen), " "))), limit)
}

// visible reports whether r is visible on the screen. Control characters, characters that change the direction of
// writing, joiners, fillers and variation selectors are not visible.
func visible(r rune) bool {
	return unicode.IsGraphic(r) && r != '\u2800' && // U+2800 is the blank Braille pattern
		!unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

// WithSuffix returns name followed by suffix, which must be ASCII. It shortens name if the result would have more than
// limit characters.
func WithSuffix(name, suffix string, limit int) string { return cut(name, limit-len(suffix)) + suffix }

// cut returns the first limit characters of name, without spaces at the end.
func cut(name string, limit int) string {
	runes := []rune(name)
	return strings.TrimRight(string(runes[:min(len(runes), limit)]), " ")
}

// confusables replaces characters that look like one of the letters a to z with that letter. Call Replace with a string
// in lower case. The list has only characters that are on keyboards. Unicode's list of confusable characters is longer:
// with it, different names that users can tell apart would count as the same.
var confusables = strings.NewReplacer(
	"а", "a", "в", "b", "с", "c", "ԁ", "d", "е", "e", "һ", "h", "н", "h", "і", "i", "ј", "j", "к", "k", "ӏ", "l", "м", "m",
	"о", "o", "р", "p", "ԛ", "q", "ѕ", "s", "т", "t", "у", "y", "ԝ", "w", "х", "x", "ү", "y", // Cyrillic
	"α", "a", "β", "b", "ε", "e", "η", "n", "ι", "i", "κ", "k", "μ", "m", "ν", "v", "ο", "o", "ρ", "p", "τ", "t",
	"υ", "y", "χ", "x", "ω", "w", "ζ", "z", // Greek
	"ı", "i", "ɑ", "a", "ɡ", "g", "ս", "u", "օ", "o", "ո", "n", "0", "o", "1", "l", "|", "l", "$", "s", "@", "a",
)

// Skeleton returns the same string for two names that look alike to a quick reader (compare Unicode TR 39). It ignores
// upper and lower case, and compatibility forms such as wide letters. A letter of another script, such as Cyrillic, counts
// as the Latin letter that it looks like.
func Skeleton(name string) string {
	return confusables.Replace(strings.ToLower(strings.ToUpper(norm.NFKC.String(name))))
}

// strokes replaces letters that look like other letters in many fonts: rn looks like m, vv like w, and i like l.
var strokes = strings.NewReplacer("rn", "m", "vv", "w", "i", "l")

// Key returns the same string for two names if a reader could take them for the same name. Like Skeleton, it does not
// distinguish upper and lower case, wide letters, and letters of other scripts that look like Latin ones. It also ignores
// accents and all characters that are not letters or digits, and makes the replacements in the variable strokes. So more
// pairs of names have the same Key than the same Skeleton. If a name has no letters and no digits, Key returns its Skeleton
// without spaces.
func Key(name string) string {
	// Remove accents. They are in unicode.Mn, and so are the vowel signs of scripts such as Devanagari. Keep the vowel
	// signs: they are not in unicode.Inherited.
	bare := only(func(r rune) bool { return !unicode.Is(unicode.Mn, r) || !unicode.Is(unicode.Inherited, r) },
		norm.NFKD.String(name))
	key := only(func(r rune) bool { return unicode.In(r, unicode.L, unicode.M, unicode.Nd) }, Skeleton(bare))
	if key == "" {
		return only(func(r rune) bool { return !unicode.IsSpace(r) }, Skeleton(name))
	}
	return strokes.Replace(key)
}

// only returns s without the characters for which keep returns false.
func only(keep func(rune) bool, s string) string {
	return strings.Map(func(r rune) rune {
		if keep(r) {
			return r
		}
		return -1
	}, s)
}
