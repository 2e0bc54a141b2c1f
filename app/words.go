package app

import (
	"strconv"
	"time"

	"mayfly/app/session"
)

// statusWords says how the session stands.
func statusWords(v session.View) string {
	switch v.Status {
	case session.Online:
		return "Online"
	case session.Reconnecting:
		return "Reconnecting…"
	case session.Offline:
		return "Offline"
	case session.Restarting:
		return "The server is restarting…"
	case session.Ended:
		return v.Ended
	default:
		return "Connecting…"
	}
}

// statusClass returns the CSS class for it.
func statusClass(s session.Status) string {
	switch s {
	case session.Online:
		return "status-good"
	case session.Offline, session.Ended:
		return "status-bad"
	default:
		return "status-busy"
	}
}

// stateWords says how far one's own message is, "" once it is sent.
func stateWords(m *session.Message) string {
	words := "Sending…"
	switch m.State {
	case session.Sent:
		return ""
	case session.Failed:
		words = "Not sent."
	}
	if m.Reason != "" {
		words += " " + m.Reason
	}
	return words
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
		words += strconv.Itoa(n) + " " + unit.name
		if n > 1 {
			words += "s"
		}
	}
	if words == "" {
		return "less than a second"
	}
	return words
}
