package words_test

import (
	"testing"
	"time"

	"mayfly/app/words"
)

// zone returns the offset of a zone that has one offset.
func zone(offset time.Duration) func(time.Time) time.Duration {
	return func(time.Time) time.Duration { return offset }
}

// instant returns the time in UTC that is written as 2006-01-02 15:04:05.
func instant(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.DateTime, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestTimesNameTheDay(t *testing.T) {
	const hour = time.Hour
	for _, tt := range []struct {
		name, now, at  string // in UTC
		offset         time.Duration
		hours12        bool
		sent, vanishes string
		short          string
	}{
		{"today", "2026-11-27 12:00:00", "2026-11-27 08:05:09", 0, false,
			"Sent at 08:05:09", "vanishes at 08:05:09", "08:05"},
		{"today, in 12 hours", "2026-11-27 12:00:00", "2026-11-27 07:04:09", 0, true,
			"Sent at 7:04:09\u00a0AM", "vanishes at 7:04:09\u00a0AM", "7:04\u00a0AM"},
		{"midnight in 12 hours", "2026-11-27 12:00:00", "2026-11-27 00:00:00", 0, true,
			"Sent at 12:00:00\u00a0AM", "vanishes at 12:00:00\u00a0AM", "12:00\u00a0AM"},
		{"noon in 12 hours", "2026-11-27 12:00:00", "2026-11-27 12:00:00", 0, true,
			"Sent at 12:00:00\u00a0PM", "vanishes at 12:00:00\u00a0PM", "12:00\u00a0PM"},
		{"a second before midnight", "2026-11-27 00:00:00", "2026-11-26 23:59:59", 0, false,
			"Sent yesterday at 23:59:59", "vanishes on Thursday 26 November at 23:59:59", "Yesterday, 23:59"},
		{"a day later", "2026-11-27 23:05:20", "2026-11-28 23:05:20", 0, false,
			"Sent on Saturday 28 November at 23:05:20", "vanishes tomorrow at 23:05:20", "Saturday 28 November, 23:05"},
		{"a week later", "2026-12-27 23:05:20", "2027-01-03 23:05:20", 0, true,
			"Sent on Sunday 3 January at 11:05:20\u00a0PM", "vanishes on Sunday 3 January at 11:05:20\u00a0PM",
			"Sunday 3 January, 11:05\u00a0PM"},
		{"two days ago", "2026-03-01 12:00:00", "2026-02-27 12:00:00", 0, false,
			"Sent on Friday 27 February at 12:00:00", "vanishes on Friday 27 February at 12:00:00", "Friday 27 February, 12:00"},
		{"another day in UTC, the same one here", "2026-11-27 23:30:00", "2026-11-28 00:30:00", -5 * hour, false,
			"Sent at 19:30:00", "vanishes at 19:30:00", "19:30"},
		{"the same day in UTC, another one here", "2026-11-27 10:00:00", "2026-11-27 19:00:00", 5*hour + 30*time.Minute, false,
			"Sent on Saturday 28 November at 00:30:00", "vanishes tomorrow at 00:30:00", "Saturday 28 November, 00:30"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := words.Clock{Now: instant(t, tt.now), Offset: zone(tt.offset), Hours12: func() bool { return tt.hours12 }}
			at := instant(t, tt.at)
			if sent, vanishes := c.Sent(at), c.Vanishes(at); sent != tt.sent || vanishes != tt.vanishes {
				t.Errorf("it says %q and %q, want %q and %q", sent, vanishes, tt.sent, tt.vanishes)
			}
			if minutes, seconds, half := c.Short(at); minutes+half != tt.short || seconds != at.Format(":05") {
				t.Errorf("the head shows %q, %q, %q, want %q", minutes, seconds, half, tt.short)
			}
		})
	}
}

// TestDaylightSaving reads two times in a zone whose clocks went back an hour between them.
func TestDaylightSaving(t *testing.T) {
	back := instant(t, "2026-10-25 01:00:00")
	c := words.Clock{Now: back.Add(2 * time.Hour), Offset: func(at time.Time) time.Duration {
		if at.Before(back) {
			return 2 * time.Hour
		}
		return time.Hour
	}}
	for before, want := range map[time.Duration]string{
		time.Minute: "Sent at 02:59:00", 0: "Sent at 02:00:00", -time.Hour: "Sent at 03:00:00", 4 * time.Hour: "Sent yesterday at 23:00:00",
	} {
		if got := c.Sent(back.Add(-before)); got != want {
			t.Errorf("%s before the change: %q, want %q", before, got, want)
		}
	}
}

func TestDayNames(t *testing.T) {
	c := words.Clock{Now: instant(t, "2026-11-27 23:30:00"), Offset: zone(time.Hour)} // 28 November there
	for at, want := range map[string]string{
		"2026-11-27 23:00:00": "Today", "2026-11-27 22:59:59": "Yesterday", "2026-11-26 22:59:59": "Thursday 26 November",
		"2026-11-28 23:00:00": "Sunday 29 November",
	} {
		if got := c.Day(c.Date(instant(t, at))); got != want {
			t.Errorf("%s is %q, want %q", at, got, want)
		}
	}
}
