package names

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxName is the length of the longest name that other users see, in characters.
const maxName = 64

// cleanName returns name in a form that is safe to show to other users: on one line, of maxName characters at most,
// without invisible characters and without characters that change the direction of writing. If nothing is left, it
// returns "". It does not remove HTML, so show a name as text.
func cleanName(name string) string {
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
	clean := []rune(norm.NFC.String(strings.Join(strings.Fields(seen), " ")))
	return strings.TrimRight(string(clean[:min(len(clean), maxName)]), " ")
}

// visible reports whether r is visible on the screen. Control characters, characters that change the direction of
// writing, joiners, fillers and variation selectors are not visible.
func visible(r rune) bool {
	return unicode.IsGraphic(r) && r != '\u2800' && // U+2800 is the blank Braille pattern
		!unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

// Best returns the best display name in the claims of a token, or "" if they hold no name. claim returns the value of
// the claim with that name, or "" if the token has no such claim. From an e-mail address Best takes only the part before
// the @, because every member of a room sees the name.
func Best(claim func(name string) string) string {
	return firstName(claim("name"), claim("given_name")+" "+claim("family_name"),
		mailbox(claim("preferred_username")), mailbox(claim("email")))
}

// firstName cleans names with cleanName, and returns the first that is not empty and does not imitate the name of a
// guest.
func firstName(names ...string) string {
	for _, name := range names {
		if clean := cleanName(name); clean != "" && !imitatesGuest(clean) {
			return clean
		}
	}
	return ""
}

// mailbox returns the part of a login name before the @.
func mailbox(login string) string {
	name, _, _ := strings.Cut(login, "@")
	return name
}
