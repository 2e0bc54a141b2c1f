package offline_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"mayfly/cmd/mayfly/e2e/rig"
)

// counter counts the answers with a body, by path.
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

// through starts a server behind a proxy and returns the proxy's URL. The proxy does as wrap says, and as see does with each
// answer; either may be nil.
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
	for path, room := range map[string]string{"/": "lobby", "/r/x": "x", "/?source=pwa": "lobby"} {
		tab.Do(chromedp.Navigate(server.URL + path))
		tab.Until(`document.title === '#` + room + ` – Mayfly' && document.activeElement.tagName === 'TEXTAREA'`)
		tab.Until(`!document.querySelector('[role=status]').innerText.toLowerCase().includes('online')`)
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

// TestFaultsAreSeen looks at the one who looks: a tab reports what a page should never do.
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
		rig.Eval[int](tab, `new Promise(done => setTimeout(() => requestAnimationFrame(() => done(0))))`)
		if !slices.ContainsFunc(tab.Faults(), func(fault string) bool { return strings.Contains(fault, tt.want) }) {
			t.Errorf("after %s the tab reports %q, want %q in it", tt.does, tab.Faults(), tt.want)
		}
	}
}
