package offline_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"mayfly/cmd/mayfly/e2e/rig"
)

// faultPart is the CSS selector of the sentence in a page without a client. It also works where no script may run, so
// that there is no byRole.
const faultPart = ".fault"

// untilSays waits until a page without a client says that sentence in an alert.
func untilSays(tab *rig.Tab, sentence string) {
	tab.Until(fmt.Sprintf(`byRole('alert').some(e => e.checkVisibility() && e.innerText.includes(%q))`, sentence))
}

// wantSentence checks a page without a client. The page must show one sentence, which a screen reader says, and a button
// Reload that fits a narrow screen. Nothing of the shell may be visible, spoken or reached by the keyboard.
func wantSentence(t *testing.T, tab *rig.Tab, sentence string) {
	t.Helper()
	nodes := rig.Accessible(tab)
	has := func(role, name string) bool {
		return slices.ContainsFunc(nodes, func(n rig.Node) bool { return n.Role == role && strings.Contains(n.Name, name) })
	}
	if !has("alert", "") || !has("StaticText", sentence) || !has("button", "Reload") {
		t.Errorf("%q is not said in an alert with a button Reload: %+v", sentence, nodes)
	}
	if bad := rig.Eval[int](tab, `document.querySelectorAll('form[role]').length`); bad > 0 {
		t.Errorf("%d forms have a role that a form cannot have", bad)
	}
	for _, n := range nodes {
		if n.Role == "textbox" || n.Role == "status" || n.Role == "button" && !strings.HasPrefix(n.Name, "Reload") {
			t.Errorf("beside the sentence there is %+v", n)
		}
	}
	for _, width := range []int{320, 1280} {
		tab.Do(chromedp.EmulateViewport(int64(width), 600))
		if wide := rig.Eval[int](tab, `document.documentElement.scrollWidth`); wide > width {
			t.Errorf("%q is %d px wide on a screen of %d", sentence, wide, width)
		}
		for _, part := range []string{"p", "button"} {
			if !rig.Eval[bool](tab, fmt.Sprintf(`(e => {
				const r = e.getBoundingClientRect();
				return r.left >= 0 && r.right <= innerWidth &&
					e.contains(document.elementFromPoint(r.left + r.width/2, r.top + r.height/2));
			})([...document.querySelectorAll('%s %s')].find(e => e.checkVisibility()))`, faultPart, part)) {
				t.Errorf("the %s of %q is not in sight, %d px wide", part, sentence, width)
			}
		}
	}
}

// pressReload presses the Reload that is in sight, and waits for the page that it brings.
func pressReload(t *testing.T, tab *rig.Tab) {
	t.Helper()
	tab.Do(chromedp.Evaluate[chromedp.Void](`[...document.querySelectorAll('` + faultPart + ` button')].find(e => e.checkVisibility()).focus()`))
	ctx, cancel := context.WithTimeout(tab.Ctx, rig.Timeout)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, rig.Enter()); err != nil {
		t.Fatal(err)
	}
}

func TestWithoutScripts(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab("")
	scripts := func(disabled bool) chromedp.Action[chromedp.Void] {
		return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: disabled})
			return err
		})
	}
	tab.Do(scripts(true), chromedp.Navigate(server.URL))
	wantSentence(t, tab, "Mayfly needs JavaScript and WebAssembly.")
	pressReload(t, tab) // this requests the page again
	wantSentence(t, tab, "Mayfly needs JavaScript and WebAssembly.")
	tab.Do(scripts(false), chromedp.Reload())
	tab.Ready()
}

func TestWithoutWebAssembly(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab("")
	tab.BeforeScripts(`if (!sessionStorage.again) delete window.WebAssembly`)
	tab.Do(chromedp.Navigate(server.URL))
	untilSays(tab, "Mayfly needs WebAssembly, which this browser lacks")
	wantSentence(t, tab, "Mayfly needs WebAssembly, which this browser lacks")
	tab.Do(chromedp.Evaluate[chromedp.Void](`sessionStorage.again = 1`))
	pressReload(t, tab)
	tab.Ready()
}

// TestProgramThatEnds: the client panics at its start, because the browser throws an unexpected exception.
func TestProgramThatEnds(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab("")
	tab.BeforeScripts(`if (!sessionStorage.again) Element.prototype.setAttribute = () => { throw new Error('broken'); }`)
	tab.Do(chromedp.Navigate(server.URL))
	untilSays(tab, "Mayfly has stopped.")
	wantSentence(t, tab, "Mayfly has stopped.")
	tab.Do(chromedp.Evaluate[chromedp.Void](`sessionStorage.again = 1`))
	pressReload(t, tab)
	tab.Ready()
}

// noticesInstalls is a script that sets notInstalled when the page's service worker could not be installed.
const noticesInstalls = `{
	const register = ServiceWorkerContainer.prototype.register;
	ServiceWorkerContainer.prototype.register = async function(...about) {
		const made = await register.apply(this, about), worker = made.installing;
		worker?.addEventListener('statechange', () => window.notInstalled ||= worker.state === 'redundant');
		return made;
	};
}`

func TestClientDoesNotLoad(t *testing.T) {
	t.Parallel()
	browser := rig.OpenBrowser(t)
	for _, tt := range []struct {
		name, file string
		answer     func(w http.ResponseWriter, next http.Handler, r *http.Request)
	}{
		{"it is not there", ".wasm", func(w http.ResponseWriter, _ http.Handler, r *http.Request) { http.NotFound(w, r) }},
		{"it is cut off", ".wasm", func(w http.ResponseWriter, next http.Handler, r *http.Request) {
			next.ServeHTTP(&cutOff{ResponseWriter: w, left: 100_000}, r)
			panic(http.ErrAbortHandler)
		}},
		{"no answer", ".wasm", func(http.ResponseWriter, http.Handler, *http.Request) { panic(http.ErrAbortHandler) }},
		{"it is something else", ".wasm", func(w http.ResponseWriter, _ http.Handler, _ *http.Request) {
			w.Header().Set("Content-Type", "application/wasm")
			fmt.Fprint(w, "<p>Sign in to the network of this hotel.</p>")
		}},
		{"its other half is not there", "/wasm_exec.js", func(w http.ResponseWriter, _ http.Handler, r *http.Request) { http.NotFound(w, r) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var well atomic.Bool
			public := through(t, func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if strings.HasSuffix(r.URL.Path, tt.file) && !well.Load() {
						tt.answer(w, next, r)
						return
					}
					next.ServeHTTP(w, r)
				})
			}, nil)
			tab := browser.Tab("")
			tab.BeforeScripts(noticesInstalls)
			tab.Do(chromedp.Navigate(public + "/r/x"))
			untilSays(tab, "Mayfly could not be loaded. Check the connection, then reload.")
			wantSentence(t, tab, "Mayfly could not be loaded. Check the connection, then reload.")
			// The worker requests the same files. Until that has failed, too, the reloaded page would share its answer.
			tab.Until(`window.notInstalled === true`)
			well.Store(true)
			pressReload(t, tab)
			tab.Ready()
			untilInstalled(t, tab)
			if got := rig.Eval[string](tab, `location.pathname`); got != "/r/x" {
				t.Errorf("Reload leads to %s", got)
			}
		})
	}
}

// TestBelowAPath opens the page where an operator's proxy serves it below a path: it says where Mayfly must be.
func TestBelowAPath(t *testing.T) {
	t.Parallel()
	const top = "must be at the top of a host"
	missing := func(http.Handler) http.Handler { return http.NotFoundHandler() }
	browser := rig.OpenBrowser(t)
	for _, tt := range []struct {
		name, path string
		site       func(next http.Handler) http.Handler // answers what is not below /chat/
		says       string
	}{
		{"of another site", "/chat/", missing, "Mayfly's files could not be loaded."},
		{"of another site, a room", "/chat/r/team", missing, "Mayfly's files could not be loaded."},
		{"of a site with a page for each address", "/chat/", func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				fmt.Fprint(w, "<!doctype html><title>Shop</title>")
			})
		}, "Mayfly's files could not be loaded."},
		{"of a host that is Mayfly's, too", "/chat/", func(next http.Handler) http.Handler { return next },
			"Mayfly cannot run at this address."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			public := through(t, func(next http.Handler) http.Handler {
				mux := http.NewServeMux()
				mux.Handle("/chat/", http.StripPrefix("/chat", next))
				mux.Handle("/", tt.site(next))
				return mux
			}, nil)
			tab := browser.Tab("")
			tab.Do(chromedp.Navigate(public + tt.path))
			tab.Until(fmt.Sprintf(`[...document.querySelectorAll('[role=alert]')].some(e =>
				e.checkVisibility({visibilityProperty: true}) && e.innerText.includes(%q) && e.innerText.includes(%q))`, tt.says, top))
			if rig.Eval[bool](tab, `document.querySelector('.loader-slow')?.checkVisibility() === true`) {
				t.Error("the page also says that it is still loading")
			}
		})
	}
}

// untilInstalled reloads the page until a service worker serves it. The worker of a page that could not be loaded may still
// be failing to keep its files when the next page waits for it: then the page after that tries again.
func untilInstalled(t *testing.T, tab *rig.Tab) {
	t.Helper()
	for range 5 {
		if rig.Eval[bool](tab, `(async () => {
			for (;;) {
				const r = await navigator.serviceWorker.getRegistration();
				if (!r) return false;
				if (r.active?.state === 'activated' && navigator.serviceWorker.controller) return true;
				await new Promise(done => setTimeout(done, 20));
			}
		})()`) {
			return
		}
		reload(t, tab)
		tab.Ready()
	}
	t.Error("no service worker serves the page")
}

// cutOff is a ResponseWriter that sends the header of an answer and the first bytes of its body, and then cuts the
// connection.
type cutOff struct {
	http.ResponseWriter
	left int
}

func (c *cutOff) Write(b []byte) (int, error) {
	n := min(len(b), c.left)
	c.left -= n
	if _, err := c.ResponseWriter.Write(b[:n]); err != nil {
		return 0, err
	}
	return len(b), nil
}

// TestClientThatStallsSaysSo moves the clock of the page's animations, not its own.
func TestClientThatStallsSaysSo(t *testing.T) {
	t.Parallel()
	stalled := make(chan struct{})
	public := through(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, ".wasm") {
				select {
				case <-stalled:
				case <-r.Context().Done():
				}
			}
			next.ServeHTTP(w, r)
		})
	}, nil)
	tab := rig.OpenBrowser(t).Tab(public)
	still := rig.Find(".loader-slow") // has no role
	inSight := func() bool { return rig.Eval[bool](tab, still+`.checkVisibility({visibilityProperty: true})`) }
	at := func(ms int) {
		t.Helper()
		tab.Do(chromedp.Evaluate[chromedp.Void](`{
			const appear = ` + still + `.getAnimations()[0];
			appear.pause();
			appear.currentTime = ` + strconv.Itoa(ms) + `;
		}`))
	}
	for _, reduced := range []string{"no-preference", "reduce"} {
		tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: reduced}},
			})
			return err
		}))
		at(9_900)
		if inSight() {
			t.Errorf("with prefers-reduced-motion: %s the loader says at once that it takes long", reduced)
		}
		at(10_000)
		if !inSight() {
			t.Errorf("with prefers-reduced-motion: %s the loader does not say that it takes long", reduced)
		}
	}
	close(stalled)
	tab.Ready()
}
