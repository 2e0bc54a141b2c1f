package app_test

import (
	"strings"
	"testing"
	"time"

	"mayfly/app"
	"mayfly/app/client"
)

func TestLooksForANewerVersion(t *testing.T) {
	for _, tt := range []struct {
		name   string
		since  time.Duration // the time since the last look
		wanted bool
		want   bool
	}{
		{"just now", time.Second, false, false},
		{"an hour is over", time.Hour, false, true},
		{"nearly", time.Hour - time.Second, false, false},
		{"a connection is back", time.Minute, true, true},
		{"and again within the minute", time.Minute - time.Second, true, false},
	} {
		if got := app.LookDue(tt.since, tt.wanted); got != tt.want {
			t.Errorf("%s: due = %v", tt.name, got)
		}
	}
}

func TestUpdateBar(t *testing.T) {
	const ready, needed = "A new version is ready. Reload Dismiss", "The server needs a newer version of Mayfly. Reload to go on. Reload Dismiss"
	for _, tt := range []struct {
		name           string
		version, waits string
		outdated       bool
		want           string
	}{
		{"the page's own", "", "", false, ""},
		{"newer", "v2", "", false, ready},
		{"dismissed", "v2", "v2", false, ""},
		{"newer than what was dismissed", "v3", "v2", false, ready},
		{"another protocol", "", "", true, needed},
		{"another protocol, and it is here", "v2", "v2", true, needed},
		{"another protocol, dismissed", "v2", "protocol", true, ""},
	} {
		if got := text(app.UpdateBar(tt.version, tt.waits, client.View{Outdated: tt.outdated})); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	if html := app.UpdateBar("v2", "", client.View{}); strings.Contains(html, "alert") || !strings.Contains(html, `aria-label="New version"`) {
		t.Errorf("it is no quiet region:\n%s", html)
	}
}

func TestAppleSteps(t *testing.T) {
	const (
		iPhone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
		mac    = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/"
	)
	for _, tt := range []struct {
		name, userAgent string
		touch           bool
		want            string
	}{
		{"iPhone", iPhone, true, "Add to Home Screen"},
		{"iPad that calls itself a Mac", mac + "18.5 Safari/605.1.15", true, "Add to Home Screen"},
		{"Mac", mac + "26.0 Safari/605.1.15", false, "Add to Dock"},
		{"Mac with the first that can", mac + "17.0 Safari/605.1.15", false, "Add to Dock"},
		{"Mac with one that can't", mac + "16.6 Safari/605.1.15", false, ""},
		{"old Mac", mac + "9.1 Safari/601.5.17", false, ""},
	} {
		if got := app.AppleSteps(tt.userAgent, tt.touch); !strings.Contains(got, tt.want) || (got == "") != (tt.want == "") {
			t.Errorf("%s: %q, want %q in it", tt.name, got, tt.want)
		}
	}
}
