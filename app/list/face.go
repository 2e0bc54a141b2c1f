package list

import (
	"hash/fnv"
	"strings"
	"unicode"
	"unicode/utf8"

	"mayfly/shared/wire"
)

// initials returns the letters in a user's face: the first letters of the first and of the last word of the name. Of an
// anonymous user's name, it takes only the last word.
func initials(u wire.User) string {
	words := strings.Fields(u.Name)
	if u.Anonymous && len(words) > 1 {
		words = words[len(words)-1:]
	}
	if len(words) == 0 {
		return ""
	}
	letters := initial(words[0])
	if len(words) > 1 {
		letters += initial(words[len(words)-1])
	}
	return letters
}

// initial returns the first character of word in upper case if it is a letter or digit, else "".
func initial(word string) string {
	r, _ := utf8.DecodeRuneInString(word)
	if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
		return ""
	}
	return string(unicode.ToUpper(r))
}

// tints is the number of colours that faces can have. The style sheet has --tint-0 to --tint-7.
const tints = 8

// tint returns the number of the colour of a user's face. Two users with the same name mostly get different colours.
func tint(id string) string {
	hash := fnv.New32a()
	hash.Write([]byte(id))
	return string('0' + byte(hash.Sum32()%tints))
}
