package app

import (
	"strings"
	"time"

	"mayfly/app/client"
)

// The log itself is silent for screen readers: they read long histories twice, and expiry as news. What is new is said by two
// unseen elements, one polite, one for failures. Here is what they say; status.go writes it there.
const (
	gather   = 300 * time.Millisecond // a message is said so long after it came, together with what came along with it
	pause    = 2 * time.Second        // between messages that are said; of more than maxLines in that time only the number is
	along    = gather / 2             // so much earlier it is said if the page is drawn anyway: a frame of its own costs more
	maxLines = 3
	maxSaid  = 200 // characters of a text
)

// An announcer decides what is said. Neither expiry nor what was there before is; what has expired is not left standing.
type announcer struct {
	polite, alert string // what the two elements hold

	entered bool          // the room is new, and how much there is in it is not said yet
	unsaid  []string      // keys of others' messages that came, in order
	due     time.Duration // when they are said
	last    time.Duration // when others were
	quoted  []string      // keys of the messages in polite
}

// hear takes in that one view followed another, now, on a clock that began with the page. It returns how long it is until it
// should be called again with the last view twice; 0: only for the next view.
func (a *announcer) hear(before, after *client.View, now time.Duration) time.Duration {
	if after.Room != before.Room {
		a.unsaid, a.entered = nil, before.Room != ""
	}
	waiting := len(a.unsaid) > 0
	words := ""
	if a.compare(before, after) {
		words = "Sent"
	}
	if a.entered && after.Joined {
		a.entered = false
		words = "Room " + after.Room + ", " + count(len(after.Messages), "message")
	}
	if !waiting {
		a.due = max(now+gather, a.last+pause)
	}
	var quoted []string
	if len(a.unsaid) > 0 && now >= a.due-along {
		words, quoted = a.lines(words, after.Messages)
		a.unsaid, a.last = nil, now
	}
	if words != "" {
		a.say(words)
		a.quoted = quoted
	}
	for _, key := range a.quoted {
		if find(after.Messages, key, 0) < 0 {
			a.polite, a.quoted = "", nil
			break
		}
	}
	if len(a.unsaid) == 0 {
		return 0
	}
	return a.due - now
}

// compare finds what is new: others' messages, failures of one's own, of which it says the last, and whether the server has
// taken one of one's own.
func (a *announcer) compare(before, after *client.View) (sent bool) {
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
				failure = stateWords(m)
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
		a.alert = again(a.alert, failure)
	}
	return sent
}

// lines adds to words what is said of the unsaid messages that are still there, and returns which of them it quotes.
func (a *announcer) lines(words string, messages []client.Message) (_ string, quoted []string) {
	lines := ""
	for _, key := range a.unsaid {
		if i := find(messages, key, 0); i >= 0 {
			lines += "\n" + nameOf(&messages[i], len(messages[i].User.Name)) + ": " + cut(messages[i].Text, maxSaid)
			quoted = append(quoted, key)
		}
	}
	if n := len(quoted); n > maxLines {
		lines, quoted = "\n"+count(n, "new message"), nil
	}
	return strings.TrimPrefix(words+lines, "\n"), quoted
}

// say says words politely.
func (a *announcer) say(words string) { a.polite, a.quoted = again(a.polite, words), nil }

// again returns words so that they differ from what was said last: what does not change is not read out.
func again(last, words string) string {
	if words != "" && words == last {
		words += "\u00a0"
	}
	return words
}
