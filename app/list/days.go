package list

import (
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/dom"
	"mayfly/app/words"
)

// Above each row that begins a day, except the first row, the list shows a separator with the name of the day. A row also
// shows when its message was sent, in the user's time zone, and with the day if that is not today. So at midnight, and when
// the time zone changes, the times in all rows become wrong. The list checks once a second whether that has happened.

// startsDay reports whether a row needs a separator above it. date is the day of the row, 0 if the server has not accepted
// its message. previous is the day of the nearest row above that has a day, 0 if no row above has one.
func startsDay(previous, date words.Date) bool { return previous != 0 && date != 0 && previous != date }

// separate puts separators above the rows that begin a day, and removes all others.
func (r *rows) separate(messages []client.Message) {
	var last words.Date
	for i := range messages {
		row, name := r.at[messages[i].Key], ""
		if startsDay(last, row.date) {
			name = r.templates.clock.Day(row.date)
		}
		row.separate(name)
		if row.date != 0 {
			last = row.date
		}
	}
}

// separate puts a separator with the text name, the name of a day, above the row. If name is "", separate removes the row's
// separator.
func (r *row) separate(name string) {
	if name == "" {
		if r.day != nil {
			r.day.Call("remove")
			r.day = nil
		}
		return
	}
	if r.day == nil {
		r.day = dom.Node("p", "day")
	}
	if r.day.Get("textContent").String() != name {
		r.day.Set("textContent", name)
	}
	if !r.day.Get("nextSibling").Equal(r.article) {
		r.article.Call("before", r.day)
	}
}

// times writes into row r when its message was sent and when it expires.
func (t templates) times(r *row, m *client.Message) {
	r.date = t.clock.Date(m.At)
	at := r.more.Get("previousSibling")
	minutes, seconds, half := t.clock.Short(m.At)
	at.Set("dateTime", m.At.UTC().Format(time.RFC3339))
	at.Set("title", t.clock.Sent(m.At))
	dom.Set(at, "data-clock", t.clock.Minutes(m.At))
	hidden := at.Get("lastElementChild")
	dom.Set(hidden, "data-seconds", seconds)
	at.Call("replaceChildren", minutes, hidden, half)
	dom.Set(r.left, "data-when", t.clock.Vanishes(m.Expires))
}

// newTime returns the element for the time at which a message was sent. The element inside it is for the seconds, which a
// style shows while the row has the pointer or the focus.
func newTime() goapp.Value {
	at := dom.Node("time", "message-time", dom.Node("span", "message-seconds"))
	dom.Set(at, "data-own", words.Of(words.OwnMessage)) // a style shows these words in the rows of the user's own messages
	return at
}

// A look is the day and the time zone for which the times in the rows are written. If the day or the time zone changes, the
// list must write these times again.
type look struct {
	today       words.Date
	now, oldest time.Duration // the time zone's offsets from UTC: now, and when the oldest message was sent
}

// look sets the list's clock to now, the server's time. If the day or the time zone has changed since look last ran, look
// writes the times in all rows again.
func (l *List) look(now time.Time) {
	l.clock.Now = now
	messages := l.rows.messages
	seen := look{today: l.clock.Date(now), now: l.clock.Offset(now)}
	seen.oldest = seen.now
	if len(messages) > 0 && !messages[0].At.IsZero() {
		seen.oldest = l.clock.Offset(messages[0].At)
	}
	l.rows.templates.clock = l.clock
	if seen == l.seen {
		return
	}
	l.seen = seen
	l.inPlace(func() {
		for i := range messages {
			if m := &messages[i]; !m.At.IsZero() {
				r := l.rows.at[m.Key]
				l.rows.templates.times(r, m)
				dom.Set(r.article, "aria-label", words.Label(m, l.clock))
			}
		}
		l.rows.separate(messages)
		l.rows.group(messages, l.divider.above)
	})
}

// inPlace runs do, which changes the height of rows but not which rows there are. The text that the user reads stays in its
// place, and a list that was at its end stays there.
func (l *List) inPlace(do func()) {
	atEnd, anchor, y := l.viewport.following && !l.keyboard.walking(), "", 0.0
	if !atEnd {
		anchor, y = l.viewport.anchor(l.rows.messages, change{})
	}
	do()
	switch {
	case atEnd:
		l.viewport.toEnd()
	case anchor != "":
		l.viewport.keep(anchor, y)
	}
}
