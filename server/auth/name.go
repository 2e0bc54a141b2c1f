package auth

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxName is the longest name that others see, in characters.
const maxName = 64

// cleanName returns name as others may see it: on one line, in one direction, without what nobody sees. It is empty if nothing
// is left. HTML stays what it is, text: whoever shows a name must show it as such.
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
	clean := []rune(norm.NFC.String(strings.Join(strings.Fields(seen), " "))) // last: what was between two marks is gone
	return strings.TrimRight(string(clean[:min(len(clean), maxName)]), " ")
}

// visible reports whether r leaves a mark on the screen. Control characters, those that turn the direction of a line, joiners,
// fillers and selectors of variations do not.
func visible(r rune) bool {
	return unicode.IsGraphic(r) && r != '\u2800' && !unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

// claimedName returns what claims call the person, in the order of preference; empty if nothing does. An address of mail is cut
// at its @, since everyone in a room sees the name.
func claimedName(claims object) string {
	text := func(name string) string {
		s, _ := claims.text(name)
		return s
	}
	return firstName(text("name"), text("given_name")+" "+text("family_name"), mailbox(text("preferred_username")), mailbox(text("email")))
}

// firstName returns the first of names that has anything to see, cleaned, and is not like a guest's.
func firstName(names ...string) string {
	for _, name := range names {
		if clean := cleanName(name); clean != "" && !likeGuest(clean) {
			return clean
		}
	}
	return ""
}

// mailbox returns what stands before the @ of a name to log in with.
func mailbox(login string) string {
	name, _, _ := strings.Cut(login, "@")
	return name
}
