package unread_test

import (
	"strings"
	"testing"
	"time"

	"mayfly/app/client"
	"mayfly/app/unread"
)

// view returns a view of a room with a message for each word in words. The word is the key, and its place in the list is
// the Seq. A message is Ann's, or the user's own if its word begins with m. A state may follow after a colon: s for
// sending, f for failed; such a message has no Seq.
func view(room string, head int64, words string) client.View {
	v := client.View{Room: room, Joined: room != "", Head: head}
	for i, w := range strings.Fields(words) {
		key, state, _ := strings.Cut(w, ":")
		m := client.Message{Key: key, Text: "text " + key, Mine: key[0] == 'm', Seq: int64(i + 1)}
		m.User.Name = "Ann"
		switch state {
		case "s":
			m.Seq, m.State = 0, client.Sending
		case "f":
			m.Seq, m.State, m.Reason.Message = 0, client.Failed, "Why."
		}
		v.Messages = append(v.Messages, m)
	}
	return v
}

func TestAnnouncer(t *testing.T) {
	type step struct {
		after         time.Duration // the time since the step before
		room          string
		head          int64
		words         string
		polite, alert string
	}
	const lobby, tea = "lobby", "tea"
	for _, tt := range []struct {
		name  string
		steps []step
	}{
		{"one message", []step{
			{0, lobby, 0, "", "", ""},
			{0, lobby, 0, "a", "", ""}, // more messages may come and be said with it
			{149 * time.Millisecond, lobby, 0, "a", "", ""},
			{time.Millisecond, lobby, 0, "a", "Ann: text a", ""}, // said with another drawing, or at 300 ms
			{time.Minute, lobby, 0, "a", "Ann: text a", ""},
		}},
		{"what was there is not news", []step{
			{0, "", 0, "", "", ""},
			{0, lobby, 3, "a b c", "", ""},
			{time.Minute, lobby, 3, "a b c", "", ""},
		}},
		{"nor is what a snapshot brings later", []step{
			{0, lobby, 1, "a", "", ""},
			{0, lobby, 3, "a b c", "", ""},
			{time.Minute, lobby, 3, "a b c d", "", ""},
			{time.Second, lobby, 3, "a b c d", "Ann: text d", ""},
		}},
		{"two at once are said at once", []step{
			{0, lobby, 0, "", "", ""},
			{0, lobby, 0, "a b", "", ""},
			{time.Second, lobby, 0, "a b", "Ann: text a\nAnn: text b", ""},
		}},
		{"a burst", []step{
			{0, lobby, 0, "", "", ""},
			{0, lobby, 0, "a b", "", ""},
			{100 * time.Millisecond, lobby, 0, "a b c d e", "", ""},
			{100 * time.Millisecond, lobby, 0, "a b c d e", "5 new messages", ""},
			{time.Second, lobby, 0, "a b c d e f", "5 new messages", ""},
			{849 * time.Millisecond, lobby, 0, "a b c d e f g h i", "5 new messages", ""},
			{time.Millisecond, lobby, 0, "a b c d e f g h i", "4 new messages", ""},
		}},
		{"what has gone before it was said", []step{
			{0, lobby, 0, "", "", ""},
			{0, lobby, 0, "a b", "", ""},
			{time.Second, lobby, 0, "b", "Ann: text b", ""},
			{0, lobby, 0, "b c", "Ann: text b", ""},
			{time.Minute, lobby, 0, "b", "Ann: text b", ""},
		}},
		{"expiry says nothing and leaves nothing", []step{
			{0, lobby, 0, "", "", ""},
			{0, lobby, 0, "a b", "", ""},
			{time.Second, lobby, 0, "a b", "Ann: text a\nAnn: text b", ""},
			{time.Second, lobby, 0, "b", "", ""},
			{time.Second, lobby, 0, "", "", ""},
		}},
		{"one's own", []step{
			{0, lobby, 0, "", "", ""},
			{0, lobby, 0, "m1:s", "", ""},
			{time.Second, lobby, 0, "m1", "Sent", ""},
			{time.Second, lobby, 0, "m1 m2:s", "Sent", ""},
			{time.Second, lobby, 0, "m1 m2", "Sent\u00a0", ""}, // to say the same words again, the text must change
			{time.Second, lobby, 0, "m1 m2 m3", "Sent", ""},    // in one view with its answer
			{time.Second, lobby, 0, "m1 m2 m3", "Sent", ""},
			{time.Second, lobby, 0, "", "Sent", ""},
		}},
		{"one's own, accepted before an older one comes", []step{
			{0, lobby, 0, "", "", ""},
			{0, lobby, 0, "m1:s", "", ""},
			{0, lobby, 0, "m1", "Sent", ""},
			{0, lobby, 0, "a m1", "Sent", ""},
			{time.Second, lobby, 0, "a m1", "Ann: text a", ""},
		}},
		{"both at once", []step{
			{0, lobby, 0, "m:s", "", ""},
			{0, lobby, 0, "a m:s", "", ""},
			{time.Second, lobby, 0, "a m", "Sent\nAnn: text a", ""},
			{time.Second, lobby, 0, "m", "", ""},
		}},
		{"another room", []step{
			{0, lobby, 1, "a", "", ""},
			{0, lobby, 1, "a b", "", ""},
			{0, tea, 2, "c d", "Room tea, 2 messages", ""},
			{time.Minute, tea, 2, "c d", "Room tea, 2 messages", ""},
			{time.Minute, lobby, 9, "e", "Room lobby, 1 message", ""},
			{time.Minute, tea, 9, "", "Room tea, 0 messages", ""},
		}},
		{"failures", []step{
			{0, lobby, 0, "m1:s m2:s m3:s", "", ""},
			{0, lobby, 0, "m1:f m2:s m3:s", "", "Not sent. Why."},
			{0, lobby, 0, "m1:f m2:s m3:s", "", "Not sent. Why."},
			{0, lobby, 0, "m1:f m2:f m3:s", "", "Not sent. Why.\u00a0"},
			{0, lobby, 0, "m1 m2:f m3:s", "Sent", "Not sent. Why.\u00a0"},
			{0, lobby, 0, "m1 m2:s m3:s", "Sent", ""}, // sent again
			{0, lobby, 0, "m1 m2:f m3:f", "Sent", "Not sent. Why."},
			{0, lobby, 0, "m1", "Sent", ""},
			{0, lobby, 0, "m1 m4:f", "Sent", "Not sent. Why."}, // in one view with its refusal
			{0, tea, 0, "m5:f", "Room tea, 1 message", "Not sent. Why."},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, now, before := new(unread.Announcer), time.Minute, client.View{}
			for i, s := range tt.steps {
				now += s.after
				after := view(s.room, s.head, s.words)
				a.Observe(&before, &after, now)
				before = after
				if polite, alert := a.Polite, a.Alert; polite != s.polite || alert != s.alert {
					t.Fatalf("after step %d it says %q and %q, want %q and %q", i, polite, alert, s.polite, s.alert)
				}
			}
		})
	}
}

// TestAnnouncerSaysWhenToAsk: the Announcer has no timer, so Observe returns when to call it again.
func TestAnnouncerSaysWhenToAsk(t *testing.T) {
	a, now := new(unread.Announcer), time.Minute
	none, one, two := view("lobby", 0, ""), view("lobby", 0, "a"), view("lobby", 0, "a b")
	for _, s := range []struct {
		passed   time.Duration
		from, to client.View
		want     time.Duration
	}{
		{0, none, none, 0},
		{0, none, one, 300 * time.Millisecond},
		{100 * time.Millisecond, one, one, 200 * time.Millisecond},
		{200 * time.Millisecond, one, one, 0},
		{time.Second, one, two, time.Second},
		{time.Second, two, two, 0},
	} {
		now += s.passed
		if got := a.Observe(&s.from, &s.to, now); got != s.want {
			t.Errorf("ask again after %s, want %s", got, s.want)
		}
	}
}

func TestLongTextsAreCut(t *testing.T) {
	a, now := new(unread.Announcer), time.Minute
	v := view("lobby", 0, "a")
	v.Messages[0].Text = strings.Repeat("é", 201)
	none := view("lobby", 0, "")
	a.Observe(&none, &v, now)
	a.Observe(&v, &v, now+time.Second)
	if polite := a.Polite; polite != "Ann: "+strings.Repeat("é", 200)+"…" {
		t.Errorf("it says %q", polite)
	}
}

func TestMarkdownIsSaidWithoutItsSigns(t *testing.T) {
	a, now := new(unread.Announcer), time.Minute
	empty, full := view("lobby", 0, ""), view("lobby", 0, "a")
	full.Messages[0].Text = "**now** or _later_, not 2*3"
	a.Observe(&empty, &empty, now)
	a.Observe(&empty, &full, now)
	a.Observe(&full, &full, now+time.Second)
	if want := "Ann: now or later, not 2*3"; a.Polite != want {
		t.Errorf("it says %q, want %q", a.Polite, want)
	}
}

func TestMessageThatComesBackIsNotSaidToBeSent(t *testing.T) {
	a, now := new(unread.Announcer), time.Minute
	empty, sending := view("lobby", 0, ""), view("lobby", 0, "m:s")
	sent, takenBack := view("lobby", 0, "m"), view("lobby", 0, "")
	takenBack.Undo = []string{"m"}
	last := empty
	for i, v := range []client.View{empty, sending, sent, takenBack, sent} {
		a.Observe(&last, &v, now)
		last, now = v, now+time.Minute
		if want := map[bool]string{true: "Sent"}[i >= 2]; a.Polite != want { // with another character, it is said anew
			t.Errorf("after view %d it says %q, want %q", i, a.Polite, want)
		}
	}
}
