package offline_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
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
