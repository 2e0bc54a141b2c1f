package clock_test

import (
	"testing"
	"testing/synctest"
	"time"

	"mayfly/shared/clock"
)

func TestSince(t *testing.T) {
	start := clock.Moment{Wall: time.UnixMilli(1_790_000_000_000), Mono: time.Hour}
	for _, tt := range []struct {
		name       string
		wall, mono time.Duration // by how much each clock has advanced
		want       time.Duration
	}{
		{"both clocks run", time.Minute, time.Minute, time.Minute},
		{"the monotonic clock stopped while the laptop slept", time.Hour, time.Minute, time.Hour},
		{"the wall clock was set forward", 24 * time.Hour, time.Minute, 24 * time.Hour},
		{"the wall clock was set back", -time.Hour, time.Minute, time.Minute},
		{"no time has passed", 0, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			now := clock.Moment{Wall: start.Wall.Add(tt.wall), Mono: start.Mono + tt.mono}
			if got := now.Since(start); got != tt.want {
				t.Errorf("Since = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestAdd(t *testing.T) {
	m := clock.Moment{Wall: time.UnixMilli(1_790_000_000_000), Mono: time.Minute}
	for _, d := range []time.Duration{0, time.Second, -time.Hour} {
		if later := m.Add(d); later.Wall.Sub(m.Wall) != d || later.Mono-m.Mono != d {
			t.Errorf("Add(%v) = %v, want both clocks moved", d, later)
		}
	}
}

func TestNewReadsBothClocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		read := clock.New()
		start := read()
		time.Sleep(time.Minute)
		now := read()
		if got := now.Since(start); got != time.Minute {
			t.Errorf("Since = %v, want 1m0s", got)
		}
		if now.Mono != time.Minute || !now.Wall.Equal(time.Now()) {
			t.Errorf("a minute after New it is %+v, want the minute and the time of day", now)
		}
	})
}
