package room_test

import (
	"testing"
	"time"

	"mayfly/app/client/outbox"
	"mayfly/app/client/room"
	"mayfly/shared/wire"
)

// moderated returns what a room is told about an act of Ann, a moderator.
func moderated(seq int64, act string, user string, ms int64) wire.Moderated {
	by := ann
	by.Role = wire.RoleModerator
	f := wire.Moderated{Room: "lobby", Seq: seq, Act: act, By: by}
	switch act {
	case wire.ActMute, wire.ActBan:
		f.User, f.Until = &wire.SomeUser{ID: user}, t0.UnixMilli()+ms
	case wire.ActLift:
		f.User = &wire.SomeUser{ID: user}
	case wire.ActSlow:
		f.For = &ms
	case wire.ActTTL:
		f.TTL = ms
	}
	return f
}

func TestApplyActsOfModerators(t *testing.T) {
	joined := snapshot("e1", 9, true, nil)
	joined.Slow, joined.TTL = 5000, 2000
	elsewhere := moderated(5, wire.ActSlow, "", 30_000)
	elsewhere.Room = "tea"
	repeat := moderated(0, wire.ActSlow, "", 30_000)
	repeat.Repeat = true
	refusal := wire.Refused{Re: "post", Room: "lobby", Code: wire.CodeForbidden, Message: "Muted.", RetryMS: 1000}
	final := refusal
	final.RetryMS = 0
	ban := refusal
	ban.Re = "join"
	for _, tt := range []struct {
		name   string
		frames []wire.Frame
		slow   time.Duration
		ttl    time.Duration
		muted  time.Duration // from t0; 0: not muted
		seq    int64         // the cursor
		last   string        // the act in Acts
	}{
		{"slow", []wire.Frame{moderated(5, wire.ActSlow, "", 30_000)}, 30 * time.Second, time.Minute, 0, 5, "slow"},
		{"slow ends", []wire.Frame{moderated(5, wire.ActSlow, "", 30_000), moderated(6, wire.ActSlow, "", 0)},
			0, time.Minute, 0, 6, "slow"},
		{"ttl", []wire.Frame{moderated(5, wire.ActTTL, "", 2000)}, 0, 2 * time.Second, 0, 5, "ttl"},
		{"the user is muted", []wire.Frame{moderated(5, wire.ActMute, "u-me", 60_000)},
			0, time.Minute, time.Minute, 5, "mute"},
		{"another user is muted", []wire.Frame{moderated(5, wire.ActMute, "u-ben", 60_000)}, 0, time.Minute, 0, 5, "mute"},
		{"lifted", []wire.Frame{moderated(5, wire.ActMute, "u-me", 60_000), moderated(6, wire.ActLift, "u-me", 0)},
			0, time.Minute, 0, 6, "lift"},
		{"another user's is lifted", []wire.Frame{moderated(5, wire.ActMute, "u-me", 60_000),
			moderated(6, wire.ActLift, "u-ben", 0)},
			0, time.Minute, time.Minute, 6, "lift"},
		{"another user is banned", []wire.Frame{moderated(5, wire.ActBan, "u-ben", 60_000)}, 0, time.Minute, 0, 5, "ban"},
		{"clear", []wire.Frame{moderated(5, wire.ActClear, "", 0)}, 0, time.Minute, 0, 5, "clear"},
		{"a repeat changes nothing", []wire.Frame{repeat}, 0, time.Minute, 0, 4, ""},
		{"in another room", []wire.Frame{elsewhere}, 0, time.Minute, 0, 4, ""},
		{"at the cursor", []wire.Frame{moderated(4, wire.ActSlow, "", 30_000)}, 0, time.Minute, 0, 4, ""},
		{"a refused post says that the user is muted", []wire.Frame{refusal}, 0, time.Minute, time.Second, 4, ""},
		{"a refusal for ever is no mute", []wire.Frame{final}, 0, time.Minute, 0, 4, ""},
		{"a snapshot has the state", []wire.Frame{moderated(5, wire.ActMute, "u-me", 60_000), joined},
			5 * time.Second, 2 * time.Second, 0, 9, "mute"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := lobby(tt.frames...)
			muted := time.Time{}
			if tt.muted > 0 {
				muted = t0.Add(tt.muted)
			}
			if r.Slow != tt.slow || r.TTL != tt.ttl || !r.MutedUntil.Equal(muted) {
				t.Errorf("slow %s, ttl %s, muted until %s, want %s, %s, %s",
					r.Slow, r.TTL, r.MutedUntil, tt.slow, tt.ttl, muted)
			}
			if seq := r.Join().Seq; seq != tt.seq {
				t.Errorf("the cursor is %d, want %d", seq, tt.seq)
			}
			last := ""
			if n := len(r.Acts); n > 0 {
				last = r.Acts[n-1].Act
			}
			if last != tt.last {
				t.Errorf("the last act is %q, want %q", last, tt.last)
			}
			if !r.Joined {
				t.Error("the room is not joined any more")
			}
		})
	}
	for _, re := range []string{"join", "hello"} {
		ban.Re = re
		r := lobby(ban)
		if r.Joined || r.Refused.Code != outbox.Banned || !r.BannedUntil.Equal(t0.Add(time.Second)) || len(r.Messages) != 2 {
			t.Errorf("banned by re %q: joined %v, refused %+v, %d messages", re, r.Joined, r.Refused, len(r.Messages))
		}
		if r = r.Apply(snapshot("e1", 9, true, nil), t0); !r.Joined || r.Refused.Code != "" ||
			!r.BannedUntil.IsZero() {
			t.Errorf("the room cannot be joined again: %+v", r.Refused)
		}
	}
}

// TestClearedByModerator: the act itself removes nothing; the removed that follows does, with a seq of its own.
func TestClearedByModerator(t *testing.T) {
	r := lobby(moderated(5, wire.ActClear, "", 0))
	wantTexts(t, r, "one", "two")
	r = r.Apply(wire.Removed{Room: "lobby", Seqs: []int64{3, 4}, Why: wire.WhyModerator, Seq: 6}, t0)
	wantTexts(t, r)
	if r.Join().Seq != 6 {
		t.Errorf("the cursor is %d, want 6", r.Join().Seq)
	}
}

func TestModeratorIsKnownByRole(t *testing.T) {
	r := room.New("lobby", wire.User{}).Apply(wire.Welcome{User: me}, t0)
	r = r.Apply(snapshot("e1", 4, false, nil), t0).Apply(moderated(5, wire.ActClear, "", 0), t0)
	if u := r.Known("u-ann"); u.Role != wire.RoleModerator {
		t.Errorf("Ann is known as %+v", u)
	}
}

func TestWait(t *testing.T) {
	posted := func(at time.Duration) wire.Posted {
		return wire.Posted{Room: "lobby", Message: wire.Message{Seq: 9, ID: "x", User: me, Text: "mine",
			At: t0.Add(at).UnixMilli(), Expires: t0.Add(time.Hour).UnixMilli()}}
	}
	refused := func(re string, code wire.Code, ms int64) wire.Refused {
		return wire.Refused{Re: re, Room: "lobby", Code: code, Message: "No.", RetryMS: ms}
	}
	slow := moderated(5, wire.ActSlow, "", 30_000)
	for _, tt := range []struct {
		name   string
		frames []wire.Frame
		wait   time.Duration
		why    outbox.Code
	}{
		{"nothing", nil, 0, ""},
		{"a post without slow mode", []wire.Frame{posted(0)}, 0, ""},
		{"slow mode after the post in the room", []wire.Frame{slow}, 30 * time.Second, outbox.Slow},
		{"slow mode after a later post", []wire.Frame{slow, posted(10 * time.Second)}, 40 * time.Second, outbox.Slow},
		{"slow mode and a refused post", []wire.Frame{slow, refused("post", wire.CodeRate, 47_000)},
			47 * time.Second, outbox.Slow},
		{"slow mode has ended", []wire.Frame{slow, moderated(6, wire.ActSlow, "", 0)}, 0, ""},
		{"a refused post without slow mode", []wire.Frame{refused("post", wire.CodeRate, 7000)}, 0, ""},
		{"muted", []wire.Frame{moderated(5, wire.ActMute, "u-me", 60_000)}, time.Minute, outbox.Muted},
		{"a refused reaction", []wire.Frame{refused("react", wire.CodeForbidden, 7000)}, 7 * time.Second, outbox.Muted},
		{"banned and muted", []wire.Frame{moderated(5, wire.ActMute, "u-me", 60_000),
			refused("join", wire.CodeForbidden, 7000)}, 7 * time.Second, outbox.Banned},
	} {
		r := lobby(tt.frames...)
		if wait, why := r.Wait(t0); wait != tt.wait || why != tt.why {
			t.Errorf("%s: wait %s because of %q, want %s because of %q", tt.name, wait, why, tt.wait, tt.why)
		}
	}
	r := lobby(moderated(5, wire.ActMute, "u-me", 60_000))
	if wait, _ := r.Wait(time.Time{}); wait != 0 {
		t.Errorf("without the server's time the wait is %s", wait)
	}
	if wait, _ := r.Wait(t0.Add(time.Minute)); wait != 0 {
		t.Errorf("after the mute the wait is %s", wait)
	}
}

func TestActsAndWhoIsBarred(t *testing.T) {
	before := lobby(moderated(5, wire.ActMute, "u-ann", 60_000))
	after := before.Apply(moderated(6, wire.ActBan, "g-1", 120_000), t0)
	after = after.Apply(moderated(7, wire.ActMute, "g-2", 60_000), t0).Apply(moderated(8, wire.ActLift, "u-ann", 0), t0)
	if acts := after.ActsSince(&before.Order); len(acts) != 3 || acts[0].Seq != 6 || acts[2].Seq != 8 {
		t.Errorf("three acts came, got %+v", acts)
	}
	if acts := before.ActsSince(&after.Order); len(acts) != 0 {
		t.Errorf("an older state has newer acts: %+v", acts)
	}
	if before.Order.Same(&after.Order) || !after.Order.Same(&after.Order) {
		t.Error("Same is wrong")
	}
	for at, want := range map[time.Duration]int{0: 2, time.Minute: 1, 2 * time.Minute: 0} {
		if got := after.Barred(t0.Add(at)); len(got) != want {
			t.Errorf("after %s %d are barred, want %d: %+v", at, len(got), want, got)
		}
	}
	if got := before.Barred(t0); len(got) != 1 || got[0].User.Name != "Ann" {
		t.Errorf("the name of a known user is missing: %+v", got)
	}
	r := after
	for i := range 60 {
		r = r.Apply(moderated(int64(10+i), wire.ActClear, "", 0), t0)
	}
	if len(r.Acts) != room.MaxActs || r.Acts[room.MaxActs-1].Seq != 69 || len(r.ActsSince(&after.Order)) != room.MaxActs {
		t.Errorf("%d acts are kept, the last with seq %d", len(r.Acts), r.Acts[len(r.Acts)-1].Seq)
	}
}
