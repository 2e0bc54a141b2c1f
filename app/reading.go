package app

import (
	"mayfly/app/client"
	"mayfly/app/dom"
)

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

// noticeScroll finds out whether the user has scrolled the list. If the user has scrolled back to the newest message, all
// messages count as read. noticeScroll returns true if the button that leads to the newest message must be drawn again. Call
// noticeScroll before the list is drawn, unless List.Restarts returns true. Otherwise, if the user has just scrolled up, a
// new message would count as read.
func (m *model) noticeScroll() bool {
	following, count := m.list.Following(), m.unread.Count()
	m.list.NoticeScroll()
	m.look()
	return m.list.Following() != following || m.unread.Count() != count
}
