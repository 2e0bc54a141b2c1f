package unread

import (
	"slices"
	"strings"
	"time"

	"mayfly/app/client"
	"mayfly/app/words"
)

// The message list is no live region: screen readers would read out the whole history, and report removed messages as
// changes. Instead, the page has two invisible live regions for news: a polite region for messages, and an alert for
// failures. These constants limit how often and how much a screen reader says.
const (
	gather   = 300 * time.Millisecond // a new message waits this long to be said, together with messages that come meanwhile
	pause    = 2 * time.Second        // the shortest time between two announcements of messages
	maxLines = 3                      // if more messages are new, only their number is said
	maxSaid  = 200                    // the most characters of a message's text that are said, or that a notification has

	// along is the time before a.due in which Observe may already say the unsaid messages. If another change makes the page
	// call Observe in that time, Observe says them at once. That costs the browser less than another call of Observe a
	// moment later.
	along = gather / 2
)

// An Announcer decides what a screen reader says. It does not announce expired messages, or messages that were in the room
// before the user came. When a message expires, its words are removed from the live region.
type Announcer struct {
	Polite, Alert string // the texts of the two live regions

	entered bool          // the user has entered a room whose number of messages is not said yet
	unsaid  []string      // the keys of other users' new messages that are not said yet, in order
	due     time.Duration // when the unsaid messages must be said, counted from when the page was mounted
	last    time.Duration // when messages were last said, counted from when the page was mounted
	quoted  []string      // the keys of the messages whose texts are in Polite; when one expires, Polite becomes ""
}

// Observe compares the view current with previous, the view before it, and sets Polite and Alert. now is the time since the
// page was mounted. Call Observe with each new view. If Observe returns more than 0, call it once more after that time, even
// if no new view has come: then current is both arguments.
func (a *Announcer) Observe(previous, current *client.View, now time.Duration) time.Duration {
	if current.Room != previous.Room {
		a.unsaid, a.entered = nil, previous.Room != ""
	}
	waiting := len(a.unsaid) > 0
	text := ""
	if a.compare(previous, current) {
		text = words.Of(words.SentAloud)
	}
	if a.entered && current.Joined {
		a.entered = false
		text = words.With(words.RoomEntered, current.Room, words.Count(words.Messages, len(current.Messages)))
	}
	if !waiting {
		a.due = max(now+gather, a.last+pause)
	}
	var quoted []string
	if len(a.unsaid) > 0 && now >= a.due-along {
		text, quoted = a.lines(text, current.Messages)
		a.unsaid, a.last = nil, now
	}
	if text != "" {
		a.Say(text)
		a.quoted = quoted
	}
	for _, key := range a.quoted {
		if find(current.Messages, key, 0) < 0 {
			a.Polite, a.quoted = "", nil
			break
		}
	}
	if len(a.unsaid) == 0 {
		return 0
	}
	return a.due - now
}

// compare finds out what has changed between two views. It adds other users' new messages to unsaid. If a message of the
// user's own could not be sent, compare puts the reason into Alert. If current has no such message, it empties Alert. It
// returns true if the server has accepted a message of the user's own since the view previous.
func (a *Announcer) compare(previous, current *client.View) (sent bool) {
	failed, failure := false, ""
	for i := range current.Messages {
		m := &current.Messages[i]
		var was *client.Message
		if at := find(previous.Messages, m.Key, i); at >= 0 {
			was = &previous.Messages[at]
		}
		switch {
		case m.State == client.Failed:
			failed = true
			if current.Room == previous.Room && (was == nil || was.State != client.Failed) {
				failure = words.State(m)
			}
		case m.Seq == 0:
		case was != nil:
			sent = sent || was.Seq == 0
		case m.Seq <= current.Head: // the message was in the room before the user joined
		case slices.Contains(previous.Undo, m.Key): // the user took the message back and has undone that
		case m.Mine:
			sent = true
		default:
			a.unsaid = append(a.unsaid, m.Key)
		}
	}
	if failure != "" || !failed {
		a.Alert = differently(a.Alert, failure)
	}
	return sent
}

// lines returns text, followed by one line for each unsaid message that has not expired, with its author and its text. If
// there are more than maxLines such messages, one line with their number follows instead. quoted has the keys of the
// messages whose texts are in the result.
func (a *Announcer) lines(text string, messages []client.Message) (_ string, quoted []string) {
	lines := ""
	for _, key := range a.unsaid {
		if i := find(messages, key, 0); i >= 0 {
			m := &messages[i]
			said := words.Cut(words.Text(m), maxSaid)
			lines += "\n" + words.With(words.MessageAloud, words.Author(m, len(m.User.Name)), said)
			quoted = append(quoted, key)
		}
	}
	if n := len(quoted); n > maxLines {
		lines, quoted = "\n"+words.Count(words.NewMessages, n), nil
	}
	return strings.TrimPrefix(text+lines, "\n"), quoted
}

// Say puts a sentence into the polite live region.
func (a *Announcer) Say(text string) { a.Polite, a.quoted = differently(a.Polite, text), nil }

// differently returns text for a live region. previous is the text that is in the live region now. If both are equal,
// differently adds an invisible character to text, because a screen reader reads a region out only if its text changes.
func differently(previous, text string) string {
	if text != "" && text == previous {
		text += "\u00a0"
	}
	return text
}
