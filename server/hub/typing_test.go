package hub_test

import (
	"testing"
	"time"

	"mayfly/server/hub"
	"mayfly/shared/wire"
)

func typing(r *recorder, on bool) wire.Typing {
	return wire.Typing{Room: "lobby", User: &r.user, On: &on}
}

// TestTyping goes through what a client says, and what the others are told, second by second.
func TestTyping(t *testing.T) {
	on, off := wire.Typing{Room: "lobby"}, wire.Typing{Room: "lobby", On: new(false)}
	type step struct {
		at   time.Duration // since the start
		say  wire.Frame    // typing, or a post
		told string        // "on", "off" or nothing
	}
	for _, tt := range []struct {
		name  string
		steps []step
	}{
		{"once in 3 s", []step{{0, on, "on"}, {time.Second, on, ""}, {2999 * time.Millisecond, on, ""},
			{3 * time.Second, on, "on"},
			{5 * time.Second, on, ""}, {6 * time.Second, on, "on"}}},
		{"on is said out", []step{{0, wire.Typing{Room: "lobby", On: new(true)}, "on"}}},
		{"off at once", []step{{0, on, "on"}, {time.Second, off, "off"}}},
		{"off without on", []step{{0, off, ""}, {time.Second, on, "on"}, {2 * time.Second, off, "off"},
			{3 * time.Second, off, ""}}},
		{"off does not end the 3 s", []step{{0, on, "on"}, {time.Second, off, "off"}, {2 * time.Second, on, ""},
			{2500 * time.Millisecond, off, ""}, {3 * time.Second, on, "on"}}},
		{"over after 6 s", []step{{0, on, "on"}, {6 * time.Second, off, ""}}},
		{"not over before", []step{{0, on, "on"}, {5999 * time.Millisecond, off, "off"}}},
		{"one that is not sent on counts", []step{{0, on, "on"}, {2 * time.Second, on, ""}, {7 * time.Second, off, "off"}}},
		{"a message ends it, and the 3 s", []step{{0, on, "on"}, {time.Second, post(1, "lobby", 0), ""},
			{1100 * time.Millisecond, off, ""},
			{1200 * time.Millisecond, on, "on"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, testConfig, func(t *testing.T, w world) {
				other, stop := w.node(t)
				ann, again, ben, cleo := w.in(t, "ann", "lobby"), w.in(t, "ann", "lobby"), w.in(t, "ben", "lobby"),
					other.in(t, "cleo", "lobby")
				time.Sleep(2 * time.Second) // the nodes know each other
				began := time.Now()
				for _, s := range tt.steps {
					time.Sleep(s.at - time.Since(began))
					var want []wire.Frame
					switch f := s.say.(type) {
					case wire.Typing:
						ann.Typing(f)
					case wire.Post:
						ann.Post(f)
						want = append(want, ann.posted(f, 1))
						ann.take()
						again.take()
					}
					if s.told != "" {
						want = append(want, typing(ann, s.told == "on"))
					}
					for _, r := range []*recorder{ben, cleo} {
						r.want(t, want...)
					}
				}
				ann.want(t)
				again.want(t)
				stop()
			})
		})
	}
}

func TestTypingIsRefused(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ben := w.in(t, "ben", "lobby")
		reader := &recorder{user: wire.User{ID: "g-reader", Name: "Anonymous Heron", Anonymous: true}}
		reader.Client = w.NewClient(reader, reader.user, "", hub.Reader)
		reader.join(t, "lobby", nil)
		for _, tt := range []struct {
			typing wire.Typing
			code   wire.Code
		}{
			{wire.Typing{Room: "lobby"}, wire.CodeForbidden},
			{wire.Typing{Room: "lobby", On: new(false)}, wire.CodeForbidden},
			{wire.Typing{Room: "tea"}, wire.CodeRoom},
			{wire.Typing{}, wire.CodeRoom},
		} {
			reader.Typing(tt.typing)
			if f := next[wire.Refused](t, reader); f.Re != "typing" || f.Room != tt.typing.Room || f.Code != tt.code ||
				f.RetryMS != 0 {
				t.Errorf("%+v: refused %+v, want %s", tt.typing, f, tt.code)
			}
		}
		ben.want(t)
	})
}

// TestTypingEndsWithTheTab: the others are told when the last connection of a user who is typing ends, but not for a poll,
// after which the client comes back.
func TestTypingEndsWithTheTab(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(one, two *recorder)
		told bool
	}{
		{"closed", func(one, two *recorder) { one.Close(); two.Close() }, true},
		{"left", func(one, two *recorder) { two.Close(); one.Leave(wire.Leave{Room: "lobby"}) }, true},
		{"one of two", func(one, _ *recorder) { one.Close() }, false},
		{"a poll", func(one, two *recorder) { two.Close(); one.CloseFor(30 * time.Second) }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, testConfig, func(t *testing.T, w world) {
				other, stop := w.node(t)
				one, two, ben, cleo := w.in(t, "ann", "lobby"), w.in(t, "ann", "lobby"), w.in(t, "ben", "lobby"),
					other.in(t, "cleo", "lobby")
				time.Sleep(2 * time.Second)
				one.Typing(wire.Typing{Room: "lobby"})
				want := []wire.Frame{typing(one, true)}
				tt.end(one, two)
				if tt.told {
					want = append(want, typing(one, false))
				}
				ben.want(t, want...)
				cleo.want(t, want...)
				stop()
			})
		})
	}
}

// TestTypingBeyondTheLimitIsDropped: the 60 acts in 10 s are those of all rooms; what is not sent on does not count.
func TestTypingBeyondTheLimitIsDropped(t *testing.T) {
	config := testConfig
	config.Rooms, config.Acts = 100, 4
	bubble(t, config, func(t *testing.T, w world) {
		ann, ben := w.in(t, "ann", "lobby", "tea", "tee"), w.in(t, "ben", "lobby", "tea", "tee")
		for _, f := range []wire.Typing{{Room: "lobby"}, {Room: "lobby"}, {Room: "lobby", On: new(false)}, {Room: "tea"},
			{Room: "tea", On: new(false)}, {Room: "tee"}} {
			ann.Typing(f)
		}
		ann.want(t)
		if got := ben.take(); len(got) != 4 {
			t.Errorf("ben was told %+v, want four signs", got)
		}
		if s := w.Stats(); s.Typing != 4 || s.TypingDropped != 1 {
			t.Errorf("%d sent on and %d dropped, want 4 and 1", s.Typing, s.TypingDropped)
		}
		time.Sleep(10 * time.Second)
		ann.Typing(wire.Typing{Room: "tee"})
		if got := ben.take(); len(got) != 1 {
			t.Errorf("ben was told %+v, want one sign", got)
		}
	})
}
