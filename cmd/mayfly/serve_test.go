package main

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestStopDoesNotWaitForever checks that a step of the stop that never ends is given up and named.
func TestStopDoesNotWaitForever(t *testing.T) {
	for _, tt := range []struct {
		name  string
		takes time.Duration
		fails bool
	}{
		{"at once", 0, false}, {"nearly too long", endTimeout - time.Millisecond, false},
		{"too long", endTimeout + time.Millisecond, true}, {"an hour", time.Hour, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				err := step("end the background work", waitFor(endTimeout, func() { time.Sleep(tt.takes) }))
				if (err != nil) != tt.fails || tt.fails && !strings.Contains(err.Error(), "end the background work: it did not end within 3s") {
					t.Errorf("the step = %v, want an error: %t", err, tt.fails)
				}
				if took := time.Since(began); took != min(tt.takes, endTimeout) {
					t.Errorf("the step took %s", took)
				}
				time.Sleep(tt.takes) // until the goroutine has ended
			})
		})
	}
}
