package room_test

import (
	"testing"
	"time"

	"mayfly/app/client/room"
	"mayfly/shared/wire"
)

// moderated is an act of Ann's, who is a moderator.
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
		last   string        // the act in LastAct
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
			if last := r.LastAct; (last == nil) != (tt.last == "") || last != nil && last.Act != tt.last {
				t.Errorf("the last act is %+v, want %q", last, tt.last)
			}
			if !r.Joined {
				t.Error("the room is not joined any more")
			}
		})
	}
	for _, re := range []string{"join", "hello"} {
		ban.Re = re
		r := lobby(ban)
		if r.Joined || r.Refused.Code != "forbidden" || len(r.Messages) != 2 {
			t.Errorf("banned by re %q: joined %v, refused %+v, %d messages", re, r.Joined, r.Refused, len(r.Messages))
		}
		if r = r.Apply(snapshot("e1", 9, true, nil), t0); !r.Joined || r.Refused.Code != "" {
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
