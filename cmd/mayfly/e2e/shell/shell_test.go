// Package shell_test looks at what the browser gets and keeps: the download, the worker, the page without a server, and
// what the program says when something is wrong.
package shell_test

import (
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mayfly/cmd/mayfly/e2e/rig"
)

func TestMain(m *testing.M) { rig.Main(m) }

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

func TestForeignHostGetsAPageThatSaysWhatToDo(t *testing.T) {
	server := rig.Serve(t)
	req, err := http.NewRequestWithContext(t.Context(), "GET", server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "chat.lan:8080"
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusMisdirectedRequest || !strings.Contains(string(body), "-public-url http://chat.lan:8080") {
		t.Errorf("%d %s, %v", resp.StatusCode, body, err)
	}
}

func TestSaysWhatIsWrong(t *testing.T) {
	taken := rig.TakePort(t)
	for _, tt := range []struct {
		name string
		args []string
		code int
		says []string
	}{
		{"nothing", nil, 1, []string{"mayfly serve"}},
		{"no such command", []string{"dance"}, 1, []string{`"dance"`, "want serve, dev or version"}},
		{"help", []string{"-help"}, 0, []string{"mayfly serve"}},
		{"serve -help", []string{"serve", "-help"}, 0, []string{"-public-url", "MAYFLY_"}},
		{"version", []string{"version"}, 0, []string{"mayfly 0."}},
		{"port taken", []string{"serve", "-listen", taken}, 1, []string{taken + " is taken by another program", "-listen"}},
		{"several problems", []string{"serve", "-ttl", "1ms", "-conns", "0"}, 1, []string{"-ttl is 1ms", "-conns is 0", "mayfly serve -help"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, code := rig.Run(t, tt.args...)
			if code != tt.code {
				t.Errorf("exit code %d, want %d:\n%s", code, tt.code, out)
			}
			for _, want := range tt.says {
				if !strings.Contains(out, want) {
					t.Errorf("%q is not in what it says:\n%s", want, out)
				}
			}
		})
	}
}

func TestStopsInOrder(t *testing.T) {
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	tab.Say("to stay")
	tab.Shows("to stay")
	server.Stop()
	tab.Until(`!document.querySelector('[role=status]').innerText.toLowerCase().includes('online')`)
	tab.Shows("to stay")
	server.Start()
	tab.Ready()
	tab.Shows("to stay")
}

// TestWhoAsksForNothingIsNotWaitedFor stops a server to which a connection is open that has said nothing, as browsers open
// them in advance.
func TestWhoAsksForNothingIsNotWaitedFor(t *testing.T) {
	server := rig.Serve(t)
	conn, err := net.Dial("tcp", server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	server.Stop()
}

// TestHalfARequestIsGivenUp sends the head of a request and never its body.
func TestHalfARequestIsGivenUp(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	conn, err := net.Dial("tcp", server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(rig.Timeout)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, conn); err != nil {
		t.Errorf("the server did not end the connection: %v", err)
	}
}
