package unread

import (
	"strings"
	"time"

	"mayfly/app/client"
	"mayfly/app/words"
)

// The message list itself is silent for screen readers: they would read long histories twice, and expiry as news. Two unseen
// live regions say what is new, one politely, one for failures.
const (
	gather   = 300 * time.Millisecond // from a message's arrival until it is said, with those that came meanwhile
	along    = gather / 2             // so much earlier if the page is drawn anyway: a frame of its own costs more
	pause    = 2 * time.Second        // between messages that are said
	maxLines = 3                      // of more messages in that time only the number is said
	maxSaid  = 200                    // characters of a text
)

// An Announcer decides what a screen reader says. It says neither expiry nor the messages that were in the room before,
// and takes back the words of a message that has expired.
type Announcer struct {
	Polite, Alert string // what the two live regions hold

	entered bool          // the room is new, and how many messages it has is not said yet
	unsaid  []string      // the keys of others' messages that came, in order
	due     time.Duration // when they are said
	last    time.Duration // when others' messages were last said
	quoted  []string      // the keys of the messages in Polite
}

// Observe compares two views that follow each other, now, on a clock that began with the page. It returns how long it is
// until it should be called again with the last view twice; 0: not before the next view.
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

// compare finds what is new: others' messages, failures of the user's own, of which the last is said, and whether the
// server has accepted one of the user's own.
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
		case m.Seq <= after.Head: // it came with the room
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

// lines adds to text what is said of the unsaid messages that are still there, and returns which of them it quotes.
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

// Say says a sentence politely.
func (a *Announcer) Say(text string) { a.Polite, a.quoted = differently(a.Polite, text), nil }

// differently returns text so that it differs from what was said last: a screen reader does not read out what does not
// change.
func differently(last, text string) string {
	if text != "" && text == last {
		text += "\u00a0"
	}
	return text
}
