package list

import (
	"hash/fnv"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"mayfly/shared/wire"
)

// initials returns the letters in a user's face: the first ones of the first and of the last name. A word that begins with
// anything but a letter or a digit, such as the bracket of "(ndjf)", is no name. A name of one word has two letters of that
// word, and so has an anonymous user, whose first name is everybody's: there are Capybaras, Cats and Cods.
func initials(u wire.User) string {
	var names []string
	for _, word := range strings.Fields(u.Name) {
		if initial(word) != "" {
			names = append(names, word)
		}
	}
	if u.Anonymous && len(names) > 1 {
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

// initial returns the first letter of the word in upper case.
func initial(word string) string { return strings.ToUpper(letter(word)) }

// letter returns the letter or digit that the text begins with; "" if it begins with another character, because that could
// hold more than is seen.
func letter(text string) string {
	r, _ := utf8.DecodeRuneInString(text)
	if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
		return ""
	}
	return string(r)
}

// faceClass returns the CSS classes of a user's face. As long as no connection has told who the user of this page is,
// the face has no colour: it must not look like that of another user.
func faceClass(u wire.User) string {
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
