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
// expires. For a sent message, the sentences of extras follow.
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

// Author returns the first limit characters of the name of a message's author. A guest's name is marked, as in "Ada
// (guest)". If another user in the room has the same name, a tag follows that differs between the users, as in "Ada (4fKq)".
func Author(m *client.Message, limit int) string {
	name := nameOf(Named(m.User), limit)
	if m.Tag != "" {
		name = With(AuthorTag, name, m.Tag)
	}
	return name
}

// AuthorParts returns the text of Author in three parts: the text before the name, the name, and the text after the name,
// for example " (guest)".
func AuthorParts(m *client.Message, limit int) (before, name, after string) {
	name = Cut(room.Called(Named(m.User)), limit)
	before, after, _ = strings.Cut(Author(m, limit), name)
	return before, name, after
}

// Named returns u. If u has no name, Named sets the name to "You". Only the user of this page can be without a name: the
// client does not know the user's name until the server has sent it.
func Named(u wire.User) wire.User {
	if u.Name == "" {
		u.Name = Of(You)
	}
	return u
}

// State returns the state of the user's own message in words, such as "Sending…", and the sentence for m.Reason, if there
// is one. It returns "" once the message is sent.
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

// Left returns the sentence that says how many seconds a message has left to live.
func Left(seconds int) string { return With(SecondsLeft, strconv.Itoa(seconds)) }

// LeftByClock says how many seconds a message has to live, in hours, minutes and seconds: 4:59, or 1:04:59.
func LeftByClock(seconds int) string {
	pad := func(n int) string { return strconv.Itoa(100 + n%60)[1:] }
	minutes := strconv.Itoa(seconds / 60)
	if hours := seconds / 3600; hours > 0 {
		minutes = strconv.Itoa(hours) + ":" + pad(seconds/60)
	}
	return minutes + ":" + pad(seconds)
}

// maxFirst is how many characters of a longer text First returns. It is used, for example, in the accessible names of
// buttons.
const maxFirst = 30

// First returns the first maxFirst characters of a text, in one line.
func First(text string) string { return Cut(strings.Join(strings.Fields(text), " "), maxFirst) }
