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
		"/": "lobby", "/r/tea": "tea", "/r/team-7": "team-7", "/r/": "lobby", "/r//": "lobby", "/r/Tea": "tea", "/r/tea/": "tea",
		"/r/TEA//": "tea", "/r/ tea ": "tea", "/r/lobby": "lobby", "/r/a/b": "", "/r/-a": "", "/r/a b": "", "/r/#tea": "",
		"/r/" + strings.Repeat("a", 65): "", "/x": "", "/r": "", "": "", "/login/callback": "",
	} {
		if got, ok := app.RoomOf(path); got != want || ok != (want != "") {
			t.Errorf("roomOf(%q) = %q, %v, want %q", path, got, ok, want)
		}
	}
}

func TestRoomAt(t *testing.T) {
	for _, tt := range []struct {
		path, fragment, room string
		elsewhere            bool
	}{
		{"/", "team", "team", true}, {"/", "Team", "team", true}, {"/", "#team", "team", true},
		{"/", " team ", "team", true},
		{"/", "lobby", "lobby", true}, {"/", "main", "main", true}, {"/r/Tea", "", "tea", true},
		{"/r/", "team", "lobby", true},

		{"/", "", "lobby", false}, {"/", "message", "lobby", false}, {"/", "BAD!!", "lobby", false},
		{"/", "-team", "lobby", false},
		{"/", "state=abc&code=x", "lobby", false}, {"/", "access_token=abc", "lobby", false}, {"/", "_=_", "lobby", false},
		{"/", ":~:text=hello", "lobby", false}, {"/", "/r/team", "lobby", false},
		{"/", strings.Repeat("a", 65), "lobby", false},
		{"/r/tea", "team", "tea", false}, {"/r/tea", "message", "tea", false}, {"/r/BAD!!", "team", "", false},
		{"/login/callback", "team", "", false}, {"/x", "team", "", false},
	} {
		room, elsewhere, ok := app.RoomAt(tt.path, tt.fragment)
		if room != tt.room || elsewhere != tt.elsewhere || ok != (tt.room != "") {
			t.Errorf("roomAt(%q, %q) = %q, %v, %v, want %q, %v", tt.path, tt.fragment, room, elsewhere, ok, tt.room,
				tt.elsewhere)
		}
	}
}

func TestPathOf(t *testing.T) {
	for room, want := range map[string]string{"lobby": "/", "tea": "/r/tea"} {
		if got := app.PathOf(room); got != want {
			t.Errorf("the path of %s is %s, want %s", room, got, want)
		} else if back, ok := app.RoomOf(got); back != room || !ok {
			t.Errorf("the room of %s is %s", got, back)
		}
	}
}

// TestRoomNamed has texts that users write or paste to open a room.
func TestRoomNamed(t *testing.T) {
	for text, want := range map[string]string{
		"team": "team", "team ": "team", " team": "team", "\tteam\n": "team", "#team": "team", "# team": "team", "Team": "team",
		"##TEAM": "team", "team-7": "team-7", "/r/team": "team", "/r/Team/": "team", "/": "lobby", "#lobby": "lobby",
		"https://chat.example.com/r/team": "team", "HTTPS://Chat.Example.com/r/Team/?x#y": "team",
		"https://chat.example.com/#team": "team", "chat.example.com/#Team": "team", "/#team": "team", "/?x#team": "team",
		"/r/tea#team": "tea", "https://chat.example.com/#message": "lobby", "https://chat.example.com/#BAD!!": "lobby",
		"https://chat.example.com": "lobby", "https://chat.example.com/": "lobby", "chat.example.com/r/team": "team",

		"": "", " ": "", "#": "", "my team": "", "-team": "", "team!": "", "tëam": "", "/x": "", "/r/a/b": "",
		"https://other.example.com/r/team": "", "https://chat.example.com.evil.example/r/team": "", "http://chat.example.com/r/team": "",
		"chat.example.com": "", strings.Repeat("a", 65): "",
	} {
		if got, ok := app.RoomNamed(text, "https://chat.example.com"); ok != (want != "") || ok && got != want {
			t.Errorf("by %q one means %q, %v, want %q", text, got, ok, want)
		}
	}
}

func TestSends(t *testing.T) {
	for _, tt := range []struct {
		name         string
		press        app.Press
		keys, screen bool // whether Enter sends with a keyboard of keys, and with a keyboard on the screen
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
