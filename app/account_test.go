package app_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app"
	"mayfly/app/client"
	"mayfly/app/pkce"
	"mayfly/shared/wire"
)

var (
	tags    = regexp.MustCompile(`<[^>]*>`)
	spaces  = regexp.MustCompile(`\s+`)
	buttons = regexp.MustCompile(`(?s)<button([^>]*)>(.*?)</button>`)
	whoPart = regexp.MustCompile(`(?s)<p class="who">(.*?)</p>`)
	alerts  = regexp.MustCompile(`(?s)<div role="alert"[^>]*>(.*?)</div>`)
)

// text returns the text that a reader sees of html.
func text(html string) string {
	return strings.TrimSpace(spaces.ReplaceAllString(tags.ReplaceAllString(html, " "), " "))
}

// first returns the text of the first part of html that re finds, "" if there is none.
func first(re *regexp.Regexp, html string) string {
	m := re.FindStringSubmatch(html)
	if m == nil {
		return ""
	}
	return text(m[len(m)-1])
}

// pressable returns the names of the header's buttons, without those of the menus.
func pressable(html string) string {
	var names []string
	for _, m := range buttons.FindAllStringSubmatch(html, -1) {
		menus := []string{"Go to", "Invite", "Help", "Settings", "Open"}
		if !strings.Contains(m[1], "popovertarget") && !slices.Contains(menus, text(m[2])) {
			names = append(names, text(m[2]))
		}
	}
	return strings.Join(names, ", ")
}

func TestHeader(t *testing.T) {
	heron := wire.User{ID: "u-1", Name: "Anonymous Heron", Anonymous: true}
	ada := wire.User{ID: "u-2", Name: "Ada Lovelace (2)"}
	signedIn := pkce.State{Status: pkce.SignedIn, Name: "Ada Lovelace", SignInID: "s", Version: 1}
	signedOut := pkce.State{Status: pkce.SignedOut}
	with := func(s pkce.State, status pkce.Status, p pkce.Problem) pkce.State {
		s.Status, s.Problem = status, p
		return s
	}
	online := client.View{Status: client.Online, Room: "lobby"}
	as := func(v client.View, u wire.User) client.View {
		v.Me = u
		return v
	}
	offline := client.View{Status: client.Offline, Room: "lobby"}
	over := client.View{Status: client.SignedOut, Ended: client.Problem{Message: "You are signed out."}, Room: "lobby", Me: ada}
	noGuests := client.View{Status: client.NoGuests, Ended: client.Problem{Message: "Sign in first."}, Room: "lobby"}
	for _, tt := range []struct {
		name    string
		account pkce.State
		view    client.View
		who     string
		status  string
		buttons string
		alert   string
	}{
		{"prerendered", pkce.State{}, client.View{}, "", "Connecting…", "", ""},
		{"loading", pkce.State{}, client.View{Room: "lobby"}, "", "Connecting…", "", ""},
		{"no provider", pkce.State{Status: pkce.SignedOut, Off: true}, as(online, heron),
			"Heron (guest) · not signed in", "Online", "", ""},
		{"no provider, connecting", pkce.State{Status: pkce.SignedOut, Off: true}, client.View{Room: "lobby"}, "", "Connecting…", "", ""},
		{"not signed in, connecting", signedOut, client.View{Room: "lobby"}, "", "Connecting…", "Sign in", ""},
		{"a guest", signedOut, as(online, heron), "Heron (guest) · not signed in", "Online", "Sign in", ""},
		{"no guests", signedOut, noGuests, "Not signed in", "Sign in to chat", "Sign in", ""},
		{"coming back", pkce.State{Status: pkce.Restoring}, client.View{}, "Signing in…", "Connecting…", "", ""},
		{"restoring", with(signedIn, pkce.Restoring, pkce.Problem{}), client.View{Room: "lobby"}, "Signed in as Ada Lovelace", "Connecting…", "Sign out", ""},
		{"signed in", signedIn, as(online, ada), "Signed in as Ada Lovelace (2)", "Online", "Sign out", ""},
		{"renewing", with(signedIn, pkce.Renewing, pkce.Problem{}), as(online, ada), "Signed in as Ada Lovelace (2)", "Online", "Sign out", ""},
		{"signed in, the server does not know yet", signedIn, as(online, heron), "Signed in as Ada Lovelace", "Online", "Sign out", ""},
		{"offline", with(signedIn, pkce.Offline, pkce.Problem{}), offline, "Offline, signed in as Ada Lovelace", "Offline. Messages will be sent later.", "Sign out", ""},
		{"no network", signedIn, as(offline, ada), "Offline, signed in as Ada Lovelace (2)", "Offline. Messages will be sent later.", "Sign out", ""},
		{"ended", with(signedOut, pkce.Ended, pkce.Problem{Cause: pkce.WasSignedOut, Detail: "<b>Policy</b>"}), over,
			"Not signed in", "Not connected", "Continue as a guest, Sign in again", "You were signed out. &lt;b&gt;Policy&lt;/b&gt;"},
		{"cancelled", with(signedOut, pkce.Failed, pkce.Problem{Cause: pkce.Cancelled}), as(online, heron),
			"Heron (guest) · not signed in", "Online", "Sign in", "Sign-in was cancelled."},
		{"unreachable", with(signedOut, pkce.Failed, pkce.Problem{Cause: pkce.Unreachable}), as(online, heron),
			"Heron (guest) · not signed in", "Online", "Try again", "Mayfly cannot reach the sign-in service."},
		{"unreachable, with a code", with(signedOut, pkce.Failed, pkce.Problem{Cause: pkce.Unreachable, Detail: "no-discovery"}), as(online, heron),
			"Heron (guest) · not signed in", "Online", "Try again",
			"Mayfly cannot reach the sign-in service. If this goes on, tell the operator of this chat: no-discovery"},
		{"nothing to be done", with(signedOut, pkce.Failed, pkce.Problem{Cause: pkce.Misconfigured, Detail: "invalid_client"}), as(online, heron),
			"Heron (guest) · not signed in", "Online", "Sign in, Dismiss", "Mayfly is not set up correctly. invalid_client"},
		{"not allowed", with(signedIn, pkce.SignedIn, pkce.Problem{Cause: pkce.NotAllowed}), client.View{Status: client.Ended, Ended: client.Problem{Message: "Not you."}},
			"Signed in as Ada Lovelace", "Not you.", "Continue as a guest, Sign out", "You are signed in, but not allowed here."},
		{"not allowed, and no guests", pkce.State{Status: pkce.SignedIn, Name: "Ada Lovelace", SignInID: "s", NoGuests: true, Problem: pkce.Problem{Cause: pkce.NotAllowed}},
			client.View{Status: client.Ended, Ended: client.Problem{Message: "Not you."}},
			"Signed in as Ada Lovelace", "Not you.", "Try again, Sign out", "You are signed in, but not allowed here."},
		{"tokens that the server cannot read", with(signedIn, pkce.SignedIn, pkce.Problem{Cause: pkce.Misconfigured, Detail: "Unreadable."}),
			client.View{Status: client.Ended, Ended: client.Problem{Message: "Unreadable."}},
			"Signed in as Ada Lovelace", "Unreadable.", "Continue as a guest, Sign out, Dismiss", "Mayfly is not set up correctly. Unreadable."},
		{"ended for another reason", signedIn, client.View{Status: client.Ended, Ended: client.Problem{Message: "Protocol."}},
			"Signed in as Ada Lovelace", "Protocol.", "Try again, Sign out", ""},
		{"ended, and no guests", pkce.State{Status: pkce.Ended, NoGuests: true, Problem: pkce.Problem{Cause: pkce.SignInEnded}}, over,
			"Not signed in", "Not connected", "Sign in again", "You were signed out: your sign-in has ended."},
		{"ends soon", with(signedIn, pkce.SignedIn, pkce.Problem{Cause: pkce.EndsSoon}), as(online, ada),
			"Signed in as Ada Lovelace (2)", "Online", "Sign out, Sign in again", "Your sign-in ends soon."},
		{"another version", with(signedIn, pkce.SignedIn, pkce.Problem{Cause: pkce.NewerRecord}), as(online, ada),
			"Signed in as Ada Lovelace (2)", "Online", "Sign out, Reload", "A newer Mayfly runs in another tab."},
		{"no storage", with(signedOut, pkce.Failed, pkce.Problem{Cause: pkce.NoStorage}), as(online, heron),
			"Heron (guest) · not signed in", "Online", "Sign in, Reload",
			"The browser blocks storage, and without it sign-in cannot work. Allow this site to store data, in the browser&#39;s settings for cookies and site data."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			html := app.Header(tt.account, tt.view)
			for _, part := range []struct{ what, got, want string }{
				{"who", first(whoPart, html), tt.who},
				{"status", first(regexp.MustCompile(`(?s)role="status"[^>]*>(.*?)</span>`), html), tt.status},
				{"buttons", pressable(html), tt.buttons},
				{"alert", first(alerts, html), tt.alert},
			} {
				if part.got != part.want {
					t.Errorf("%s: %q, want %q\n%s", part.what, part.got, part.want, html)
				}
			}
			if tt.alert == "" && strings.Contains(html, "notice") {
				t.Errorf("there is a bar although nothing is wrong:\n%s", html)
			}
		})
	}
}

// TestPlaceOfSignIn: before the page knows whether the user is signed in, an invisible element is as wide as the button
// Sign in, if users can sign in.
func TestPlaceOfSignIn(t *testing.T) {
	signedOut, restoring := pkce.State{Status: pkce.SignedOut}, pkce.State{Status: pkce.Restoring}
	for _, tt := range []struct {
		shell  app.Shell
		signIn pkce.State
		want   bool
	}{
		{app.Shell{SignIn: true}, pkce.State{}, true},
		{app.Shell{SignIn: true}, restoring, true},
		{app.Shell{SignIn: true}, signedOut, false},
		{app.Shell{}, pkce.State{}, false},
	} {
		preview := app.Preview{Shell: tt.shell, SignIn: tt.signIn}
		header := goapp.HTMLString(preview.Header())
		if kept := strings.Contains(header, `account-place`); kept != tt.want {
			t.Errorf("with %+v and %+v the place is kept: %t\n%s", tt.shell, tt.signIn, kept, header)
		}
	}
}

func TestUnsentMessagesGetAWord(t *testing.T) {
	for unsent, want := range map[int]string{
		1: "1 message would be lost: not sent yet. Sign out anyway",
		2: "2 messages would be lost: not sent yet. Sign out anyway",
	} {
		if got := text(app.Hurdle(pkce.State{Status: pkce.SignedIn, SignInID: "s"}, client.View{Unsent: unsent})); got != want {
			t.Errorf("%d: %q, want %q", unsent, got, want)
		}
	}
}
