package app_test

import (
	"strings"
	"testing"

	"go.uber.org/goleak"

	"mayfly/app"
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
