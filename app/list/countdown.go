package list

import (
	"time"

	"mayfly/app/client"
)

// The header line of a row shows the time that the message has left: a ring, which CSS draws, and a number once little
// time is left. A countdown updates both for the rows in sight, at most once a second. A CSS animation would need no
// updates, but it would draw sixty times a second, for each of four hundred rows.

// A countdown updates the time left in the rows in sight.
type countdown struct {
	rows    *rows
	counted time.Time // the device's time of the last update; not the server's time, which is corrected now and then
	soon    bool      // a row shows a number, or will show one before the next update of the rings
}

// begin draws the time left in a row that was added or updated.
func (c *countdown) begin(r *row, m *client.Message, now time.Time) {
	c.soon = r.count(m, now) || c.soon
}

// count updates the time left in every row in sight, if an update is due.
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
