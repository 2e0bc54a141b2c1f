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
		name         string
		press        app.Press
		keys, screen bool // with a keyboard of keys, with one on the screen
	}{
		{"Enter", app.Press{Key: "Enter"}, true, false},
		{"Shift+Enter", app.Press{Key: "Enter", Shift: true}, false, false},
		{"Ctrl+Enter", app.Press{Key: "Enter", Command: true}, true, true},
		{"Ctrl+Shift+Enter", app.Press{Key: "Enter", Command: true, Shift: true}, true, true},
		{"Enter while composing", app.Press{Key: "Enter", Composing: true}, false, false},
		{"Ctrl+Enter while composing", app.Press{Key: "Enter", Command: true, Composing: true}, false, false},
		{"another key", app.Press{Key: "a"}, false, false},
		{"Ctrl+A", app.Press{Key: "a", Command: true}, false, false},
		{"what a touch keyboard calls nothing", app.Press{Key: "Unidentified"}, false, false},
	} {
		for _, touch := range []bool{false, true} {
			want := tt.keys
			if touch {
				want = tt.screen
			}
			if got := tt.press.Sends(touch); got != want {
				t.Errorf("%s, on the screen: %t: sends = %t, want %t", tt.name, touch, got, want)
			}
		}
	}
}
