package unread

import (
	"time"

	"mayfly/app/client"
	"mayfly/app/words"
	"mayfly/shared/wire"
)

// A Scope says of which messages in a room the user wants notifications.
type Scope int

const (
	ForMe      Scope = iota // those that mention the user, or answer a message of the user's
	Everything              // those of all other users
	Nothing                 // none
)

// Wishes are what the user wants of notifications, and whether the user can see the page.
type Wishes struct {
	Scope  func(room string) Scope
	Text   bool // a notification also has the text of the message
	Hidden bool // the page is hidden: only then a notification is shown
}

// A Notification tells the user of one message.
type Notification struct {
	Room        string
	At          wire.Cursor // the place of the message in the room
	Title, Text string      // Text is "" if the user does not want it
}

// A Notifier decides which notifications the browser shows, and which it closes. A room has one notification at most, about
// the newest unread message in the user's scope. It is shown only if that message came while the page was hidden. It is
// replaced or closed as soon as a newer message in the scope comes, and closed when its message has expired, was taken
// back, or was read.
//
// Each tab of a browser has a Notifier, which decides as if there were no other tab. So several tabs ask for the same
// notification. The service worker (web/worker.js) shows it once, and only if no tab is visible. A Notifier also asks to
// close a notification that another tab has asked for: that tab may be gone.
type Notifier struct {
	rooms map[string]noted
}

// noted is what a Notifier knows of a room.
type noted struct {
	newest wire.Cursor // the place of the newest message that Observe has found unread
	at     time.Time   // when that message was posted
	told   wire.Cursor // the place of the message of which a notification may be shown; zero: none
}

// Observe compares the news of all rooms with the news of the last call. Call it with each new view. show are the
// notifications that the browser must show; each replaces the notification of its room. closed are the notifications that
// the browser must close, if they are shown; it must also close a notification of an older message in the same room. In
// closed, only Room and At are set.
//
// When Observe first finds that a room is joined, it shows no notification for the messages that are unread there already.
// Later it shows a notification also for messages that came while the connection was lost.
func (n *Notifier) Observe(news []client.News, w Wishes) (show, closed []Notification) {
	before := n.rooms
	n.rooms = make(map[string]noted, len(news))
	for i := range news {
		room := news[i].Room
		was, known := before[room]
		if !known && !news[i].Joined {
			continue
		}
		m := wanted(&news[i], w.Scope(room))
		is := noted{was.newest, was.at, m.Place()}
		if latest := news[i].Latest; was.before(latest) {
			is.newest, is.at = latest.Place(), latest.At
		}
		n.rooms[room] = is
		switch {
		case known && w.Hidden && was.before(m):
			show = append(show, notification(room, m, w.Text))
		case was.told != is.told && was.told.Seq > 0:
			closed = append(closed, Notification{Room: room, At: was.told})
		}
	}
	for room, was := range before {
		if _, stays := n.rooms[room]; !stays && was.told.Seq > 0 { // the user has left the room
			closed = append(closed, Notification{Room: room, At: was.told})
		}
	}
	return show, closed
}

// wanted returns the newest unread message of which the user wants a notification, nil if there is none.
func wanted(news *client.News, s Scope) *client.Message {
	switch s {
	case ForMe:
		return news.ForMe
	case Everything:
		return news.Latest
	default:
		return nil
	}
}

// before reports whether the message m came after all messages that Observe has found unread. It is false if m is nil.
func (n noted) before(m *client.Message) bool {
	if at := m.Place(); at.Epoch == n.newest.Epoch {
		return at.Seq > n.newest.Seq
	}
	return m != nil && m.At.After(n.at) // messages of an older epoch may live on
}

func notification(room string, m *client.Message, withText bool) Notification {
	n := Notification{Room: room, At: m.Place(), Title: words.Notification(m, room)}
	if withText {
		n.Text = words.Cut(words.Text(m), maxSaid)
	}
	return n
}
