package app_test

import (
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mayfly/app"
	"mayfly/app/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRoomOf(t *testing.T) {
	for path, want := range map[string]string{
		"/": "lobby", "/r/tea": "tea", "/r/team-7": "team-7", "/r/": "", "/r/Tea": "", "/r/a/b": "", "/r/-a": "", "/r/a b": "",
		"/r/" + strings.Repeat("a", 65): "", "/x": "",
	} {
		if got, ok := app.RoomOf(path); got != want || ok != (want != "") {
			t.Errorf("roomOf(%q) = %q, %v, want %q", path, got, ok, want)
		}
	}
}

func TestSends(t *testing.T) {
	for _, tt := range []struct {
		name      string
		key       string
		shift     bool
		composing bool
		keyCode   int
		want      bool
	}{
		{"Enter", "Enter", false, false, 13, true},
		{"Shift+Enter", "Enter", true, false, 13, false},
		{"Enter while composing", "Enter", false, true, 13, false},
		{"Enter for an input method that doesn't say so", "Enter", false, false, 229, false},
		{"another key", "a", false, false, 65, false},
	} {
		if got := app.Sends(tt.key, tt.shift, tt.composing, tt.keyCode); got != tt.want {
			t.Errorf("%s: sends = %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestLifetime(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Second: "1 second", 90 * time.Second: "1 minute 30 seconds", 5 * time.Minute: "5 minutes", time.Hour: "1 hour",
		25 * time.Hour: "25 hours", time.Millisecond: "less than a second",
	} {
		if got := app.Lifetime(d); got != want {
			t.Errorf("lifetime(%s) = %q, want %q", d, got, want)
		}
	}
}

func TestStatusTail(t *testing.T) {
	for _, tt := range []struct {
		status client.Status
		left   time.Duration
		unsent int
		want   string
	}{
		{client.Online, 5 * time.Second, 0, ""},
		{client.Online, 0, 1, ""}, // it is on its way
		{client.Offline, 5 * time.Second, 0, ""},
		{client.Offline, 5 * time.Second, 1, " · 1 waiting"},
		{client.Connecting, 0, 1000, " · 1,000 waiting"},
		{client.Reconnecting, 0, 0, "…"},
		{client.Reconnecting, 5 * time.Second, 0, " in 5 s"},
		{client.Reconnecting, 5*time.Second + 1, 2, " in 6 s · 2 waiting"},
		{client.Reconnecting, 1, 0, " in 1 s"},
	} {
		if got := app.StatusTail(tt.status, tt.left, tt.unsent); got != tt.want {
			t.Errorf("status %d with %s left and %d unsent: %q, want %q", tt.status, tt.left, tt.unsent, got, tt.want)
		}
	}
}
