package list

import (
	"time"

	"mayfly/app/client"
	"mayfly/app/words"
)

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
		r.seconds = max(1, words.SecondsOf(left))
	}
	return r
}
