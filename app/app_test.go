package app

import (
	"strings"
	"testing"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"
	"go.uber.org/goleak"

	"mayfly/app/session"
	"mayfly/shared/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var heron = wire.User{ID: "u-1", Name: "Anonymous Heron", Anonymous: true}

// page draws a page in room with view.
func page(room string, v session.View) string {
	v.Room = room
	return goapp.HTMLString((&chat{session: session.New(session.Config{}), room: room, view: v}).Render())
}

func wantParts(t *testing.T, html string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(html, part) {
			t.Errorf("no %s in:\n%s", part, html)
		}
	}
}

func TestRoomOf(t *testing.T) {
	for _, tt := range []struct {
		path, room string
		ok         bool
	}{
		{"/", "lobby", true},
		{"/r/lobby", "lobby", true},
		{"/r/team-7", "team-7", true},
		{"/r/", "", false},
		{"/r/Tea", "", false},
		{"/r/tea/cup", "", false},
		{"/r/-", "", false},
		{"/r/a%22", "", false},
		{"/elsewhere", "", false},
		{"", "", false},
	} {
		if room, ok := roomOf(tt.path); room != tt.room || ok != tt.ok {
			t.Errorf("roomOf(%q) = %q, %v, want %q, %v", tt.path, room, ok, tt.room, tt.ok)
		}
	}
}

// The server draws one shell for all, in which nobody can type yet.
func TestShell(t *testing.T) {
	engine, c := goapp.NewTestEngine(), &chat{}
	if err := engine.Load(c); err != nil {
		t.Fatal(err)
	}
	engine.ConsumeAll()
	html := goapp.HTMLString(c.Render())
	wantParts(t, html, `role="log"`, `aria-label="Messages"`, `role="status"`, "Connecting…", `aria-label="Message"`)
	if strings.Count(html, " disabled") != 2 {
		t.Errorf("the textbox and the button must be disabled:\n%s", html)
	}
	if err := goapp.Match(goapp.Elem("main").Class("main"), c, 0, 1); err != nil {
		t.Error(err)
	}
}

func TestPage(t *testing.T) {
	at := time.Date(2026, 9, 21, 14, 5, 9, 0, time.Local)
	html := page("tea", session.View{
		Status: session.Online, Joined: true, Me: heron, MayPost: true, TTL: time.Minute,
		Messages: []session.Message{
			{Key: "1", Seq: 1, User: wire.User{ID: "u-2", Name: `A<b>"`}, Text: "<script>\n  two", At: at, Expires: at.Add(time.Minute)},
			{Key: "2", User: heron, Text: "mine", Mine: true, State: session.Sending, Reason: "Slow down."},
			{Key: "3", User: heron, Text: "no", Mine: true, State: session.Failed, Reason: "Not that."},
		},
	})
	wantParts(t, html,
		"#tea</h1>", "Online</span>", "Anonymous Heron</bdi>", " · not signed in",
		`aria-label="Messages in #tea"`, `aria-live="off"`, `tabindex="0"`,
		"A&lt;b&gt;&#34;</bdi>", "&lt;script&gt;\n  two</p>", `dir="auto"`,
		`datetime="`+at.UTC().Format(time.RFC3339)+`"`, `title="Sent at 14:05:09"`, "14:05</span>", "Sent at 14:05:09 </span>",
		" (you)", "Sending… Slow down.", "Not sent. Not that.",
		`placeholder="Type your message"`, `enterkeyhint="send"`, "Send</button>",
	)
	if strings.Contains(html, "disabled") || strings.Contains(html, "style=") {
		t.Errorf("a page in use is not disabled, and the policy forbids style attributes:\n%s", html)
	}
	if n := strings.Count(html, "<time"); n != 1 {
		t.Errorf("%d times, want 1: what is not accepted has none", n)
	}
}

func TestPageSaysWhatThereIsInsteadOfMessages(t *testing.T) {
	wantParts(t, page("tea", session.View{TTL: 5 * time.Minute}), "Messages here vanish after 5 minutes.")
	wantParts(t, page("tea", session.View{Refused: "No such room for you."}), "No such room for you.", "Go to #lobby")
	bad := goapp.HTMLString((&chat{session: session.New(session.Config{}), badRoom: true}).Render())
	wantParts(t, bad, "No such room</h1>", "a-z, 0-9", `href="/"`)
	if strings.Contains(bad, "<textarea") {
		t.Error("a room that can't be has a composer")
	}
	other := goapp.HTMLString((&chat{session: session.New(session.Config{}), room: "tea", view: session.View{
		Room: "lobby", Messages: []session.Message{{Key: "1", Text: "of the lobby"}},
	}}).Render())
	if strings.Contains(other, "of the lobby") {
		t.Error("the page shows messages of the room that one just left")
	}
}

// What stands before the composer's textbox must keep its number, or go-app puts a new textbox there: text and focus gone.
func TestProblemDoesNotMoveTheTextbox(t *testing.T) {
	for _, problem := range []string{"", "The message is empty."} {
		c := &chat{session: session.New(session.Config{}), room: "tea", problem: problem}
		html := goapp.HTMLString(c.Render())
		wantParts(t, html, `role="alert"`, problem)
		if before := html[:strings.Index(html, "<textarea")]; strings.Count(before, "<p") != 3 {
			t.Errorf("with problem %q, %d paragraphs before the textbox, want 3", problem, strings.Count(before, "<p"))
		}
	}
}

// Render must survive whatever goes wrong in it.
func TestRenderSurvivesPanic(t *testing.T) {
	var broken *chat
	if broken.Render() == nil {
		t.Error("Render drew nothing")
	}
}

func TestSends(t *testing.T) {
	for _, tt := range []struct {
		name             string
		key              string
		shift, composing bool
		keyCode          int
		want             bool
	}{
		{"enter", "Enter", false, false, 13, true},
		{"shift+enter", "Enter", true, false, 13, false},
		{"composing", "Enter", false, true, 13, false},
		{"composing, told by the key code", "Enter", false, false, 229, false},
		{"letter", "a", false, false, 65, false},
	} {
		if got := sends(tt.key, tt.shift, tt.composing, tt.keyCode); got != tt.want {
			t.Errorf("%s: sends = %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestLifetime(t *testing.T) {
	for _, tt := range []struct {
		d    time.Duration
		want string
	}{
		{5 * time.Minute, "5 minutes"},
		{time.Minute, "1 minute"},
		{2 * time.Second, "2 seconds"},
		{90 * time.Minute, "1 hour 30 minutes"},
		{24 * time.Hour, "24 hours"},
		{time.Hour + time.Second, "1 hour 1 second"},
		{time.Millisecond, "less than a second"},
	} {
		if got := lifetime(tt.d); got != tt.want {
			t.Errorf("lifetime(%v) = %q, want %q", tt.d, got, tt.want)
		}
	}
}

func TestStatusWords(t *testing.T) {
	for _, tt := range []struct {
		view        session.View
		words, look string
	}{
		{session.View{}, "Connecting…", "status-busy"},
		{session.View{Status: session.Online}, "Online", "status-good"},
		{session.View{Status: session.Reconnecting}, "Reconnecting…", "status-busy"},
		{session.View{Status: session.Offline}, "Offline", "status-bad"},
		{session.View{Status: session.Restarting}, "The server is restarting…", "status-busy"},
		{session.View{Status: session.Ended, Ended: "Sign in again."}, "Sign in again.", "status-bad"},
	} {
		if words, look := statusWords(tt.view), statusClass(tt.view.Status); words != tt.words || look != tt.look {
			t.Errorf("status %d: %q, %q, want %q, %q", tt.view.Status, words, look, tt.words, tt.look)
		}
	}
}

func TestFeedKeepsTheNewest(t *testing.T) {
	var f feed
	if !f.put(session.View{Room: "a"}) || f.put(session.View{Room: "b"}) {
		t.Error("put must ask for one dispatch")
	}
	if got := f.take().Room; got != "b" {
		t.Errorf("take = %q, want the newest", got)
	}
	if !f.put(session.View{Room: "c"}) {
		t.Error("put after take must ask for another dispatch")
	}
}
