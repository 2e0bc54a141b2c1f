package words

import (
	"strconv"
	"time"

	"mayfly/app/client"
)

// Status returns the state of the connection in words. A screen reader reads out each change of these words. So they do not
// contain the seconds until the next attempt to connect, which change all the time: StatusTail returns the seconds.
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

// StatusTail returns the text that the page shows behind the text of Status, and that screen readers don't say. If s is
// Reconnecting, the text says when the next attempt to connect begins. untilNext is the time until this attempt, 0 if the
// attempt has begun. While there is no connection, the text also says how many messages wait to be sent.
func StatusTail(s client.Status, untilNext time.Duration, unsent int) string {
	tail := ""
	switch {
	case s != client.Reconnecting:
	case untilNext <= 0:
		tail = Of(TryingNow)
	default:
		tail = With(NextTryIn, strconv.Itoa(SecondsOf(untilNext)))
	}
	if s != client.Online && unsent > 0 {
		tail += With(WaitingTail, Number(unsent))
	}
	return tail
}

// SecondsOf returns d in seconds, rounded up.
func SecondsOf(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// Skew returns a sentence that says whose clock is wrong. device is how far the device's clock is ahead of the right time.
// provider is how far the sign-in provider's clock is ahead of the right time. A negative value means that the clock is
// behind. 0 means that the clock is right, or wrong by only a few minutes. If neither value is 0, the sentence is about the
// device. If both values are 0, Skew returns "".
func Skew(device, provider time.Duration) string {
	d, ahead, behind := device, ClockAhead, ClockBehind
	if d == 0 {
		d, ahead, behind = provider, ProviderClockAhead, ProviderClockBehind
	}
	switch {
	case d > 0:
		return With(ahead, Lifetime(d.Truncate(time.Minute)))
	case d < 0:
		return With(behind, Lifetime((-d).Truncate(time.Minute)))
	}
	return ""
}

// Lifetime returns d in words: "5 minutes", "1 hour 30 minutes", "1 second".
func Lifetime(d time.Duration) string { return spoken.lifetime(d) }

func (l *language) lifetime(d time.Duration) string {
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
			words += l.texts[AndUnit]
		}
		words += l.count(unit.name, n)
	}
	if words == "" {
		return l.texts[ShortestTime]
	}
	return words
}
