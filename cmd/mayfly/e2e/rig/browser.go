package rig

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// Browser is a headless Chromium: the package's, or one of the test's own.
type Browser struct {
	Dir string // the profile's folder, with all that the tabs of Profile store

	t     *testing.T
	ctx   context.Context
	close func()
}

// packageBrowser is the Chromium that all tests of a package share: the first test that asks starts it, Main closes it.
var packageBrowser struct {
	mu    sync.Mutex // guards the fields below
	dir   string     // of its profile, once Main knows it
	ctx   context.Context
	close func()
	err   error // starting it failed: no test tries again
}

// OpenBrowser returns the package's Chromium. Each of its Tabs has a browser context of its own, which ends with the test,
// so tests share no storage. Without a Chromium it skips the test, except under CI=true.
func OpenBrowser(t *testing.T) *Browser {
	t.Helper()
	needChromium(t)
	p := &packageBrowser
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx == nil && p.err == nil {
		p.ctx, p.close, p.err = startChromium(p.dir, log.Printf)
	}
	if p.err != nil {
		t.Fatalf("start Chromium: %v", p.err)
	}
	return &Browser{t: t, ctx: p.ctx}
}

// closePackageBrowser closes the package's Chromium, if a test has started it.
func closePackageBrowser() {
	p := &packageBrowser
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx != nil {
		p.close()
	}
}

// OwnBrowser starts a Chromium of the test's own, for a test that closes, kills or stops it, or needs its profile. It ends
// with the test.
func OwnBrowser(t *testing.T) *Browser {
	t.Helper()
	return OwnBrowserIn(t, t.TempDir())
}

// OwnBrowserIn is OwnBrowser with the profile that another browser has left in the folder dir.
func OwnBrowserIn(t *testing.T, dir string) *Browser {
	t.Helper()
	needChromium(t)
	ctx, end, err := startChromium(dir, t.Logf)
	if err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	t.Cleanup(end)
	return &Browser{Dir: dir, t: t, ctx: ctx, close: end}
}

// needChromium skips the test where there is no Chromium, and fails it under CI=true.
func needChromium(t *testing.T) {
	t.Helper()
	if chromium() != "" {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("no Chromium: run scripts/chromium.sh")
	}
	t.Skip("no Chromium: run scripts/chromium.sh, or make test, which does")
}

// startChromium starts Chromium with its profile in dir, and reports its complaints to logf. end closes it; a second call
// does nothing.
func startChromium(dir string, logf func(string, ...any)) (ctx context.Context, end func(), err error) {
	ctx, stop := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(chromium()), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.NoDefaultBrowserCheck, chromedp.UserDataDir(dir), chromedp.WindowSize(1280, 800),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("enable-blink-features", "ComputedAccessibilityInfo"), // for byRole
		// Chromium's own pages for its address bar, which nobody sees, are a quarter of the cost of a short test.
		chromedp.Flag("disable-features", "WebUIOmniboxPopup,WebUIOmniboxAimPopup"))
	ctx, cancel := chromedp.NewContext(ctx, chromedp.WithErrorf(logf))
	end = sync.OnceFunc(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			logf("close Chromium: %v", err)
		}
		cancel()
		stop()
	})
	if err := chromedp.Do(ctx); err != nil {
		end()
		return nil, nil, err
	}
	return ctx, end, nil
}

// Close closes a browser of the test's own before the test ends: then everything that it stores is on disk.
func (b *Browser) Close() { b.close() }

// Kill ends a browser of the test's own at once, as kill -9 does.
func (b *Browser) Kill() {
	b.t.Helper()
	process := chromedp.FromContext(b.ctx).Browser.Process()
	if err := process.Kill(); err != nil {
		b.t.Fatal(err)
	}
	b.close()
}

// chromium returns the path of a Chromium, "" if there is none. CHROMIUM in the environment names one.
func chromium() string {
	for _, name := range []string{
		os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
	} {
		if path, err := exec.LookPath(name); err == nil && name != "" {
			return path
		}
	}
	return ""
}

// Tab is one tab. Each tab is another person: it shares no storage with other tabs, unless Sibling opened it.
// One thing: its methods are the deeds and looks of a user at one tab, and have no state but the tab.
type Tab struct {
	Ctx context.Context // for chromedp

	t      *testing.T
	faults *faults
}

// Tab opens url as a new person.
func (b *Browser) Tab(url string) *Tab {
	b.t.Helper()
	return open(b.t, b.ctx, url, chromedp.WithNewBrowserContext())
}

// Profile opens url in the profile of a browser of the test's own, which is on disk like a user's; all such tabs share it.
func (b *Browser) Profile(url string) *Tab {
	b.t.Helper()
	return open(b.t, b.ctx, url)
}

// Sibling opens url in another tab of the same browser profile.
func (tab *Tab) Sibling(url string) *Tab {
	tab.t.Helper()
	return open(tab.t, tab.Ctx, url)
}

func open(t *testing.T, parent context.Context, url string, options ...chromedp.ContextOption) *Tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent, options...)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil { // the tab lives as long as the context that it is opened with
		t.Fatal(err)
	}
	tab := &Tab{t: t, Ctx: ctx, faults: &faults{}}
	if err := chromedp.Listen(ctx, tab.faults.hear); err != nil {
		t.Fatal(err)
	}
	tab.Do(chromedp.EmulateViewport(1280, 800))
	tab.BeforeScripts(byRole)
	if url != "" {
		tab.Do(chromedp.Navigate(url))
	}
	return tab
}

// Do runs steps within Timeout.
func (tab *Tab) Do(steps ...chromedp.Action[chromedp.Void]) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.Ctx, Timeout)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		tab.t.Fatal(err)
	}
}

// Eval evaluates a JavaScript expression in the page; promises are awaited.
func Eval[T any](tab *Tab, js string) T {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.Ctx, Timeout)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil {
		tab.t.Fatalf("%s: %v", js, err)
	}
	return v
}

// Until waits until the JavaScript expression is true, on this page or on one that follows it. An expression that throws is
// not true yet: a page that has just begun lacks what the expression asks for.
func (tab *Tab) Until(js string) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.Ctx, Timeout+time.Second)
	defer cancel()
	poll := chromedp.Poll[bool]("(async () => { try { return await ("+js+"); } catch { return false; } })()",
		chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(Timeout))
	_, err := chromedp.Run(ctx, poll)
	for err != nil && ctx.Err() == nil && left(err) {
		_, err = chromedp.Run(ctx, poll)
	}
	if err != nil {
		_, thrown := chromedp.Run(tab.Ctx, chromedp.Evaluate[chromedp.Void](js, chromedp.EvalAwaitPromise))
		shown, _ := chromedp.Run(tab.Ctx, chromedp.Evaluate[string]("document.body.innerText"))
		tab.t.Fatalf("never true: %s: %v; it throws: %v; the page shows:\n%s", js, err, thrown, shown)
	}
}

// left reports whether err says that the tab left the page before the page could answer.
func left(err error) bool {
	return strings.Contains(err.Error(), "navigated or closed") || strings.Contains(err.Error(), "context was destroyed") ||
		strings.Contains(err.Error(), "Cannot find context")
}

// ready is true once the tab is online and the user can write.
const ready = `document.querySelector('[role=status]')?.innerText.toLowerCase().includes('online') ` +
	`&& document.activeElement?.tagName === 'TEXTAREA'`

// Ready waits until the tab is online and its composer has the focus.
func (tab *Tab) Ready() *Tab {
	tab.t.Helper()
	tab.Until(ready)
	return tab
}

// Installed waits until a service worker serves the page. By then the worker has stored all that it needs.
func (tab *Tab) Installed() *Tab {
	tab.t.Helper()
	tab.Until(`navigator.serviceWorker.ready.then(
		r => r.active.state === 'activated' && !!navigator.serviceWorker.controller)`)
	return tab
}

// Say types text into the element that has the focus, and presses Enter.
func (tab *Tab) Say(text string) {
	tab.t.Helper()
	tab.Do(Type(text), Enter())
}

// Enter presses and releases the Enter key, as a keyboard does: one event that the page may prevent. (chromedp's own sends
// the character after it in any case.)
func Enter(modifiers ...chromedp.Modifier) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		press := input.DispatchKeyEventParams{Key: "Enter", Code: "Enter", Text: "\r", WindowsVirtualKeyCode: 13}
		chromedp.KeyModifiers(modifiers...)(&press)
		for _, press.Type = range []input.DispatchKeyEventType{
			input.DispatchKeyEventTypeKeyDown, input.DispatchKeyEventTypeKeyUp,
		} {
			if _, err := chromedp.Call(ctx, input.DispatchKeyEvent, press); err != nil {
				return err
			}
		}
		return nil
	})
}

// Type enters text at once, as an input method or a paste does.
func Type(text string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := chromedp.Call(ctx, input.InsertText, input.InsertTextParams{Text: text})
		return err
	})
}

// Shown is the JavaScript array of the texts on screen.
const Shown = `[...document.querySelectorAll('[role=log] article')].map(a => a.innerText)`

// Messages returns the text of every message on screen, in order.
func (tab *Tab) Messages() []string {
	tab.t.Helper()
	return Eval[[]string](tab, Shown)
}

// Shows waits until a message on screen holds text.
func (tab *Tab) Shows(text string) {
	tab.t.Helper()
	tab.Until(Shown + `.some(m => m.includes(` + strconv.Quote(text) + `))`)
}

// ShowsNot waits until no message on screen holds text.
func (tab *Tab) ShowsNot(text string) {
	tab.t.Helper()
	tab.Until(`!` + Shown + `.some(m => m.includes(` + strconv.Quote(text) + `))`)
}

// Phone turns the tab into that of a phone: 390×844, with touch.
func (tab *Tab) Phone() {
	tab.t.Helper()
	tab.Do(chromedp.EmulateViewport(390, 844, chromedp.EmulateScale(2), chromedp.EmulateMobile, chromedp.EmulateTouch))
}

// Dark asks for the dark theme, or for the light one.
func (tab *Tab) Dark(dark bool) {
	tab.t.Helper()
	scheme := map[bool]string{true: "dark", false: "light"}[dark]
	tab.Do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	}))
}

// Picture writes a screenshot of the tab to path.
func (tab *Tab) Picture(path string) {
	tab.t.Helper()
	png, err := chromedp.Run(tab.Ctx, chromedp.CaptureScreenshot())
	if err != nil {
		tab.t.Fatal(err)
	}
	if err := os.WriteFile(path, png, 0o644); err != nil {
		tab.t.Fatal(err)
	}
}

// Node is one node of the accessibility tree, as assistive technology sees it.
type Node struct{ Role, Name string }

// Accessible returns the page's accessibility tree, flat, without ignored nodes.
func Accessible(tab *Tab) []Node {
	tab.t.Helper()
	var nodes []Node
	tab.Do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		tree, err := chromedp.Call(ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
		if err != nil {
			return err
		}
		for _, n := range tree.Nodes {
			if !n.Ignored {
				nodes = append(nodes, Node{value(n.Role), value(n.Name)})
			}
		}
		return nil
	}))
	return nodes
}

func value(v *accessibility.Value) string {
	if v == nil {
		return ""
	}
	var s string
	_ = json.Unmarshal(v.Value, &s) // a value that is not a string is no name
	return s
}
