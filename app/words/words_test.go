package words_test

import (
	"strings"
	"testing"
	"time"

	"mayfly/app/client"
	"mayfly/app/words"
	"mayfly/shared/wire"
)

func TestArgumentsAreNoPlaceholders(t *testing.T) {
	if got, want := words.With(words.MessageAloud, "{1}", "{0} {9}"), "{1}: {0} {9}"; got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
}

func TestLabel(t *testing.T) {
	at := time.Date(2026, 11, 22, 14, 0, 5, 0, time.UTC)
	clock := words.Clock{Now: at, Offset: zone(0)}
	sent := client.Message{User: wire.User{Name: "Ada"}, Text: "lunch?", Seq: 1, At: at, Expires: at.Add(5 * time.Minute)}
	mine, failed := sent, client.Message{User: wire.User{Name: "Ada"}, Text: "lunch?", Mine: true, State: client.Failed, Reason: client.Problem{Message: "The room is full."}}
	mine.Mine = true
	styled, code := sent, sent
	styled.Text, code.Text = "**lunch** at _one_? > no `x`", "```go\nx := 1\n```"
	for want, m := range map[string]client.Message{
		"Ada: lunch? – Sent at 14:00:05, vanishes at 14:05:05.":               sent,
		"You: lunch? – Sent at 14:00:05, vanishes at 14:05:05.":               mine,
		"Ada: lunch at one? > no x – Sent at 14:00:05, vanishes at 14:05:05.": styled,
		"Ada: x := 1\n – Sent at 14:00:05, vanishes at 14:05:05.":             code,
		"You: lunch? – Not sent. The room is full.":                           failed,
	} {
		if got := words.Label(&m, clock); got != want {
			t.Errorf("label = %q, want %q", got, want)
		}
	}
}

func TestFirstWords(t *testing.T) {
	long := strings.Repeat("ä", 31)
	for text, want := range map[string]string{"lunch?": "lunch?", "a\n b": "a b", long: long[:2*30] + "…", long[:60]: long[:60]} {
		if got := words.First(text); got != want {
			t.Errorf("firstWords(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestLifetime(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Second: "1 second", 90 * time.Second: "1 minute 30 seconds", 5 * time.Minute: "5 minutes", time.Hour: "1 hour",
		25 * time.Hour: "25 hours", time.Millisecond: "less than a second",
	} {
		if got := words.Lifetime(d); got != want {
			t.Errorf("lifetime(%s) = %q, want %q", d, got, want)
		}
	}
}

func TestStatusTail(t *testing.T) {
	for _, tt := range []struct {
		status client.Status
		left   time.Duration
		unsent int
		want   string
	}{
		{client.Online, 5 * time.Second, 0, ""},
		{client.Online, 0, 1, ""}, // it is on its way
		{client.Offline, 5 * time.Second, 0, ""},
		{client.Offline, 5 * time.Second, 1, " · 1 waiting"},
		{client.Connecting, 0, 1000, " · 1,000 waiting"},
		{client.Reconnecting, 0, 0, "…"},
		{client.Reconnecting, 5 * time.Second, 0, " in 5 s"},
		{client.Reconnecting, 5*time.Second + 1, 2, " in 6 s · 2 waiting"},
		{client.Reconnecting, 1, 0, " in 1 s"},
	} {
		if got := words.StatusTail(tt.status, tt.left, tt.unsent); got != tt.want {
			t.Errorf("status %d with %s left and %d unsent: %q, want %q", tt.status, tt.left, tt.unsent, got, tt.want)
		}
	}
}

func TestSkewWords(t *testing.T) {
	for _, tt := range []struct {
		device, provider time.Duration
		want             string
	}{
		{12*time.Minute + 4*time.Second, 0, "This device's clock is 12 minutes ahead."},
		{-time.Hour, 0, "This device's clock is 1 hour behind."},
		{0, 9*time.Minute + 59*time.Second, "The sign-in service's clock is 9 minutes ahead."},
		{0, -10 * time.Minute, "The sign-in service's clock is 10 minutes behind."},
	} {
		if got := words.Skew(tt.device, tt.provider); !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s, %s: %q, want %q", tt.device, tt.provider, got, tt.want)
		}
	}
	if got := words.Skew(0, 0); got != "" {
		t.Errorf("clocks that are right: %q", got)
	}
}

func TestPeopleOfOneNameLookDifferent(t *testing.T) {
	m := client.Message{User: wire.User{Name: "Anonymous Heron"}, Text: "hi", Tag: "3f2a", Seq: 1}
	if got := words.Label(&m, words.Clock{Offset: zone(0)}); !strings.HasPrefix(got, "Anonymous Heron (3f2a): hi") {
		t.Errorf("label = %q", got)
	}
}
