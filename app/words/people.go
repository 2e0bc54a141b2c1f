package words

import (
	"slices"
	"strings"

	"mayfly/app/client/room"
	"mayfly/shared/wire"
)

// maxTypist is how many characters of a name are shown in the line that says who is typing. With 20, two names fit on a
// phone.
const maxTypist = 20

// nameOf returns the first limit characters of u's name. Behind a guest's name it adds "(guest)", because nobody has checked
// whether that is really the guest's name.
func nameOf(u wire.User, limit int) string {
	name := Cut(room.Called(u), limit)
	if u.Anonymous {
		name = With(GuestTag, name)
	}
	return name
}

// Called returns the name of u, followed by "(guest)" if u is a guest. It returns "" if u has no name.
func Called(u wire.User) string {
	if u.Name == "" {
		return ""
	}
	return nameOf(u, len(u.Name))
}

// Names returns all names by which a text can address u. A guest with a pseudonym has two names, such as "Heron" and
// "Anonymous Heron".
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

// Suggested returns the note that the page shows behind the name of u in the list of suggestions: "guest" for a guest. If
// others is true, other users have the same name. Then the note also has a tag, which is different for each of these users.
func Suggested(u wire.User, others bool) string {
	note := Notes(false, u.Anonymous, false, false)
	if !others {
		return note
	}
	tag := room.Tag(u.ID)
	if note == "" {
		return tag
	}
	return note + Of(NoteSeparator) + tag
}

// Typing returns the sentence that says who is typing. The sentence names one or two users. For more users, it says only
// that several users are typing. If nobody is typing, Typing returns "".
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

// isolated returns a name between two invisible characters, so that a name in a right-to-left script does not change the
// order of the words around it.
func isolated(name string) string { return "\u2068" + name + "\u2069" }

// Notes returns the notes that the list of people shows beside a user's name, such as "you · typing…". Each argument that is
// true adds a note: the user is the user of this page (you), is a guest (guest), is a moderator (moderator), or is typing
// (typing).
func Notes(you, guest, moderator, typing bool) string {
	var notes []string
	for _, n := range []struct {
		is bool
		k  Key
	}{{you, NoteYou}, {guest, NoteGuest}, {moderator, NoteModerator}, {typing, NoteTyping}} {
		if n.is {
			notes = append(notes, Of(n.k))
		}
	}
	return strings.Join(notes, Of(NoteSeparator))
}
