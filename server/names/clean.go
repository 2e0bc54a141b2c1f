package names

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxName is the length of the longest name that other users see, in characters.
const maxName = 64

// cleanName returns name as other users may see it: on one line, without invisible characters and without characters that
// turn the direction of writing. It returns "" if nothing is left. HTML in a name stays in it: show a name as text.
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
	// Normalise last: characters that are next to each other only now, without the invisible ones between them, may combine.
	clean := []rune(norm.NFC.String(strings.Join(strings.Fields(seen), " ")))
	return strings.TrimRight(string(clean[:min(len(clean), maxName)]), " ")
}

// visible reports whether r leaves a mark on the screen. Control characters, characters that turn the direction of writing,
// joiners, fillers and variation selectors do not.
func visible(r rune) bool {
	return unicode.IsGraphic(r) && r != '\u2800' && // the blank Braille pattern
		!unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

// Best returns the best display name in claims, "" if there is none. claim returns the claim of a name, "" if there is none.
// Best cuts an e-mail address at the @, because every member of a room sees the name.
func Best(claim func(name string) string) string {
	return firstName(claim("name"), claim("given_name")+" "+claim("family_name"),
		mailbox(claim("preferred_username")), mailbox(claim("email")))
}

// firstName returns the first of names that is not empty after cleanName and does not imitate a guest.
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
