package backoff_test

import (
	"slices"
	"testing"
	"time"

	"mayfly/shared/backoff"
	"mayfly/shared/clock"
)

func TestNextDoublesUntilTheLongest(t *testing.T) {
	b := backoff.Backoff{First: time.Second, Last: 5 * time.Second}
	var got []time.Duration
	for range 5 {
		got = append(got, b.Next())
	}
	want := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 5 * time.Second, 5 * time.Second}
	if !slices.Equal(got, want) || b.Failures() != 5 {
		t.Errorf("waits = %v after %d failures, want %v after 5", got, b.Failures(), want)
	}
	b.Reset()
	if wait := b.Next(); wait != time.Second || b.Failures() != 1 {
		t.Errorf("after Reset the wait is %v after %d failures, want 1s after 1", wait, b.Failures())
	}
}

func TestNextNeverOverflows(t *testing.T) {
	b := backoff.Backoff{First: time.Minute, Last: 2 * time.Minute, Jitter: backoff.Half}
	for range 100 {
		if wait := b.Next(); wait < 30*time.Second || wait > 2*time.Minute {
			t.Fatalf("the wait after %d failures is %v", b.Failures(), wait)
		}
	}
}

func TestJitter(t *testing.T) {
	const d = 100 * time.Millisecond
	for _, tt := range []struct {
		name   string
		jitter backoff.Jitter
		least  time.Duration
	}{
		{"none", backoff.None, d},
		{"full", backoff.Full, 0},
		{"half", backoff.Half, d / 2},
		{"quarter", backoff.Quarter, d * 3 / 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			least, most := d, time.Duration(0)
			for range 1000 {
				got := tt.jitter.Of(d)
				least, most = min(least, got), max(most, got)
			}
			if least < tt.least || most > d {
				t.Errorf("from %v to %v, want from %v to %v", least, most, tt.least, d)
			}
			if spread := d - tt.least; most-least < spread/2 {
				t.Errorf("from %v to %v only, want it spread from %v to %v", least, most, tt.least, d)
			}
		})
	}
}

func TestSchedule(t *testing.T) {
	start := clock.Moment{Wall: time.UnixMilli(1_790_000_000_000), Mono: time.Hour}
	const asked, backedOff = 7 * time.Second, time.Second
	for _, tt := range []struct {
		name string
		do   func(s *backoff.Schedule)
		want time.Duration // the time until the next attempt
	}{
		{"a failure", func(s *backoff.Schedule) { s.Failed(0, start) }, backedOff},
		{"a second failure", func(s *backoff.Schedule) { s.Failed(0, start); s.Failed(0, start) }, 2 * backedOff},
		{"the server asked for a wait", func(s *backoff.Schedule) { s.Failed(asked, start) }, asked},
		{"a wait that the server asked for counts as a failure", func(s *backoff.Schedule) { s.Failed(asked, start); s.Failed(0, start) }, 2 * backedOff},
		{"Now", func(s *backoff.Schedule) { s.Failed(asked, start); s.Now(start) }, 0},
		{"Hurry", func(s *backoff.Schedule) { s.Failed(0, start); s.Hurry(start) }, 0},
		{"Hurry honours a wait that the server asked for", func(s *backoff.Schedule) { s.Failed(asked, start); s.Hurry(start) }, asked},
		{"Hurry after a failure since", func(s *backoff.Schedule) { s.Failed(asked, start); s.Failed(0, start); s.Hurry(start) }, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := backoff.Schedule{Backoff: backoff.Backoff{First: backedOff, Last: time.Minute}}
			if due := s.Due(start); due > 0 {
				t.Fatalf("before any failure the attempt is due in %v", due)
			}
			tt.do(&s)
			if got := s.Due(start); got != tt.want {
				t.Errorf("due in %v, want %v", got, tt.want)
			}
			if got := s.Due(start.Add(time.Second)); got != tt.want-time.Second {
				t.Errorf("a second later due in %v, want %v", got, tt.want-time.Second)
			}
		})
	}
}
