package list

import (
	"time"

	"mayfly/app/client"
	"mayfly/app/dom"
)

// The header line of a row shows the time that its message has left, in the way that the user has chosen (Left). Usually
// that is a ring, which CSS draws, and a number once little time is left. A countdown updates the rows in sight, at most
// once a second. A CSS animation would need no updates, but it would draw sixty times a second, for each of four hundred
// rows.

// A countdown updates the time left in the rows in sight.
type countdown struct {
	rows    *rows
	left    Left
	counted time.Time // when the last update was, by the device's clock: the server's time jumps when it is corrected
	soon    bool      // a row shows a number, or will show one before the next update of the rings
}

// begin draws the time left in a row that was added or updated.
func (c *countdown) begin(r *row, m *client.Message, now time.Time) {
	r.count(c.left.remains(m, now))
	c.soon = c.left.soon(m, now) || c.soon
}

// count updates the time left in every row in sight, if an update is due. An update is due each second while a row shows a
// number, and otherwise every ringEvery. now is the server's time.
func (c *countdown) count(now time.Time) {
	messages := c.rows.messages
	if len(messages) == 0 || !c.soon && time.Since(c.counted) < ringEvery {
		return
	}
	c.counted, c.soon = time.Now(), false
	sight := c.rows.frame()
	end := sight.Get("bottom").Float()
	for i := c.rows.firstInSight(messages, sight.Get("top").Float()); i < len(messages); i++ {
		r := c.rows.at[messages[i].Key]
		if r.top() > end {
			return
		}
		c.begin(r, &messages[i], now)
	}
}

// noRing is the attribute of the list that says that its rows have no ring.
const noRing = "data-no-ring"

// ShowLeft sets the way in which the rows show the time left. now is the server's time.
func (l *List) ShowLeft(left Left, now time.Time) {
	l.countdown.left = left
	if l.rows.box == nil {
		return
	}
	if left == Ring {
		l.rows.log.Call("removeAttribute", noRing)
	} else {
		dom.Set(l.rows.log, noRing, "")
	}
	for i := range l.rows.messages {
		m := &l.rows.messages[i]
		l.countdown.begin(l.rows.at[m.Key], m, now)
	}
}

// Resize runs do, which makes rows higher or lower. The text that the user reads stays in its place.
func (l *List) Resize(do func()) {
	if l.rows.box == nil {
		do()
		return
	}
	l.inPlace(do)
}
