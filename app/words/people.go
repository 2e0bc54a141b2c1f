package words

import (
	"slices"
	"strings"

	"mayfly/app/client/room"
	"mayfly/shared/wire"
)

// maxTypist is how many characters of a name the line shows that says who is typing: two names fit a phone.
const maxTypist = 20

// nameOf returns the first limit characters of a user's name. A guest's name is marked as one, because nobody has checked
// whose it is.
func nameOf(u wire.User, limit int) string {
	name := Cut(room.Called(u), limit)
	if u.Anonymous {
		name = With(GuestTag, name)
	}
	return name
}

// Called returns the name of u, marked if it is a guest's; "" if u has none.
func Called(u wire.User) string {
	if u.Name == "" {
		return ""
	}
	return nameOf(u, len(u.Name))
}

// Names returns all names by which a text can address a user.
func Names(u wire.User) []string {
	if called := room.Called(u); called != u.Name {
		return []string{called, u.Name}
	}
	return []string{u.Name}
}

// IsNamed reports whether a text can address u by name, in upper or lower case.
func IsNamed(u wire.User, name string) bool {
	return slices.ContainsFunc(Names(u), func(n string) bool { return strings.EqualFold(n, name) })
}

// Suggested returns what a suggestion shows behind the name of a user: whether it is a guest's, and the end of the user's id
// if others have the same name.
func Suggested(u wire.User, others bool) string {
	note := Notes(false, u.Anonymous, false)
	if !others {
		return note
	}
	tag := room.Tag(u.ID)
	if note == "" {
		return tag
	}
	return note + Of(NoteSeparator) + tag
}

// Typing says who is typing: one or two names, or that there are several; "" if nobody is.
func Typing(typists []room.Typist) string {
	name := func(i int) string { return isolated(nameOf(typists[i].User, maxTypist)) }
	switch len(typists) {
	case 0:
		return ""
	case 1:
		return With(OneTypes, name(0))
	case 2:
		return With(TwoType, name(0), name(1))
	}
	return Of(SeveralType)
}

// isolated returns a name between two invisible characters that keep its direction from the words around it.
func isolated(name string) string { return "\u2068" + name + "\u2069" }

// Notes returns what the list of people has beside a name: that it is the user's own, a guest's, and that of somebody who
// is typing.
func Notes(you, guest, typing bool) string {
	var notes []string
	for _, n := range []struct {
		is bool
		k  Key
	}{{you, NoteYou}, {guest, NoteGuest}, {typing, NoteTyping}} {
		if n.is {
			notes = append(notes, Of(n.k))
		}
	}
	return strings.Join(notes, Of(NoteSeparator))
}
