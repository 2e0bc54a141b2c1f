package words_test

import (
	"testing"
	"testing/synctest"
	"time"

	"mayfly/app/words"
)

// Remembered asks once for a quarter of an hour, and again after a second.
func TestRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked, ahead := 0, time.Hour
		offset := words.Remembered(func(time.Time) time.Duration {
			asked++
			return ahead
		})
		for _, step := range []struct {
			name         string
			minute, asks int
			ahead        time.Duration
		}{
			{"the first time", 0, 1, time.Hour},
			{"the same quarter", 14, 1, time.Hour},
			{"the next quarter", 15, 2, time.Hour},
			{"the first quarter again", 3, 2, time.Hour},
		} {
			if got := offset(time.Date(2026, 3, 29, 1, step.minute, 0, 0, time.UTC)); got != step.ahead ||
				asked != step.asks {
				t.Errorf("%s: %v after %d questions, want %v after %d", step.name, got, asked, step.ahead, step.asks)
			}
		}
		ahead = 2 * time.Hour
		time.Sleep(time.Second)
		if got := offset(time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC)); got != ahead || asked != 3 {
			t.Errorf("after a second: %v after %d questions, want %v after 3", got, asked, ahead)
		}
	})
}
