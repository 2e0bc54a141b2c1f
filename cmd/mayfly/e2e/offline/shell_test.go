package offline_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mayfly/cmd/mayfly/e2e/rig"
)

// counter counts, by path, the answers that have a body.
type counter struct {
	mu     sync.Mutex
	bodies map[string]int
}

func (c *counter) of(suffix string) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for path, count := range c.bodies {
		if strings.HasSuffix(path, suffix) {
			n += count
		}
	}
	return n
}

func (c *counter) count(r *http.Response) error {
	if r.StatusCode == http.StatusOK {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.bodies[r.Request.URL.Path]++
	}
	return nil
}

// through starts a server behind a proxy and returns the proxy's URL. wrap and see are as for rig.NewFront; either may be
// nil.
func through(t *testing.T, wrap func(next http.Handler) http.Handler, see func(*http.Response) error) string {
	t.Helper()
	front := rig.NewFront(t, wrap, see)
	front.Serve()
	return front.URL
}

func TestFirstVisitDownloadsTheClientOnce(t *testing.T) {
	t.Parallel()
	counted := &counter{bodies: map[string]int{}}
	public := through(t, nil, counted.count)
	tab := rig.OpenBrowser(t).Tab(public).Ready()
	tab.Installed()
	if n := counted.of(".wasm"); n != 1 {
		t.Errorf("the first visit downloaded the client %d times, want once", n)
	}
	tab.Do(chromedp.Reload())
	tab.Ready()
	if n := counted.of(".wasm"); n != 1 {
		t.Errorf("after the second visit it was downloaded %d times, want once", n)
	}
}

func TestSecondVisitWithoutServerShowsTheShell(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	tab.Installed()
	server.Kill()
	startsOffline(t, tab, server.URL, offlineStart{"/", "lobby", ""}, offlineStart{"/r/x", "x", ""},
		offlineStart{"/?source=pwa", "lobby", "written offline"})
	tab.Do(chromedp.Navigate(server.URL + "/nowhere")) // the worker cannot know that there is nothing
	tab.Until(`document.querySelector('h1')?.textContent === 'No such room'`)
	tab.Click("link", "Go to #lobby")
	tab.Until(`document.title === '#lobby – Mayfly'`)
}

// TestNothingAtAnAddress opens an address at which there is nothing, with scripts and without, and before and after the
// service worker is there.
func TestNothingAtAnAddress(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL + "/nowhere")
	look := func() {
		t.Helper()
		tab.Until(`document.querySelector('main h1')?.textContent === 'No such page'`)
		for what, js := range map[string]string{
			"the status is 404": `performance.getEntriesByType('navigation')[0].responseStatus === 404`,
			"it has the styles": `getComputedStyle(document.querySelector('.way-on')).borderTopLeftRadius !== '0px' &&
				document.querySelector('.way-on').getBoundingClientRect().height >= 44`,
			"it has no client":    `document.scripts.length === 1`,
			"it is one main part": `[...document.body.children].map(e => e.localName).join() === 'main'`,
		} {
			if !rig.Eval[bool](tab, js) {
				t.Errorf("it does not hold that %s", what)
			}
		}
		for _, dark := range []bool{false, true} {
			tab.Dark(dark)
			colour := rig.Eval[string](tab, `getComputedStyle(document.querySelector('main')).backgroundColor`)
			if (colour == "rgb(15, 39, 51)") != dark {
				t.Errorf("dark: %v, the ground is %s", dark, colour)
			}
		}
		tab.Do(chromedp.EmulateViewport(320, 256))
		if wide := rig.Eval[int](tab, `document.documentElement.scrollWidth`); wide > 320 {
			t.Errorf("it is %d px wide on a screen of 320", wide)
		}
	}
	look()
	tab.Click("link", "Go to #lobby")
	tab.Ready().Installed()
	tab.Do(chromedp.Navigate(server.URL + "/r"))
	tab.Ready() // leads to the lobby
	tab.Do(chromedp.Navigate(server.URL + "/nowhere/else?x=1#y"))
	look()
	for _, fault := range tab.Faults() {
		if !strings.Contains(fault, "404") {
			t.Error(fault)
		}
	}
}

// TestLinkShowsTheRoomAndItsLifeBeforeTheClientRuns holds back the client: what the server has sent names the room, and says
// how long messages live there, in the user's language. The rest of what an empty room shows is not seen yet.
func TestLinkShowsTheRoomAndItsLifeBeforeTheClientRuns(t *testing.T) {
	t.Parallel()
	public := through(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, ".wasm") {
				<-r.Context().Done()
				return
			}
			next.ServeHTTP(w, r)
		})
	}, nil)
	for tag, says := range map[string][2]string{
		"en": {"5 min", "Messages here vanish after 5 minutes, for everyone."},
		"de": {"5 Min.", "Nachrichten verschwinden hier nach 5 Minuten, für alle."},
	} {
		tab := asks(t, public+"/r/team", tag)
		tab.Until(fmt.Sprintf(`document.querySelector('h1')?.textContent === '#team' && %s.innerText.includes(%q) &&
			document.querySelector('main').innerText.trim().startsWith(%q) &&
			!!document.querySelector('.skeleton[aria-hidden=true]')`, rig.Header, says[0], says[1]))
	}
}

// TestFirstVisitIsQuiet listens to the console: the first visit brings no newer version, although a service worker starts.
func TestFirstVisitIsQuiet(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab("")
	tab.BeforeScripts(`window.logged = []; for (const how of ['log', 'info', 'warn', 'error']) {
		const write = console[how];
		console[how] = (...words) => {
			logged.push(words.join(' '));
			write.apply(console, words);
		};
	}`)
	tab.Do(chromedp.Navigate(server.URL))
	tab.Ready().Installed()
	tab.Say("hello") // what go-app writes later than its drawing is written by now
	tab.Shows("hello")
	// The page makes the same call when it looks for a newer version.
	tab.Script(`navigator.serviceWorker.getRegistration().then(r => r.update())`)
	if got := rig.Eval[[]string](tab, `logged`); len(got) > 0 {
		t.Errorf("the console has %q", got)
	}
}

func TestNoViolationsAndNoErrors(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	tab.Say("hello")
	tab.Shows("hello")
	tab.Installed()
	if got := tab.Faults(); len(got) != 0 {
		t.Errorf("the page reports %q", got)
	}
}

// TestFaultsAreSeen makes a page do what no page should do. The tab must report each of these faults.
func TestFaultsAreSeen(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	for _, tt := range []struct{ does, want string }{
		{`document.body.append(Object.assign(document.createElement('img'), {src: 'http://127.0.0.1:1/x.png'}))`, "img-src"},
		{`console.error('broken', 7)`, "console.error: "},
		{`setTimeout(() => { throw new Error('thrown') })`, "thrown"},
		{`void Promise.reject(new Error('rejected'))`, "rejected"},
		{`document.body.setAttribute('onclick', 'alert(1)')`, "script-src"},
	} {
		tab.Do(chromedp.Evaluate[chromedp.Void]("void (" + tt.does + ")"))
		for began := time.Now(); ; {
			faults := tab.Faults()
			if slices.ContainsFunc(faults, func(fault string) bool { return strings.Contains(fault, tt.want) }) {
				break
			}
			if time.Since(began) > rig.Timeout {
				t.Fatalf("after %s the tab reports %q, want %q in it", tt.does, faults, tt.want)
			}
			rig.Eval[int](tab, `new Promise(done => setTimeout(() => done(0), 20))`)
		}
	}
}

// TestStoredPageGivesWayToALoginPage: a proxy before the server wants the user to log in again. The page that the worker
// stores starts at once, and then gives way to the login page. After the login the page comes back, with what the user has
// written.
func TestStoredPageGivesWayToALoginPage(t *testing.T) {
	t.Parallel()
	var loggedOut atomic.Bool
	public := through(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path == "/proxy/login":
				fmt.Fprint(w, "<title>Log in</title>")
			case loggedOut.Load():
				http.Redirect(w, r, "/proxy/login", http.StatusFound)
			default:
				next.ServeHTTP(w, r)
			}
		})
	}, nil)
	tab := rig.OpenBrowser(t).Tab(public + "/r/x").Ready()
	tab.Installed()
	tab.Do(rig.Type("half written"))
	loggedOut.Store(true)
	tab.Do(chromedp.Reload())
	tab.Until(`document.title === 'Log in'`)
	loggedOut.Store(false)
	tab.Do(chromedp.Navigate(public + "/r/x"))
	tab.Ready()
	tab.Until(rig.Composer + `.value === 'half written' || ` + onOffer + `.includes('half written')`)
}
