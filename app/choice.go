package app

import (
	"slices"
	"strings"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/words"
)

// This file decides what the palette lists for a text. palette.go draws the palette, and choices.go says what
// there is to choose.

// maxFoundPeople is the largest number of people in the palette's list. To see others, the user must type more of a name.
const maxFoundPeople = 20

// A choiceKind says what the page does with a choice.
type choiceKind int

const (
	goToRoom  choiceKind = iota // show a room of the list of rooms
	openRoom                    // show any other room
	addressee                   // write a mention of a person into the composer
	runAction                   // call the function in the field does
)

// A choice is one thing that the user can choose in the palette.
type choice struct {
	kind   choiceKind
	name   string              // the name of the room (without #), of the person or of the action
	note   string              // what the list shows behind the name, "" for nothing
	person suggestion          // the person, if kind is addressee
	does   func(goapp.Context) // the action, if kind is runAction
}

// sign returns the sign with which the user can begin the text to find only choices like c: # for rooms, and @ for people.
// It returns "" for an action.
func (c *choice) sign() string {
	switch c.kind {
	case goToRoom, openRoom:
		return "#"
	case addressee:
		return string(mentionSign)
	}
	return ""
}

// shown returns what the list shows of c.
func (c *choice) shown() string {
	if c.kind == openRoom {
		return words.With(words.OpenNamed, c.name)
	}
	return c.name
}

// rank says how well c matches text, which is in lower case.
func (c *choice) rank(text string) int {
	between := " "
	if c.kind == goToRoom {
		between = "-"
	}
	return rankOf(strings.ToLower(c.name), text, between)
}

// find returns the choices that match what the user has written, the best first: names that are the text, names that begin
// with it, and then the others. Choices that match equally well keep their order. With # before the text, find returns
// only rooms, and with @ only people. If the text is the name or the address of a room that is not among the found ones,
// the last choice is to open that room. origin is this server's origin.
func find(all []choice, written, origin string) (found []choice) {
	text, sign := strings.ToLower(strings.TrimSpace(written)), ""
	if strings.HasPrefix(text, "#") || strings.HasPrefix(text, string(mentionSign)) {
		sign, text = text[:1], strings.TrimSpace(text[1:])
	}
	var ranks [noMatch][]choice
	for i := range all {
		c := &all[i]
		if rank := c.rank(text); rank != noMatch && (sign == "" || sign == c.sign()) {
			ranks[rank] = append(ranks[rank], *c)
		}
	}
	people := 0
	found = slices.DeleteFunc(slices.Concat(ranks[:]...), func(c choice) bool {
		if c.kind == addressee {
			people++
		}
		return c.kind == addressee && people > maxFoundPeople
	})
	name, ok := roomNamed(written, origin)
	if ok && !slices.ContainsFunc(found, func(c choice) bool { return c.kind == goToRoom && c.name == name }) {
		found = append(found, choice{kind: openRoom, name: name})
	}
	return found
}
