package words

import (
	"strconv"
	"strings"
	"time"
)

// Brief returns d in few letters, for a place that has no room for Lifetime: "5 min", "1 h 30 min".
func Brief(d time.Duration) string { return spoken.brief(d) }

func (l *language) brief(d time.Duration) string {
	var parts []string
	for _, unit := range []struct {
		name Key
		size time.Duration
	}{{ShortHours, time.Hour}, {ShortMinutes, time.Minute}, {SecondsLeft, time.Second}} {
		if n := int(d / unit.size); n > 0 {
			parts = append(parts, fill(l.texts[unit.name], []string{strconv.Itoa(n)}))
		}
		d %= unit.size
	}
	if parts == nil {
		return l.texts[ShortestTime]
	}
	return strings.Join(parts, " ")
}

// Keys returns press with the names that the keys have on keyboards for the language of the page. press is a combination of
// keys, such as "Shift+Enter". apple is true for a keyboard of Apple, which has ⌘ in the place of Ctrl.
func Keys(press string, apple bool) string {
	names := strings.Split(press, "+")
	for i, name := range names {
		switch name {
		case "Enter":
			names[i] = Of(KeyEnter)
		case "Shift":
			names[i] = Of(KeyShift)
		case "Home":
			names[i] = Of(KeyHome)
		case "End":
			names[i] = Of(KeyEnd)
		case "Ctrl":
			if names[i] = Of(KeyControl); apple {
				names[i] = "⌘"
			}
		}
	}
	return strings.Join(names, "+")
}
