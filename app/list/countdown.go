package list

import (
	"time"

	"mayfly/app/client"
)

// How long a message has to live is a quiet ring in its head, which CSS draws of the part that is left, and a number once
// that is short. One look a second at the rows in sight sets both. An animation would need no look, but it draws sixty
// times a second, for each of four hundred rows.

// A countdown counts down the rows in sight.
type countdown struct {
	rows    *rows
	counted time.Time // when it last did, by the device's clock: the server's may turn out to be another
	soon    bool      // a row shows a number, or soon will
}

// begin draws the time left in a row that is new or has changed.
func (c *countdown) begin(r *row, m *client.Message, now time.Time) {
	c.soon = r.count(m, now) || c.soon
}

// count brings the time left in every row in sight up to date, if it is time for that.
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
