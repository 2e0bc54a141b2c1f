package rig

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// Browser is a headless Chromium. All tests of a package share two (OpenBrowser, WholeBrowser), or a test has its own
// (OwnBrowser).
type Browser struct {
	Dir string // the folder with all that the tabs of Profile store; empty for a shared Chromium

	t     *testing.T
	ctx   context.Context
	close func()
}

// PlainHost is a name for this machine that Chromium treats like any other host: over plain http, a page there is not a
// secure context, and has no Web Locks, service workers and clipboard. A page of localhost has them.
const PlainHost = "plain.test"

// shared is a Chromium that all tests of a package share. The first call of open starts it, Main closes it.
type shared struct {
	program func() string                  // static; returns the path of the Chromium
	flags   []chromedp.ExecAllocatorOption // static; flags that other Chromiums do not get

	mu    sync.Mutex // guards the fields below
	dir   string     // the folder of its profile; set by Main
	ctx   context.Context
	close func()
	err   error // the error of a failed start, after which no test tries again
}

// In small, a page's wasm is compiled once, with Chromium's quick compiler. Otherwise Chromium would compile the functions
// that run often again and better, which takes about a tenth of the processor time of a short test.
var (
	small = &shared{program: headlessShell,
		flags: []chromedp.ExecAllocatorOption{chromedp.Flag("js-flags", "--liftoff-only")}}
	whole = &shared{program: chromium}
)

// OpenBrowser returns the Chromium that most tests of the package share. Each of its Tabs has a browser context of its own,
// which ends with the test, so tests share no storage. It is Chromium's headless shell if the machine has that program and
// CHROMIUM is not set: the same engine with less around it, which needs less of the processor. If the machine has no
// Chromium, OpenBrowser skips the test, but under CI=true it fails the test.
func OpenBrowser(t *testing.T) *Browser {
	t.Helper()
	if headlessShell() == "" {
		return whole.open(t)
	}
	return small.open(t)
}

// WholeBrowser does what OpenBrowser does, but never returns the headless shell. It is for measurements, because users have
// whole browsers, and for a test of what the shell lacks: notifications and the back/forward cache.
func WholeBrowser(t *testing.T) *Browser {
	t.Helper()
	return whole.open(t)
}

func (s *shared) open(t *testing.T) *Browser {
	t.Helper()
	needChromium(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx == nil && s.err == nil {
		s.ctx, s.close, s.err = startChromium(s.program(), s.dir, log.Printf, s.flags...)
	}
	if s.err != nil {
		t.Fatalf("start Chromium: %v", s.err)
	}
	return &Browser{t: t, ctx: s.ctx}
}

// end closes the Chromium, if a test has started it.
func (s *shared) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx != nil {
		s.close()
	}
}

// OwnBrowser starts a whole Chromium for this test alone. It is for a test that closes, kills or stops Chromium, minimizes
// its windows, or needs its profile. The Chromium ends with the test.
func OwnBrowser(t *testing.T) *Browser {
	t.Helper()
	return OwnBrowserIn(t, t.TempDir())
}

// OwnBrowserIn does what OwnBrowser does, but uses the profile that another browser has left in the folder dir.
func OwnBrowserIn(t *testing.T, dir string) *Browser {
	t.Helper()
	needChromium(t)
	ctx, end, err := startChromium(chromium(), dir, t.Logf)
	if err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	t.Cleanup(end)
	return &Browser{Dir: dir, t: t, ctx: ctx, close: end}
}

// needChromium skips the test if the machine has no Chromium, but under CI=true it fails the test.
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

// startChromium starts the Chromium at path with its profile in dir and with more flags than all Chromiums get, and reports
// chromedp's errors to logf. end closes Chromium; a second call of end does nothing.
func startChromium(path, dir string, logf func(string, ...any), more ...chromedp.ExecAllocatorOption) (
	ctx context.Context, end func(), err error,
) {
	flags := append(slices.Clip(more), chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.UserDataDir(dir), chromedp.WindowSize(1280, 800),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("enable-blink-features", "ComputedAccessibilityInfo"), // for byRole
		// With these features, Chromium would load hidden pages for its address bar. They would be a quarter of the cost of
		// a short test.
		chromedp.Flag("disable-features", "WebUIOmniboxPopup,WebUIOmniboxAimPopup"),
		// Load no extensions: those that come with Chromium are half of the cost of a start.
		chromedp.Flag("disable-extensions", true), chromedp.Flag("disable-component-extensions-with-background-pages", true),
		chromedp.Flag("disable-default-apps", true),
		chromedp.Flag("host-resolver-rules", "MAP "+PlainHost+" 127.0.0.1"))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), flags...)
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

// Close closes a browser from OwnBrowser before the test ends. After Close, everything that the browser stores is on disk.
func (b *Browser) Close() { b.close() }

// Kill ends a browser from OwnBrowser at once, as kill -9 does.
func (b *Browser) Kill() {
	b.t.Helper()
	process := chromedp.FromContext(b.ctx).Browser.Process()
	if err := process.Kill(); err != nil {
		b.t.Fatal(err)
	}
	b.close()
}

// headlessShell returns the path of Chromium's headless shell, "" if the machine has none, or if CHROMIUM is set.
func headlessShell() string {
	if os.Getenv("CHROMIUM") != "" {
		return ""
	}
	return find("chromium-headless-shell", "chrome-headless-shell")
}

// chromium returns the path of a whole Chromium, "" if the machine has none. The environment variable CHROMIUM can name
// another program, which then takes the place of the headless shell, too.
func chromium() string {
	return find(os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
		"/Applications/Chromium.app/Contents/MacOS/Chromium",
		"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome") // as in scripts/chromium.sh
}

// find returns the path of the first of these programs that the machine has, "" if it has none of them.
func find(names ...string) string {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil && name != "" {
			return path
		}
	}
	return ""
}

// Tab is one tab of a browser. Each tab is another user: it shares no storage with other tabs, unless Sibling or Profile
// opened it.
//
// It is one type because its many methods are what a user does and sees in a tab. They share no other state than the tab.
type Tab struct {
	Ctx context.Context // the tab's context for calls of chromedp

	t      *testing.T
	faults *faults
}

// Tab opens url in a new tab as a new user, in a browser context of its own.
func (b *Browser) Tab(url string) *Tab {
	b.t.Helper()
	return open(b.t, b.ctx, url, chromedp.WithNewBrowserContext())
}

// Profile opens url in the profile of a browser from OwnBrowser. The profile is on disk, as in a user's browser. All tabs
// that Profile opens share it.
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
	if err := chromedp.Do(ctx); err != nil { // opens the tab, which lives as long as this ctx
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

// Close closes the tab, as a user does. But the page of a tab from Browser.Tab has half a second at most to handle that:
// then chromedp disposes of its browser context.
func (tab *Tab) Close() {
	tab.t.Helper()
	if err := chromedp.Cancel(tab.Ctx); err != nil {
		tab.t.Fatal(err)
	}
}

// Do runs steps one after the other. It fails the test if they take longer than Timeout.
func (tab *Tab) Do(steps ...chromedp.Action[chromedp.Void]) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.Ctx, Timeout)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		tab.t.Fatal(err)
	}
}

// Eval returns the value of a JavaScript expression in the page. If the value is a promise, Eval awaits it.
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

// Say types text into the element that has the focus, and presses Enter.
func (tab *Tab) Say(text string) {
	tab.t.Helper()
	tab.Do(Type(text), Enter())
}

// Enter presses and releases the Enter key, as a keyboard does: if the page prevents the event, no line break is typed.
// (chromedp's own key events send the character in any case.)
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

// Shown is a JavaScript expression: the array of the texts of all messages in the page.
const Shown = `[...document.querySelectorAll('[role=log] article')].map(a => a.innerText)`

// Messages returns the text of every message in the page, in order.
func (tab *Tab) Messages() []string {
	tab.t.Helper()
	return Eval[[]string](tab, Shown)
}

// Shows waits until a message in the page contains text.
func (tab *Tab) Shows(text string) {
	tab.t.Helper()
	tab.Until(Shown + `.some(m => m.includes(` + strconv.Quote(text) + `))`)
}

// ShowsNot waits until no message in the page contains text.
func (tab *Tab) ShowsNot(text string) {
	tab.t.Helper()
	tab.Until(`!` + Shown + `.some(m => m.includes(` + strconv.Quote(text) + `))`)
}

// Phone makes the tab look to the page like a phone: 390×844 pixels, with touch.
func (tab *Tab) Phone() {
	tab.t.Helper()
	tab.Do(chromedp.EmulateViewport(390, 844, chromedp.EmulateScale(2), chromedp.EmulateMobile, chromedp.EmulateTouch))
}

// Dark makes the device prefer the dark theme, or the light theme if dark is false.
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

// Accessible returns the nodes of the page's accessibility tree as a flat list, without the nodes that Chromium ignores.
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
