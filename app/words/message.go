package words

import (
	"strconv"
	"strings"
	"time"

	"mayfly/app/client"
	"mayfly/shared/wire"
)

// Label returns a message as one sentence: author, text, time or state.
func Label(m *client.Message) string {
	author := Author(m, len(m.User.Name))
	if m.Mine {
		author = Of(You)
	}
	if state := State(m); state != "" {
		return With(MessageState, author, m.Text, state)
	}
	return With(MessageSent, author, m.Text, Sent(m), Vanishes(m))
}

// Author returns the first characters of the name of a message's author, at most as many as limit, and what tells the author
// from others of the same name.
func Author(m *client.Message, limit int) string {
	name := Cut(Named(m.User).Name, limit)
	if m.Tag != "" {
		name = With(AuthorTag, name, m.Tag)
	}
	return name
}

// Named returns u, called "You" if no connection has told the user's own name yet.
func Named(u wire.User) wire.User {
	if u.Name == "" {
		u.Name = Of(You)
	}
	return u
}

// State says how far the user's own message is, "" once it is sent.
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

// Sent says when a message was sent.
func Sent(m *client.Message) string { return With(SentAt, m.At.Format(time.TimeOnly)) }

// Vanishes says when a message expires.
func Vanishes(m *client.Message) string { return With(VanishesAt, m.Expires.Format(time.TimeOnly)) }

// Left says how many seconds a message has to live.
func Left(seconds int) string { return With(SecondsLeft, strconv.Itoa(seconds)) }

// Actions names the button that shows a message's actions. The name begins with the words that the button shows: the seconds
// that are left, if they are few, and under the pointer when the message expires.
func Actions(m *client.Message, seconds int) string {
	shown := Vanishes(m)
	if seconds > 0 {
		shown = Left(seconds) + " " + shown
	}
	return With(ActionsShown, shown, Of(ActionsLabel))
}

// maxFirst is how many characters of a text name a button: enough to know the message by.
const maxFirst = 30

// First returns the beginning of a text, in one line.
func First(text string) string { return Cut(strings.Join(strings.Fields(text), " "), maxFirst) }
