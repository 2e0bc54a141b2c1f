package list

import (
	"time"

	"mayfly/app/client"
	"mayfly/app/words"
)

const (
	ringSteps   = 60               // in how many steps a ring shrinks over the life of a message
	ringEvery   = 5 * time.Second  // how often the rings are updated while no row shows a number: each update costs a frame
	numbersFrom = 30 * time.Second // a row shows a number when its message has this time left, or less
)

// remaining is how a row shows the time left: by a part of the ring and, near the end, by a number.
type remaining struct {
	step    int // how many of the ring's ringSteps steps are drawn; ringSteps: the whole ring
	seconds int // the number of seconds that is shown; 0: no number
}

// remains returns what the row of m shows of the time left when the server's time is now.
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
