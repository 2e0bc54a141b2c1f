package unread_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mayfly/app/client"
	"mayfly/app/client/room"
	"mayfly/app/unread"
	"mayfly/shared/wire"
)

var (
	tea0 = time.UnixMilli(1_800_000_000_000)
	me   = wire.User{ID: "u-me", Name: "Me"}
	ann  = wire.User{ID: "u-ann", Name: "Ann"}
)

// posted returns the frame with the message seq of Ann's in the room tea. Its text is "text 7" if seq is 7. In kind, @
// means that it mentions the user, > that it answers the user's message 1, ! that it lives only ten seconds, and + that its
// text has 201 characters.
func posted(seq int64, kind string) wire.Posted {
	m := wire.Message{Seq: seq, ID: fmt.Sprint(seq), User: ann, Text: fmt.Sprintf("**text** %d", seq),
		At: tea0.UnixMilli() + seq, Expires: tea0.Add(time.Hour).UnixMilli()}
	if strings.Contains(kind, "@") {
		m.Mentions = []string{me.ID}
	}
	if strings.Contains(kind, ">") {
		m.ReplyTo = 1
	}
	if strings.Contains(kind, "!") {
		m.Expires = tea0.Add(10 * time.Second).UnixMilli()
	}
	if strings.Contains(kind, "+") {
		m.Text = strings.Repeat("é", 201)
	}
	return wire.Posted{Room: "tea", Message: m}
}

// joined returns a snapshot of the room tea.
func joined(epoch string, head int64, resumed bool, messages ...wire.Posted) wire.Joined {
	f := wire.Joined{Room: "tea", Epoch: epoch, Head: head, Resumed: resumed, TTL: time.Hour.Milliseconds()}
	for _, m := range messages {
		f.Messages = append(f.Messages, m.Message)
	}
	return f
}

// TestNotifier follows the room tea, in which message 1 is the user's own. A step shows what the Notifier wants to show and
// close after it: "+7 sentence" or "-7".
func TestNotifier(t *testing.T) {
	mine := posted(1, "")
	mine.User = me
	start := joined("e1", 2, false, mine, posted(2, ""))
	own := posted(3, "@")
	own.User = me
	type step struct {
		frame  wire.Frame // may be nil
		change func(*unread.Wishes)
		read   int64 // the user has read up to this seq; 0: no change
		left   bool  // the user leaves the room
		want   string
	}
	look := func(w *unread.Wishes) { w.Hidden = false }
	away := func(w *unread.Wishes) { w.Hidden = true }
	scope := func(s unread.Scope) func(*unread.Wishes) {
		return func(w *unread.Wishes) { w.Scope = func(string) unread.Scope { return s } }
	}
	const mention, reply, news = "\u2068Ann\u2069 mentioned you in #tea", "\u2068Ann\u2069 answered you in #tea",
		"New message in #tea"
	gone := func(seq int64) wire.Removed { return wire.Removed{Room: "tea", Seqs: []int64{seq}} }
	for _, tt := range []struct {
		name  string
		steps []step
	}{
		{"a mention, which the user reads", []step{{frame: posted(3, "@"), want: "+3 " + mention}, {want: ""},
			{read: 3, want: "-3"}, {want: ""}}},
		{"a reply, which is taken back", []step{{frame: posted(3, ">"), want: "+3 " + reply}, {frame: gone(3), want: "-3"}}},
		{"neither", []step{{frame: posted(3, ""), want: ""}}},
		{"the user's own", []step{{change: scope(unread.Everything)}, {frame: own, want: ""}}},
		{"it expires", []step{{frame: posted(3, "@!"), want: "+3 " + mention}, {frame: wire.Typing{}, want: "-3"}}},
		{"a newer mention replaces it", []step{{frame: posted(3, "@"), want: "+3 " + mention},
			{frame: posted(4, "@"), want: "+4 " + mention}, {frame: gone(3), want: ""}, {frame: gone(4), want: "-4"}}},
		{"an older mention is not told again", []step{{frame: posted(3, "@"), want: "+3 " + mention},
			{frame: posted(4, "@"), want: "+4 " + mention}, {frame: gone(4), want: "-4"}, {frame: gone(3), want: "-3"}}},
		{"everything", []step{{change: scope(unread.Everything), want: ""}, {frame: posted(3, ""), want: "+3 " + news},
			{frame: posted(4, "@"), want: "+4 " + mention}, {frame: posted(5, ""), want: "+5 " + news}}},
		{"nothing", []step{{change: scope(unread.Nothing)}, {frame: posted(3, "@"), want: ""}}},
		{"nothing from now on", []step{{frame: posted(3, "@"), want: "+3 " + mention},
			{change: scope(unread.Nothing), want: "-3"}}},
		{"the page is visible", []step{{change: look}, {frame: posted(3, "@"), want: ""}, {change: away, want: ""},
			{frame: posted(4, ""), want: ""}, {frame: posted(5, "@"), want: "+5 " + mention}}},
		{"it becomes visible", []step{{frame: posted(3, "@"), want: "+3 " + mention}, {change: look, want: ""},
			{frame: posted(4, "@"), want: "-3"}, {read: 4, want: "-4"}}},
		{"with its text", []step{{change: func(w *unread.Wishes) { w.Text = true }},
			{frame: posted(3, "@"), want: "+3 " + mention + ": text 3"},
			{frame: posted(4, "@+"), want: "+4 " + mention + ": " + strings.Repeat("é", 200) + "…"}}},
		{"what came while the connection was lost", []step{
			{frame: joined("e1", 5, true, posted(4, "@"), posted(5, "")), want: "+4 " + mention}}},
		{"what was told before the connection was lost", []step{{frame: posted(3, "@"), want: "+3 " + mention},
			{frame: joined("e1", 3, false, posted(2, ""), posted(3, "@")), want: ""}}},
		{"the server has lost the room, the user has not", []step{{frame: posted(3, "@"), want: "+3 " + mention},
			{frame: joined("e2", 0, false), want: ""}, {frame: posted(4, "@"), want: "+4 " + mention},
			{frame: gone(4), want: "-4"}, {change: scope(unread.Nothing), want: "-3"}}},
		{"the user leaves the room", []step{{frame: posted(3, "@"), want: "+3 " + mention}, {left: true, want: "-3"},
			{want: ""}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := room.New("tea", wire.User{}).Apply(wire.Welcome{User: me, MayPost: true}, tea0)
			w := unread.Wishes{Scope: func(string) unread.Scope { return unread.ForMe }, Hidden: true}
			var n unread.Notifier
			for i, s := range append([]step{{want: ""}, {frame: start, want: ""}}, tt.steps...) {
				if s.frame != nil {
					now := tea0
					if s.frame == (wire.Typing{}) {
						now = tea0.Add(10 * time.Second)
					}
					r = r.Apply(s.frame, now)
				}
				if s.change != nil {
					s.change(&w)
				}
				if s.read > 0 {
					r.SeeUpTo(wire.Cursor{Epoch: "e1", Seq: s.read})
				}
				if s.left {
					r = room.New("lobby", me)
				}
				_, latest, forMe := r.Unread()
				got := changes(n.Observe([]client.News{{Visited: client.Visited{Room: r.Name}, Joined: r.Joined,
					Latest: latest, ForMe: forMe}}, w))
				if got != s.want {
					t.Fatalf("after step %d: %q, want %q", i, got, s.want)
				}
			}
		})
	}
}

// changes returns what a Notifier wants to show and close, as TestNotifier writes it.
func changes(show, closed []unread.Notification) string {
	var all []string
	for _, n := range show {
		text := ""
		if n.Text != "" {
			text = ": " + n.Text
		}
		all = append(all, fmt.Sprintf("+%d %s%s", n.At.Seq, n.Title, text))
	}
	for _, n := range closed {
		all = append(all, fmt.Sprintf("-%d", n.At.Seq))
	}
	return strings.Join(all, " ")
}
