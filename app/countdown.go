package app

import (
	"strconv"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
)

// How long a message has to live is a quiet ring in its head, which CSS draws of the part that is left, and a number once
// that is short. Both are set by one look a second at the rows in sight. An animation would need no look, but draws sixty
// times a second, for each of four hundred rows.
const (
	ringSteps   = 60
	ringEvery   = 5 * time.Second // how often the rings are looked at while no number is shown: each look costs a frame
	numbersFrom = 30 * time.Second
)

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
		r.seconds = max(1, int((left+time.Second-1)/time.Second))
	}
	return r
}

// count draws the time left if it is not what is drawn. It reports whether it must be asked each second from now on: a number
// is shown, or will be before the next look at the rings.
func (r *row) count(m *client.Message, now time.Time) (soon bool) {
	to := remains(m, now)
	if to.step != r.shown.step {
		r.left.Get("style").Call("setProperty", "--left", strconv.FormatFloat(float64(to.step)/ringSteps, 'f', 3, 64))
	}
	if to.seconds != r.shown.seconds {
		words := ""
		if to.seconds > 0 {
			words = strconv.Itoa(to.seconds) + " s"
		}
		r.left.Set("textContent", words)
	}
	r.shown = to
	return m.Seq != 0 && m.Expires.Sub(now) <= numbersFrom+ringEvery
}

// count brings the time left in every row in sight up to date, if it is time for that.
func (s *sheet) count(now time.Time) {
	if len(s.rows) == 0 || !s.soon && time.Since(s.counted) < ringEvery {
		return
	}
	s.counted, s.soon = time.Now(), false
	sight := s.log.Call("getBoundingClientRect")
	end := sight.Get("bottom").Float()
	for i := s.firstInSight(s.rows, sight.Get("top").Float()); i < len(s.rows); i++ {
		r := s.at[s.rows[i].Key]
		if r.top() > end {
			return
		}
		s.soon = r.count(&s.rows[i], now) || s.soon
	}
}

// top is where the row is on the screen.
func (r *row) top() float64 { return r.rect().Get("top").Float() }

func (r *row) rect() goapp.Value { return r.article.Call("getBoundingClientRect") }
