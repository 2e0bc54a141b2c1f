package offline_test

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/google/uuid"

	"mayfly/cmd/mayfly/e2e/rig"
)

// offered is true while the page offers to install.
var offered = `!!` + rig.ByRole("region", "Install")

// mayInstall sends the event of a browser that can install the page, as a headless one never does. asked counts how often
// the page asked it to install.
const mayInstall = `{
	const event = new Event('beforeinstallprompt', {cancelable: true});
	event.prompt = () => { window.asked = (window.asked || 0) + 1; };
	event.userChoice = Promise.resolve({outcome: 'accepted'});
	window.dispatchEvent(event);
}`

// settled waits until the page has drawn everything that was due when settled was called. It posts a message and waits
// until the page shows it.
func settled(t *testing.T, tab *rig.Tab, server *rig.Server) {
	t.Helper()
	text := "later: " + uuid.NewString()
	say(t, server, text, 0)
	tab.Shows(text)
	drawn(tab)
}

// drawn waits until go-app, which draws once a frame, has drawn what came before a message that is shown.
func drawn(tab *rig.Tab) {
	rig.Eval[bool](tab, `new Promise(done => {
		requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(true))));
	})`)
}

func TestInstall(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	browser := rig.OwnBrowser(t)

	// DevTools says what keeps a page from being installed; in a private window that is the window itself.
	tab := browser.Profile(server.URL).Ready()
	tab.Installed()
	tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		found, err := chromedp.Call(ctx, page.GetInstallabilityErrors, cdp.Empty{})
		if err != nil {
			return err
		}
		for _, e := range found.InstallabilityErrors {
			t.Errorf("not installable: %s %v", e.ErrorID, e.ErrorArguments)
		}
		manifest, err := chromedp.Call(ctx, page.GetAppManifest, page.GetAppManifestParams{})
		if err != nil {
			return err
		}
		for _, e := range manifest.Errors {
			t.Errorf("the manifest: %s", e.Message)
		}
		if want := server.URL + "/manifest.webmanifest"; manifest.URL != want {
			t.Errorf("the manifest is at %s, want %s", manifest.URL, want)
		}
		app, err := chromedp.Call(ctx, page.GetAppID, cdp.Empty{})
		if want := server.URL + "/"; err == nil && app.AppID != want {
			t.Errorf("the app is %s, want %s", app.AppID, want)
		}
		return err
	}))

	// It is offered once the user has sent a message, not before.
	tab.Do(chromedp.Evaluate[chromedp.Void](mayInstall))
	settled(t, tab, server)
	if rig.Eval[bool](tab, offered) {
		t.Error("it is offered before the user has sent a message")
	}
	tab.Say("hello")
	tab.Until(offered)
	fits(t, tab, "Install")
	press(t, tab, "Install")
	tab.Until(`!(` + offered + `) && document.activeElement === ` + rig.Composer)
	tab.Until(`window.asked >= 1`)
	settled(t, tab, server)
	if asked := rig.Eval[int](tab, `window.asked`); asked != 1 {
		t.Errorf("the browser was asked %d times to install, want once", asked)
	}
	again := tab.Sibling(server.URL).Ready() // a user who has answered is not asked again
	again.Do(chromedp.Evaluate[chromedp.Void](mayInstall))
	again.Say("hello again")
	again.Shows("hello again")
	settled(t, again, server)
	if rig.Eval[bool](again, offered) {
		t.Error("it is offered again after an answer")
	}

	// The browser may send its event before the user's first message, and the user may answer No.
	other := rig.OpenBrowser(t).Tab(server.URL).Ready()
	other.Say("and I")
	other.Shows("and I")
	settled(t, other, server)
	if rig.Eval[bool](other, offered) {
		t.Error("it is offered though the browser would not install")
	}
	other.Do(chromedp.Evaluate[chromedp.Void](mayInstall))
	other.Until(offered)
	other.Do(chromedp.Evaluate[chromedp.Void](`window.dispatchEvent(new Event('appinstalled'))`))
	other.Until(`!(` + offered + `)`)
	other.Do(chromedp.Evaluate[chromedp.Void](mayInstall))
	other.Until(offered)
	press(t, other, "Dismiss")
	other.Until(`!(` + offered + `)`)
	other.Do(chromedp.Evaluate[chromedp.Void](mayInstall))
	settled(t, other, server)
	if rig.Eval[bool](other, offered) || rig.Eval[bool](other, `!!window.asked`) {
		t.Error("No is not taken for an answer")
	}
	wantSteps(t, rig.OpenBrowser(t).Tab(""), server.URL)

	// The shortcut of the app's icon leads to any room.
	other.Do(chromedp.Navigate(server.URL + "/?open=room"))
	other.Until(`document.activeElement.id === 'rooms-open' && document.activeElement.checkVisibility() &&
		location.search === ''`)
	other.Say("tea")
	other.Until(`location.pathname === '/r/tea'`)
	other.Ready()
}

// wantSteps checks that in Apple's browsers, where a page cannot ask for the installation, the page says what to press.
func wantSteps(t *testing.T, tab *rig.Tab, url string) {
	t.Helper()
	tab.Phone()
	tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: "Mozilla/5.0 (iPhone; " +
			"CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"})
		return err
	}), chromedp.Navigate(url))
	tab.Ready()
	tab.Do(rig.Type("from a phone"))
	tab.Click("button", "Send") // with only a keyboard on the screen, Enter begins a line
	tab.Until(offered + ` && ` + rig.ByRole("region", "Install") + `.innerText.includes('Add to Home Screen')`)
	fits(t, tab, "Install")
	press(t, tab, "Dismiss")
	tab.Until(`!(` + offered + `)`)
}
