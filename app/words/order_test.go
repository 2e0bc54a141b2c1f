package words_test

import (
	"testing"
	"time"

	"mayfly/app/client"
	"mayfly/app/words"
	"mayfly/shared/wire"
)

func TestSpan(t *testing.T) {
	const day = 24 * time.Hour
	for d, want := range map[time.Duration]string{
		0:                                  "1 second",
		400 * time.Millisecond:             "1 second",
		23600 * time.Millisecond:           "24 seconds",
		90 * time.Second:                   "1 minute 30 seconds",
		9*time.Minute + 20*time.Second:     "10 minutes",
		10*time.Minute + 3*time.Second:     "10 minutes",
		10*time.Minute + 4*time.Second:     "10 minutes",
		10*time.Minute + 5*time.Second:     "11 minutes",
		2*time.Hour + 4*time.Minute + 1e10: "2 hours 5 minutes",
		day - 30*time.Second:               "1 day",
		day + 2*time.Second:                "1 day",
		day + time.Hour:                    "2 days",
		30 * day:                           "30 days",
	} {
		if got := words.Span(d); got != want {
			t.Errorf("Span(%s) = %q, want %q", d, got, want)
		}
	}
	speak(t, "ar")
	if got := words.Span(2 * day); got != "يومين" {
		t.Errorf("two days are %q in Arabic", got)
	}
}

// bare returns text without the invisible characters that isolate names.
func bare(text string) string {
	kept := ""
	for _, r := range text {
		if r != '\u2068' && r != '\u2069' {
			kept += string(r)
		}
	}
	return kept
}

func TestModerated(t *testing.T) {
	now := time.UnixMilli(1_790_000_000_000)
	ms := func(n int64) *int64 { return &n }
	heron := wire.User{ID: "g-1", Name: "Anonymous Heron", Anonymous: true}.Known()
	unknown, me := wire.SomeUser{ID: "g-2"}, wire.SomeUser{ID: "g-3", Name: "Ibis"}
	until := now.Add(10 * time.Minute).UnixMilli()
	for _, tt := range []struct {
		f    wire.Moderated
		want string
	}{
		{wire.Moderated{Act: wire.ActMute, User: &heron, Until: until}, "Ada muted Heron (guest) for 10 minutes."},
		{wire.Moderated{Act: wire.ActBan, User: &unknown, Until: until}, "Ada banned somebody for 10 minutes."},
		{wire.Moderated{Act: wire.ActLift, User: &heron}, "Ada lifted the mute or ban of Heron (guest)."},
		{wire.Moderated{Act: wire.ActMute, User: &me, Until: until}, "Ada muted you for 10 minutes."},
		{wire.Moderated{Act: wire.ActLift, User: &me}, "Ada lifted your mute."},
		{wire.Moderated{Act: wire.ActClear}, "Ada took back all messages here."},
		{wire.Moderated{Act: wire.ActSlow, For: ms(30_000)}, "Ada turned on slow mode: one message in 30 seconds."},
		{wire.Moderated{Act: wire.ActSlow, For: ms(0)}, "Ada turned off slow mode."},
		{wire.Moderated{Act: wire.ActTTL, TTL: 60_000}, "Ada changed how long new messages live: 1 minute."},
	} {
		tt.f.By = wire.User{ID: "u-1", Name: "Ada", Role: wire.RoleModerator}
		if got := bare(words.Moderated(&tt.f, me.ID, now)); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.f.Act, got, tt.want)
		}
	}
	for act, want := range map[string]string{
		wire.ActMute: "Heron (guest) is muted for 9 minutes.", wire.ActBan: "Heron (guest) is banned for 9 minutes.",
	} {
		f := wire.Moderated{Act: act, User: &heron, Until: until}
		if got := bare(words.Barred(&f, now.Add(time.Minute))); got != want {
			t.Errorf("%s: %q, want %q", act, got, want)
		}
	}
}

func TestWait(t *testing.T) {
	for _, tt := range []struct {
		wait time.Duration
		why  client.Code
		want string
	}{
		{0, "", ""},
		{4 * time.Second, client.SlowMode, "Slow mode: you can write again in 4 seconds."},
		{time.Hour, client.Muted, "A moderator has muted you here. You can write again in 1 hour."},
		{24 * time.Hour, client.Banned, "You can come back in 1 day."},
	} {
		if got := words.Wait(tt.wait, tt.why); got != tt.want {
			t.Errorf("Wait(%s, %s) = %q, want %q", tt.wait, tt.why, got, tt.want)
		}
	}
}

func TestRefusedActsOfModerators(t *testing.T) {
	forbidden := client.Problem{Code: client.Code(wire.CodeForbidden), Message: "No."}
	for re, want := range map[string]string{
		"moderate": "Only moderators may do that, and not to each other.",
		"remove":   "Only moderators may do that, and not to each other.",
		"react":    "You can write here only when you are signed in.",
	} {
		if got := words.Refused(&client.Notice{Re: re, Problem: forbidden}); got != want {
			t.Errorf("%s: %q, want %q", re, got, want)
		}
	}
	for code, want := range map[client.Code]string{
		client.Muted: "A moderator has muted you here.", client.Banned: "A moderator has banned you from this room.",
	} {
		if got := words.Problem(client.Problem{Code: code, Message: "No."}); got != want {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
	}
}
