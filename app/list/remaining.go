package list

import (
	"time"

	"mayfly/app/client"
	"mayfly/app/words"
)

const (
	ringSteps   = 60               // in how many steps a ring shrinks over the life of a message
	ringEvery   = 5 * time.Second  // how often the rings are updated while no row shows a number: each update slows the page
	numbersFrom = 30 * time.Second // a row shows a number when its message has this time left, or less
)

// A Left is the way in which the rows show the time left, as the user has chosen it.
type Left int

const (
	Ring    Left = iota // a ring, and a number of seconds as soon as little time is left
	Numbers             // minutes and seconds
	Nothing
)

// remaining is how a row shows the time left: by a part of the ring, by a number, by both, or by neither.
type remaining struct {
	step    int  // how many of the ring's ringSteps steps are drawn; ringSteps: the whole ring
	seconds int  // the number of seconds that is shown; 0: no number
	clock   bool // the seconds are shown as minutes and seconds
}

// remains returns what the row of m shows of the time left. now is the server's time. For a message that the server has not
// accepted, and if l is Nothing, it returns the zero value: nothing is shown.
func (l Left) remains(m *client.Message, now time.Time) remaining {
	left, life := m.Expires.Sub(now), m.Expires.Sub(m.At)
	if m.Seq == 0 || life <= 0 || l == Nothing {
		return remaining{}
	}
	left = max(0, min(left, life))
	seconds := max(1, words.SecondsOf(left))
	if l == Numbers {
		return remaining{seconds: seconds, clock: true}
	}
	r := remaining{step: int((left*ringSteps + life - 1) / life)}
	if left <= numbersFrom {
		r.seconds = seconds
	}
	return r
}

// soon reports whether a row needs an update each second from now on, because it shows a number or will show one before the
// next update of the rings.
func (l Left) soon(m *client.Message, now time.Time) bool {
	switch l {
	case Ring:
		return m.Seq != 0 && m.Expires.Sub(now) <= numbersFrom+ringEvery
	case Numbers:
		return m.Seq != 0
	default:
		return false
	}
}

// text returns the number that the row shows, "" if there is none.
func (r remaining) text() string {
	switch {
	case r.seconds == 0:
		return ""
	case r.clock:
		return words.LeftByClock(r.seconds)
	default:
		return words.Left(r.seconds)
	}
}
