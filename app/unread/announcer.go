package unread

import (
	"slices"
	"strings"
	"time"

	"mayfly/app/client"
	"mayfly/app/words"
)

// The message list is no live region, because screen readers would read out the whole history, and report removed
// messages as changes. Instead, two invisible live regions hold what is new: a polite region for messages, and an alert
// for failures.
const (
	gather   = 300 * time.Millisecond // how long a new message waits, so that messages that come meanwhile are said with it
	pause    = 2 * time.Second        // the shortest time between two announcements of messages
	maxLines = 3                      // if more messages are new, only their number is said
	maxSaid  = 200                    // how many characters of a message's text are said at most

	// along is how long before due the unsaid messages may be said, if Observe is called for another reason: to say them
	// then costs less than another call with a frame of its own.
	along = gather / 2
)

// An Announcer decides what a screen reader says. It does not announce expired messages, or messages that were in the room
// before the user came. When a message expires, its words are removed from the live region.
type Announcer struct {
	Polite, Alert string // the texts of the two live regions

	entered bool          // the user has entered a room whose number of messages is not said yet
	unsaid  []string      // the keys of other users' new messages that are not said yet, in order
	due     time.Duration // when the unsaid messages must be said, as a time that Observe gets (now)
	last    time.Duration // when messages were last said, as a time that Observe gets (now)
	quoted  []string      // the keys of the messages in Polite
}

// Observe compares the view current with previous, the view before it. now is the time since the page was mounted. Call
// Observe again when the next view comes. If Observe returns more than 0, also call it again after that time, with the
// same view as previous and current.
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

// compare finds what is new between two views. It adds other users' new messages to unsaid, and puts the last failure of
// a message of the user's own into Alert. sent says whether the server has accepted a message of the user's own.
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

// lines returns text and, below it, the unsaid messages that have not expired: the author and the text of each or, if
// there are more than maxLines, only their number. quoted holds the keys of the messages whose texts it added.
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

// differently returns text. If that is the text which the live region has already (previous), differently adds an
// invisible character: a screen reader only reads out a text that changes.
func differently(previous, text string) string {
	if text != "" && text == previous {
		text += "\u00a0"
	}
	return text
}
