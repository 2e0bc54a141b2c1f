package list

import (
	"hash/fnv"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"mayfly/app/client/room"
	"mayfly/shared/wire"
)

// Initials returns the letters in a user's face (avatar). These are the first letters of the first and of the last name. A
// word that begins with neither a letter nor a digit, such as "(ndjf)", is no name. If the name is one word, the face has
// the first two letters of that word. The face of a guest with a pseudonym from the server has the first two letters of the
// pseudonym's last word. The first word of a pseudonym is the same for all guests, and a single letter would be the same for
// Capybaras, Cats and Cods.
func Initials(u wire.User) string {
	var names []string
	for _, word := range strings.Fields(u.Name) {
		if initial(word) != "" {
			names = append(names, word)
		}
	}
	if room.HasPseudonym(u) && len(names) > 1 {
		names = names[len(names)-1:]
	}
	switch len(names) {
	case 0:
		return ""
	case 1:
		_, size := utf8.DecodeRuneInString(names[0])
		return initial(names[0]) + letter(names[0][size:])
	}
	return initial(names[0]) + initial(names[len(names)-1])
}

// initial returns the first character of word in upper case, or "" if that is neither a letter nor a digit.
func initial(word string) string { return strings.ToUpper(letter(word)) }

// letter returns the first character of text if that is a letter or a digit. Otherwise it returns "": other characters
// may be invisible, or change how the characters around them are drawn.
func letter(text string) string {
	r, _ := utf8.DecodeRuneInString(text)
	if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
		return ""
	}
	return string(r)
}

// FaceClass returns the CSS classes of a user's face. Until the server has named the user of this page, that user's face
// has no colour, so that it does not look like the face of another user.
func FaceClass(u wire.User) string {
	if u.ID == "" {
		return "face"
	}
	return "face face-" + tint(u.ID)
}

// tints is the number of colours that faces can have. The style sheet has --tint-0 to --tint-15.
const tints = 16

// tint returns the number of the colour of a user's face. Two users with the same name mostly get different colours.
func tint(id string) string {
	hash := fnv.New32a()
	hash.Write([]byte(id))
	return strconv.Itoa(int(hash.Sum32() % tints))
}
