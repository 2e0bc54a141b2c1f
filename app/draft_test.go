package app_test

import (
	"testing"
	"time"

	"mayfly/app"
)

func TestTakes(t *testing.T) {
	for _, tt := range []struct {
		name      string
		text      string
		touched   bool
		sinceSent time.Duration
		want      bool
	}{
		{"empty and untouched", "", false, time.Hour, true},
		{"the user writes", "mine", true, time.Hour, false},
		{"the user has emptied it", "", true, time.Hour, false},
		{"it holds what was given back before", "half", false, time.Hour, false},
		{"a message has just gone out", "", false, app.SendPause - 1, false},
		{"a message went out some time ago", "", false, app.SendPause, true},
		{"the user writes on after a message", "more", true, time.Second, false},
	} {
		if got := app.Takes(tt.text, tt.touched, tt.sinceSent); got != tt.want {
			t.Errorf("%s: takes(%q, %t, %v) = %t, want %t", tt.name, tt.text, tt.touched, tt.sinceSent, got, tt.want)
		}
	}
}
