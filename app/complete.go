package app

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"mayfly/app/client/room"
	"mayfly/app/words"
	"mayfly/shared/wire"
)

const (
	// maxSuggested is the largest number of suggestions that the composer offers.
	maxSuggested = 6
	// minShortcode is how many characters must follow the colon before the composer suggests emoji. After one character,
	// most users mean a face such as :D.
	minShortcode = 2
)

// After one of these signs, the composer suggests completions of what the user writes.
const (
	emojiSign   = ':' // begins a shortcode, and ends it
	mentionSign = '@' // begins the name of a user
)

// A stem is the end of the user's text that a suggestion would replace, such as ":tad": a sign, and the characters after the
// sign. If the text has no such end, the field sign is 0.
type stem struct {
	sign byte
	text string // without the sign
}

// stemOf returns the stem at the end of text. text is the part of the composer's text before the caret.
func stemOf(text string) stem {
	if inCode(text) {
		return stem{}
	}
	line := lastLine(text)
	if s := after(line, emojiSign); utf8.RuneCountInString(s) >= minShortcode && strings.IndexFunc(s, notShortcode) < 0 {
		return stem{emojiSign, s}
	}
	at := strings.LastIndexByte(line, mentionSign)
	if s := after(line, mentionSign); at >= 0 && (s != "" || at == len(line)-1 && freeAt(line, at)) {
		if utf8.RuneCountInString(s) <= wire.MaxName {
			return stem{mentionSign, s}
		}
	}
	return stem{}
}

// after returns the part of line after the last sign. It returns "" if line does not contain sign, or if the last sign may
// not begin a shortcode or a mention (freeAt).
func after(line string, sign byte) string {
	at := strings.LastIndexByte(line, sign)
	if at < 0 || !freeAt(line, at) {
		return ""
	}
	return line[at+1:]
}

// freeAt reports whether the sign line[at] may begin a shortcode or a mention. It returns false for a sign inside a word, a
// time such as 12:30, a mail address or a web address.
func freeAt(line string, at int) bool {
	before, _ := utf8.DecodeLastRuneInString(line[:at])
	word := line[strings.LastIndexFunc(line[:at], unicode.IsSpace)+1 : at]
	return !unicode.IsLetter(before) && !unicode.IsDigit(before) && !strings.Contains(word, "://")
}

// inCode reports whether the end of text is inside code: a block of code (```) or code within the last line (`) has begun,
// but has not ended.
func inCode(text string) bool {
	return strings.Count(text, "```")%2 == 1 || strings.Count(lastLine(text), "`")%2 == 1
}

func lastLine(text string) string { return text[strings.LastIndexByte(text, '\n')+1:] }

func notShortcode(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '+' && r != '-'
}

// A suggestion is a completion that the composer offers for a stem.
type suggestion struct {
	insert string    // the text that replaces the stem
	name   string    // what the list shows
	note   string    // what the list shows behind the name, see suggestUsers; "" for an emoji
	user   wire.User // the suggested user; zero if the suggestion is an emoji
	emoji  string    // the suggested emoji; "" if the suggestion is a user
}

// suggest returns the suggestions for the stem s, the best first. users are the users in the room. me is the id of the user
// of this page. suggest does not suggest that user.
func suggest(s stem, users []wire.User, me string) []suggestion {
	switch s.sign {
	case emojiSign:
		return suggestEmoji(s.text)
	case mentionSign:
		return suggestUsers(s.text, users, me)
	}
	return nil
}

func suggestEmoji(text string) []suggestion {
	codes, text := shortcodes(), strings.ToLower(text)
	var found []ranked
	for i := 0; i+1 < len(codes); i += 2 {
		if rank := rankOf(codes[i], text, "_"); rank != noMatch {
			name := string(emojiSign) + codes[i] + string(emojiSign)
			found = append(found, ranked{suggestion{insert: codes[i+1] + " ", name: name, emoji: codes[i+1]}, rank})
		}
	}
	return best(found)
}

// suggestUsers returns suggestions for the users whose names match text, without the user of this page (me).
func suggestUsers(text string, users []wire.User, me string) []suggestion {
	text = strings.ToLower(text)
	var found []ranked
	for _, s := range addressable(users, me) {
		if rank := rankOf(strings.ToLower(s.name), text, " "); rank != noMatch {
			found = append(found, ranked{s, rank})
		}
	}
	return best(found)
}

// addressable returns a suggestion for each user whom a text can mention by name, without the user of this page (me). The
// note of a suggestion says if the user is a guest. If another user in the room has the same name, the note also shows the
// end of the user's id.
func addressable(users []wire.User, me string) (all []suggestion) {
	have := make(map[string]int)
	for i := range users {
		have[strings.ToLower(room.Called(users[i]))]++
	}
	for _, u := range users {
		name := room.Called(u)
		if u.ID == me || name == "" {
			continue
		}
		s := suggestion{insert: string(mentionSign) + name + " ", name: name, user: u}
		s.note = words.Suggested(u, have[strings.ToLower(name)] > 1)
		all = append(all, s)
	}
	return all
}

// emojiOf returns the emoji for the shortcode at the end of text, such as ":tada:". size is the number of bytes of the
// shortcode with its two colons. If text does not end with a known shortcode, emojiOf returns "" and 0.
func emojiOf(text string) (emoji string, size int) {
	opened, ok := strings.CutSuffix(text, string(emojiSign))
	if !ok || inCode(opened) {
		return "", 0
	}
	name := after(lastLine(opened), emojiSign)
	codes := shortcodes()
	for i := 0; i+1 < len(codes); i += 2 {
		if codes[i] == strings.ToLower(name) {
			return codes[i+1], len(name) + 2
		}
	}
	return "", 0
}

// These ranks say how well a name matches what the user has written. The lowest number is the best match.
const (
	matchesAll = iota
	matchesStart
	matchesWord // the start of a later word
	matchesInside
	noMatch
)

// rankOf returns how well name matches text. The parameter between is the string that separates the words of name. name and
// text are in lower case.
func rankOf(name, text, between string) int {
	switch {
	case name == text:
		return matchesAll
	case strings.HasPrefix(name, text):
		return matchesStart
	case strings.Contains(name, between+text):
		return matchesWord
	case strings.Contains(name, text):
		return matchesInside
	}
	return noMatch
}

// A ranked is a suggestion with its rank: how well it matches what the user has written.
type ranked struct {
	suggestion
	rank int
}

// best sorts found by rank, the best first, and returns the first maxSuggested suggestions. Suggestions of the same rank
// keep their order. Each emoji is suggested only once.
func best(found []ranked) (list []suggestion) {
	for rank := matchesAll; rank < noMatch; rank++ {
		for i := range found {
			s := &found[i].suggestion
			twice := func(o suggestion) bool { return o.emoji != "" && o.emoji == s.emoji } // an emoji may have two names
			if found[i].rank == rank && len(list) < maxSuggested && !slices.ContainsFunc(list, twice) {
				list = append(list, *s)
			}
		}
	}
	return list
}

// addressed returns the ids of the users whom a text mentions. mentions are the names that follow an @ in the text. picked
// contains the ids of the users whom the author has picked from the suggestions. If several users have a mentioned name, the
// text mentions the user whom the author has picked. If the author has picked none or several of them, it mentions none.
func addressed(mentions []string, users []wire.User, picked []string) []string {
	var ids []string
	for _, name := range mentions {
		var same []string
		for i := range users {
			if words.IsNamed(users[i], name) {
				same = append(same, users[i].ID)
			}
		}
		if len(same) > 1 {
			same = slices.DeleteFunc(same, func(id string) bool { return !slices.Contains(picked, id) })
		}
		if len(same) == 1 && !slices.Contains(ids, same[0]) {
			ids = append(ids, same[0])
		}
	}
	return ids
}
