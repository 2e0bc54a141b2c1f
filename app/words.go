package app

import (
	"strconv"
	"time"

	"mayfly/app/client"
)

// statusWords says how the client stands. It is read out whenever it changes, so the seconds are not in it.
func statusWords(v client.View) string {
	switch v.Status {
	case client.Online:
		return "Online"
	case client.Reconnecting:
		return "Reconnecting" // statusTail goes on
	case client.Offline:
		return "Offline. Messages will be sent later."
	case client.Restarting:
		return "The server is restarting…"
	case client.Ended:
		return v.Ended
	case client.SignedOut:
		return "Not connected"
	case client.NoGuests:
		return "Sign in to chat"
	default:
		return "Connecting…"
	}
}

// statusTail says what follows that for the eye, left before the next attempt to connect (0: it has begun, or comes at once), and
// how much waits for it.
func statusTail(s client.Status, left time.Duration, unsent int) string {
	tail := ""
	switch {
	case s != client.Reconnecting:
	case left <= 0:
		tail = "…"
	default:
		tail = " in " + strconv.Itoa(seconds(left)) + " s"
	}
	if s != client.Online && unsent > 0 {
		tail += " · " + grouped(unsent) + " waiting"
	}
	return tail
}

// seconds returns how many seconds have begun of d.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// statusClass returns the CSS class for it.
func statusClass(s client.Status) string {
	switch s {
	case client.Online:
		return "status-good"
	case client.Offline, client.Ended, client.SignedOut, client.NoGuests:
		return "status-bad"
	default:
		return "status-busy"
	}
}

// stateWords says how far one's own message is, "" once it is sent.
func stateWords(m *client.Message) string {
	words := "Sending…"
	switch m.State {
	case client.Sent:
		return ""
	case client.Waiting:
		words = "Waiting for a connection"
	case client.Failed:
		words = "Not sent."
	}
	if m.Reason != "" {
		words += " " + m.Reason
	}
	return words
}

// skewWords says that the device's clock is ahead by d, or behind if that is negative.
func skewWords(d time.Duration) string {
	way := " ahead"
	if d < 0 {
		d, way = -d, " behind"
	}
	return "This device's clock is " + lifetime(d.Truncate(time.Minute)) + way + ". Set it right, or signing in may stop working."
}

// lifetime returns d in words: "5 minutes", "1 hour 30 minutes", "1 second".
func lifetime(d time.Duration) string {
	words := ""
	for _, unit := range []struct {
		name string
		size time.Duration
	}{{"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}} {
		n := int(d / unit.size)
		d %= unit.size
		if n == 0 {
			continue
		}
		if words != "" {
			words += " "
		}
		words += count(n, unit.name)
	}
	if words == "" {
		return "less than a second"
	}
	return words
}

// count returns n things in words: "1 message", "12 messages".
func count(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return grouped(n) + " " + thing
}

// grouped returns n as one reads it: "4,000".
func grouped(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	rest := strconv.Itoa(n % 1000)
	return grouped(n/1000) + "," + "000"[len(rest):] + rest
}

// cut returns text as far as a number of characters goes.
func cut(text string, most int) string {
	n := 0
	for i := range text {
		if n++; n > most {
			return text[:i] + "…"
		}
	}
	return text
}
