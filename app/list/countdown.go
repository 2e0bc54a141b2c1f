package list

import (
	"strconv"
	"time"

	"mayfly/app/client"
	"mayfly/app/words"
)

// How long a message has to live is a quiet ring in its head, which CSS draws of the part that is left, and a number once
// that is short. One look a second at the rows in sight sets both. An animation would need no look, but it draws sixty
// times a second, for each of four hundred rows.
const (
	ringSteps   = 60
	ringEvery   = 5 * time.Second // how often the rings are looked at while no number is shown: each look costs a frame
	numbersFrom = 30 * time.Second
)

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

// remaining is what a row shows of the time left.
type remaining struct {
	step    int // of ringSteps
	seconds int // 0: no number
}

// remains returns what the row of m shows at now, the server's time.
func remains(m *client.Message, now time.Time) remaining {
	left, life := m.Expires.Sub(now), m.Expires.Sub(m.At)
	if m.Seq == 0 || life <= 0 {
		return remaining{}
	}
	left = max(0, min(left, life))
	r := remaining{step: int((left*ringSteps + life - 1) / life)}
	if left <= numbersFrom {
		r.seconds = max(1, words.SecondsOf(left))
	}
	return r
}

// count draws the time left if it is not what is drawn. It reports whether it must be asked each second from now on: a
// number is shown, or will be before the next look at the rings.
func (r *row) count(m *client.Message, now time.Time) (soon bool) {
	to := remains(m, now)
	if to.step != r.shown.step {
		part := strconv.FormatFloat(float64(to.step)/ringSteps, 'f', 3, 64)
		r.left.Get("style").Call("setProperty", "--left", part)
	}
	if to.seconds != r.shown.seconds {
		text := ""
		if to.seconds > 0 {
			text = words.Of(words.SecondsLeft, strconv.Itoa(to.seconds))
		}
		r.left.Set("textContent", text)
	}
	r.shown = to
	return m.Seq != 0 && m.Expires.Sub(now) <= numbersFrom+ringEvery
}
