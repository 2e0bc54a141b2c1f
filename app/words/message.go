package words

import (
	"strconv"
	"strings"

	"mayfly/app/client"
	"mayfly/app/client/room"
	"mayfly/shared/markup"
	"mayfly/shared/wire"
)

// Label returns the accessible name of a message: its author, its text, and its state or the times at which it was sent and
// expires.
func Label(m *client.Message, c Clock) string {
	author := Author(m, len(m.User.Name))
	if m.Mine {
		author = Of(You)
	}
	if state := State(m); state != "" {
		return With(MessageState, author, Text(m), state)
	}
	return With(MessageSent, author, Text(m), c.Sent(m.At), c.Vanishes(m.Expires)) + extras(m)
}

// SentAndVanishes says when the server accepted m, and when m expires.
func (c Clock) SentAndVanishes(m *client.Message) string {
	return With(SentVanishes, c.Sent(m.At), c.Vanishes(m.Expires))
}

// Text returns the text of a message as the page shows it: without the signs of Markdown.
func Text(m *client.Message) string { return markup.Plain(markup.Parse(m.Text)) }

// Author returns the first limit characters of the name of a message's author. A guest's name is marked. If another user
// here has the same name, a tag follows the name and tells the users apart.
func Author(m *client.Message, limit int) string {
	name := nameOf(Named(m.User), limit)
	if m.Tag != "" {
		name = With(AuthorTag, name, m.Tag)
	}
	return name
}

// AuthorParts returns the same text as Author, but in three parts: the mark before the name, the name, and the mark after
// it.
func AuthorParts(m *client.Message, limit int) (before, name, after string) {
	name = Cut(room.Called(Named(m.User)), limit)
	before, after, _ = strings.Cut(Author(m, limit), name)
	return before, name, after
}

// Named returns u. If u has no name, because the server has not sent the user's own name yet, Named gives it the name
// "You".
func Named(u wire.User) wire.User {
	if u.Name == "" {
		u.Name = Of(You)
	}
	return u
}

// State returns the state of the user's own message in words, such as "Sending…"; "" once it is sent.
func State(m *client.Message) string {
	words := ""
	switch m.State {
	case client.Sent:
		return ""
	case client.Waiting:
		words = Of(WaitingToSend)
	case client.Failed:
		words = Of(NotSent)
	default:
		words = Of(Sending)
	}
	if m.Reason != (client.Problem{}) {
		words += " " + Problem(m.Reason)
	}
	return words
}

// Left says how many seconds a message has to live.
func Left(seconds int) string { return With(SecondsLeft, strconv.Itoa(seconds)) }

// maxFirst is how many characters First keeps of a longer text. First is used, for example, in the accessible names of
// buttons.
const maxFirst = 30

// First returns the first maxFirst characters of a text, in one line.
func First(text string) string { return Cut(strings.Join(strings.Fields(text), " "), maxFirst) }
