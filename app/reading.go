package app

import (
	"mayfly/app/client"
	"mayfly/app/dom"
	"mayfly/shared/wire"
)

// A reading is how far the user has read the room that is shown. The page finds that out when it draws, and before the list
// moves. The client gets to know it later, so the page does not ask the client how many messages are unread in this room.
type reading struct {
	looks bool        // the user sees the newest message
	seen  wire.Cursor // the place of the newest message that the user has seen
	told  wire.Cursor // what tellSeen has last told the client
}

// look finds out whether the user sees the newest message. A user who sees the newest message has read all messages.
func (m *model) look() {
	m.reading.looks = !dom.Hidden() && m.list.Following()
	if !m.reading.looks {
		return
	}
	m.unread.Look()
	messages := m.messages()
	for i := len(messages) - 1; i >= 0; i-- {
		if at := messages[i].Place(); at.Seq > 0 {
			m.reading.seen = at
			return
		}
	}
}

// tellSeen tells the client how far the user has read the room that is shown. Call it now and then, and not for each
// message, because the client publishes a view each time.
func (m *model) tellSeen() {
	if m.reading.seen != m.reading.told && m.view.Room == m.room {
		m.reading.told = m.reading.seen
		m.client.See(m.reading.seen)
	}
}

// newsOf returns what is new in the room called name. In the room that is shown, the page knows better than the client how
// far the user has read.
func (m *model) newsOf(name string) client.News {
	news := m.view.In(name)
	if name != m.room || news.Unread == 0 {
		return news
	}
	n, messages := 0, m.messages()
	for i := len(messages) - 1; i >= 0 && !m.reading.looks; i-- {
		at := messages[i].Place()
		if at.Seq > 0 && at.Epoch == m.reading.seen.Epoch && at.Seq <= m.reading.seen.Seq {
			break
		}
		if at.Seq > 0 && !messages[i].Mine {
			n++
		}
	}
	if news.Unread = min(news.Unread, n); n == 0 {
		news.Latest, news.ForMe = nil, nil
	}
	return news
}
