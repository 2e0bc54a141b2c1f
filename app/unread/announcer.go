package unread

import (
	"strings"
	"time"

	"mayfly/app/client"
	"mayfly/app/words"
)

// The message list is no live region, because screen readers would read out the whole history, and report removed messages
// as changes. Instead, two invisible live regions hold what is new: one polite, one for failures (an alert).
const (
	gather   = 300 * time.Millisecond // how long a new message waits to be said together with those that come meanwhile
	pause    = 2 * time.Second        // the shortest time between two announcements of messages
	maxLines = 3                      // if more messages are new, only their number is said
	maxSaid  = 200                    // how many characters of a message's text are said at most

	// A message may be said this much earlier if the page is being drawn anyway, because a frame of its own costs more.
	along = gather / 2
)

// An Announcer decides what a screen reader says. It does not announce expired messages, or messages that were in the room
// before the user came. When a message expires, its words are removed from the live region.
type Announcer struct {
	Polite, Alert string // the texts of the two live regions

	entered bool          // the user has entered a room whose number of messages is not said yet
	unsaid  []string      // the keys of other users' new messages that are not said yet, in order
	due     time.Duration // when the unsaid messages must be said, on the clock of Observe
	last    time.Duration // when messages were last said, on the clock of Observe
	quoted  []string      // the keys of the messages in Polite
}

// Observe compares two consecutive views. now is the time since the page was mounted. Observe returns the time after which
// it must be called again, with the last view as both; 0: only when the next view comes.
func (a *Announcer) Observe(before, after *client.View, now time.Duration) time.Duration {
	if after.Room != before.Room {
		a.unsaid, a.entered = nil, before.Room != ""
	}
	waiting := len(a.unsaid) > 0
	text := ""
	if a.compare(before, after) {
		text = words.Of(words.SentAloud)
	}
	if a.entered && after.Joined {
		a.entered = false
		text = words.With(words.RoomEntered, after.Room, words.Count(words.Messages, len(after.Messages)))
	}
	if !waiting {
		a.due = max(now+gather, a.last+pause)
	}
	var quoted []string
	if len(a.unsaid) > 0 && now >= a.due-along {
		text, quoted = a.lines(text, after.Messages)
		a.unsaid, a.last = nil, now
	}
	if text != "" {
		a.Say(text)
		a.quoted = quoted
	}
	for _, key := range a.quoted {
		if find(after.Messages, key, 0) < 0 {
			a.Polite, a.quoted = "", nil
			break
		}
	}
	if len(a.unsaid) == 0 {
		return 0
	}
	return a.due - now
}

// compare finds what is new between two views: other users' messages, the last failure of one of the user's own messages,
// and whether the server has accepted one of them.
func (a *Announcer) compare(before, after *client.View) (sent bool) {
	failed, failure := false, ""
	for i := range after.Messages {
		m := &after.Messages[i]
		var was *client.Message
		if at := find(before.Messages, m.Key, i); at >= 0 {
			was = &before.Messages[at]
		}
		switch {
		case m.State == client.Failed:
			failed = true
			if after.Room == before.Room && (was == nil || was.State != client.Failed) {
				failure = words.State(m)
			}
		case m.Seq == 0:
		case was != nil:
			sent = sent || was.Seq == 0
		case m.Seq <= after.Head: // it was in the room before the user joined
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

// lines adds the unsaid messages that have not expired to text: their authors and texts, or only their number. It returns
// the keys of the messages whose texts it added.
func (a *Announcer) lines(text string, messages []client.Message) (_ string, quoted []string) {
	lines := ""
	for _, key := range a.unsaid {
		if i := find(messages, key, 0); i >= 0 {
			m := &messages[i]
			lines += "\n" + words.With(words.MessageAloud, words.Author(m, len(m.User.Name)), words.Cut(m.Text, maxSaid))
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

// differently returns text, changed invisibly if it equals the last text, because a screen reader only reads out a text that
// changes.
func differently(last, text string) string {
	if text != "" && text == last {
		text += "\u00a0"
	}
	return text
}
