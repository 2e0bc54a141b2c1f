package words

import (
	"strconv"
	"time"

	"mayfly/app/client"
)

// Status returns the state of the connection in words. A screen reader says it whenever it changes, so it has no seconds,
// which change all the time; StatusTail has them.
func Status(v *client.View) string {
	switch v.Status {
	case client.Online:
		return Of(Online)
	case client.Reconnecting:
		return Of(Reconnecting) // StatusTail returns the rest of the sentence
	case client.Offline:
		return Of(Offline)
	case client.Restarting:
		return Of(Restarting)
	case client.Ended:
		return Problem(v.Ended)
	case client.SignedOut:
		return Of(SignedOut)
	case client.NoGuests:
		return Of(NoGuests)
	default:
		return Of(Connecting)
	}
}

// StatusTail returns what the page shows after Status, and screen readers don't say: the time left before the next attempt
// to connect (0: the attempt has begun), and how many messages wait to be sent.
func StatusTail(s client.Status, left time.Duration, unsent int) string {
	tail := ""
	switch {
	case s != client.Reconnecting:
	case left <= 0:
		tail = Of(TryingNow)
	default:
		tail = With(NextTryIn, strconv.Itoa(SecondsOf(left)))
	}
	if s != client.Online && unsent > 0 {
		tail += With(WaitingTail, Number(unsent))
	}
	return tail
}

// SecondsOf returns d in seconds, rounded up.
func SecondsOf(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// Skew returns the sentence that the device's clock is ahead by d, or behind if d is negative.
func Skew(d time.Duration) string {
	way := ClockAhead
	if d < 0 {
		d, way = -d, ClockBehind
	}
	return With(way, Lifetime(d.Truncate(time.Minute)))
}

// Lifetime returns d in words: "5 minutes", "1 hour 30 minutes", "1 second".
func Lifetime(d time.Duration) string {
	words := ""
	for _, unit := range []struct {
		name CountKey
		size time.Duration
	}{{Hours, time.Hour}, {Minutes, time.Minute}, {Seconds, time.Second}} {
		n := int(d / unit.size)
		d %= unit.size
		if n == 0 {
			continue
		}
		if words != "" {
			words += " "
		}
		words += Count(unit.name, n)
	}
	if words == "" {
		return Of(ShortestTime)
	}
	return words
}
