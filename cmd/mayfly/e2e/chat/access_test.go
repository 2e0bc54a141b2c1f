package chat_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/uuid"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

// open opens the lobby with a message of another user and one of the tab's own.
func open(t *testing.T) (*rig.Tab, *rig.Raw) {
	t.Helper()
	server := rig.Serve(t, "-rate", "100000/1s")
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	say(r, "lunch?")
	tab.Shows("lunch?")
	tab.Say("yes")
	tab.Shows("yes")
	return tab, r
}

// say posts text as another user, and waits until the server has accepted it.
func say(r *rig.Raw, text string) {
	r.Send(wire.Post{ID: uuid.NewString(), Room: wire.DefaultRoom, Text: text})
	rig.Next[wire.Accepted](r)
}

// nodes returns how many nodes of the accessibility tree have that role, and the name if one is given.
func nodes(tab *rig.Tab, role, name string) (n int) {
	for _, node := range rig.Accessible(tab) {
		if node.Role == role && (name == "" || node.Name == name) {
			n++
		}
	}
	return n
}

// wantNodes waits until n nodes of the accessibility tree have that role, and the name if one is given: Chromium brings the
// tree up to date some time after the page.
func wantNodes(t *testing.T, tab *rig.Tab, n int, role, name string) {
	t.Helper()
	untilAccessible(t, tab, fmt.Sprintf("%d nodes with the role %s and the name %q", n, role, name), func() bool {
		return nodes(tab, role, name) == n
	})
}

// untilAccessible calls ok once a frame until it returns true. ok reads the accessibility tree.
func untilAccessible(t *testing.T, tab *rig.Tab, what string, ok func() bool) {
	t.Helper()
	const nextFrame = `new Promise(next => requestAnimationFrame(() => next(true)))`
	for timeout := time.After(rig.Timeout); !ok(); rig.Eval[bool](tab, nextFrame) {
		select {
		case <-timeout:
			t.Fatalf("never %s; the tree is %+v", what, rig.Accessible(tab))
		default:
		}
	}
}

// media emulates settings of the user that hold for all pages, such as less motion.
func media(tab *rig.Tab, features ...string) {
	var all []*emulation.MediaFeature
	for i := 0; i < len(features); i += 2 {
		all = append(all, &emulation.MediaFeature{Name: features[i], Value: features[i+1]})
	}
	tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: all})
		return err
	}))
}

func TestA01Landmarks(t *testing.T) {
	t.Parallel()
	tab, _ := open(t)
	for _, want := range []struct{ role, name string }{
		{"banner", ""}, {"navigation", "Rooms"}, {"main", ""}, {"form", "Write a message"},
	} {
		wantNodes(t, tab, 1, want.role, want.name)
	}
	tab.Until(`!document.querySelector('.goapp-app-info')`)
}

func TestA02LanguageAndDirection(t *testing.T) {
	t.Parallel()
	tab, r := open(t)
	say(r, "שלום")
	tab.Shows("שלום")
	if !rig.Eval[bool](tab, `document.documentElement.lang === 'en' && `+rig.Composer+`.dir === 'auto' &&
		[...`+rig.Rows+`].every(a => a.querySelector('`+rig.RowText+`').dir === 'auto' &&
			a.querySelector('bdi`+rig.RowName+`'))`) {
		t.Error("a text has no direction of its own, or a name is not kept apart")
	}
	if got := rig.Eval[string](tab, `getComputedStyle([...`+rig.Rows+`].find(a => a.innerText.includes('שלום'))
		.querySelector('`+rig.RowText+`')).direction`); got != "rtl" {
		t.Errorf("a Hebrew text is written %s", got)
	}
	tab.Script(`document.documentElement.dir = 'rtl'`)
	if !rig.Eval[bool](tab, `document.documentElement.scrollWidth <= innerWidth && (f => f.right > innerWidth / 2)(document.querySelector('.face').getBoundingClientRect())`) {
		t.Error("the page does not mirror where a language does")
	}
}

func TestA03HeadingAndTitle(t *testing.T) {
	t.Parallel()
	tab, _ := open(t)
	if got := rig.Eval[string](tab, `[...document.querySelectorAll('h1')].map(h => h.textContent).join('|')`); got != "#lobby" {
		t.Errorf("the h1 says %q", got)
	}
	if got := rig.Eval[string](tab, `document.title`); got != "#lobby – Mayfly" {
		t.Errorf("the title is %q", got)
	}
}

// strays lists the texts of the page that are in no landmark and no live region, and links within the page that lead to
// nothing.
const strays = `[
	...(walker => { const texts = []; while (walker.nextNode()) texts.push(walker.currentNode); return texts; })
		(document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT))
		.filter(t => t.textContent.trim() && t.parentElement.checkVisibility({checkVisibilityCSS: true}) &&
			!t.parentElement.closest('header, main, nav, form[aria-label], section[aria-label], ' +
				'[role=alert], [role=status], a.skip, script, noscript'))
		.map(t => 'outside: ' + t.textContent),
	...[...document.querySelectorAll('a[href^="#"]')].filter(a => !document.querySelector(a.getAttribute('href')))
		.map(a => 'leads to nothing: ' + a.textContent),
]`

func TestA01EverythingIsInALandmark(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	for _, path := range []string{"/", "/r/tea", "/r/BAD!!", "/r/a/b"} {
		tab := rig.OpenBrowser(t).Tab(server.URL + path)
		tab.Until(`document.querySelector('[role=status]')?.innerText.includes('Online') &&
			!document.querySelector('.goapp-app-info')`)
		if bad := rig.Eval[[]string](tab, strays); len(bad) > 0 {
			t.Errorf("%s: %q", path, bad)
		}
	}
}

func TestA04SkipLinkWithoutAComposer(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL + "/r/BAD!!")
	tab.Until(`document.querySelector('h1')?.textContent === 'No such room'`)
	toTop(tab)
	tab.Press(kb.Tab)
	if got := rig.Eval[string](tab, `document.activeElement.textContent`); got != "Skip to the explanation" {
		t.Fatalf("the first stop of the Tab key is %q", got)
	}
	tab.Do(rig.Enter())
	tab.Until(`document.activeElement.textContent.startsWith('No room can have that name.')`)
	tab.Press(kb.Tab)
	tab.Until(`document.activeElement.textContent === 'Go to #lobby'`)
	tab.Do(rig.Enter())
	tab.Ready()
	toTop(tab)
	tab.Press(kb.Tab)
	tab.Until(`document.activeElement.textContent === 'Skip to the message box'`)
}

func TestA04SkipLink(t *testing.T) {
	t.Parallel()
	tab, _ := open(t)
	toTop(tab)
	tab.Press(kb.Tab)
	if got := rig.Eval[string](tab, `document.activeElement.textContent`); got != "Skip to the message box" {
		t.Fatalf("the first stop of the Tab key is %q", got)
	}
	if !rig.Eval[bool](tab, `(b => b.width > 50 && b.height > 20 && b.top >= 0)(document.activeElement.getBoundingClientRect())`) {
		t.Error("the skip link does not show when it has the focus")
	}
	tab.Do(rig.Enter())
	tab.Until(`document.activeElement === ` + rig.Composer)
}

func TestA05Log(t *testing.T) {
	t.Parallel()
	tab, _ := open(t)
	wantNodes(t, tab, 1, "log", "Messages in #lobby")
	if live := rig.Eval[string](tab, rig.Log+`.getAttribute('aria-live')`); live != "off" {
		t.Errorf("the log is live: %q", live)
	}
}

// sentence matches the text that a screen reader reads for a message. If two users have the same name, a tag follows the
// name.
var sentence = regexp.MustCompile(
	`^\w+ \(guest\)( \([\w-]{4}\))?: lunch\? – Sent at \d+:\d\d:\d\d\x{a0}[AP]M, ` +
		`vanishes (tomorrow )?at \d+:\d\d:\d\d\x{a0}[AP]M\.$`)

func TestA08MessagesReadAsASentence(t *testing.T) {
	t.Parallel()
	tab, _ := open(t)
	untilAccessible(t, tab, "an article whose name reads author, text, time and when it vanishes", func() bool {
		return slices.ContainsFunc(rig.Accessible(tab), func(n rig.Node) bool {
			return n.Role == "article" && sentence.MatchString(n.Name)
		})
	})
	if got := rig.Eval[string](tab, rig.ByRole("time", "")+`.dateTime`); !strings.HasSuffix(got, "Z") {
		t.Errorf("datetime is %q", got)
	}
	tab.Script(rig.Rows + `[0].focus()`)
	got := rig.Eval[string](tab, `getComputedStyle(`+rig.Find(rig.RowLeft)+`, '::before').content`)
	if !strings.Contains(got, "vanishes ") {
		t.Errorf("with the focus on it a message says %s", got)
	}
}

func TestA09MessagesAreNoTabStops(t *testing.T) {
	t.Parallel()
	tab, r := open(t)
	say(r, "https://example.com")
	tab.Shows("https://example.com")
	if n := rig.Eval[int](tab, `document.querySelectorAll('[role=log] [tabindex="0"], [role=log] button:not([tabindex="-1"]), [role=log] a:not([tabindex="-1"])').length`); n != 0 {
		t.Errorf("%d things in the log are stops of the Tab key", n)
	}
	tab.Press(kb.Tab, rig.Shift)
	tab.Until(`document.activeElement === ` + rig.Log)
	tab.Press(kb.ArrowUp)
	tab.Press(kb.Home)
	tab.Until(`document.activeElement === ` + rig.Rows + `[0] &&
		` + rig.Log + `.querySelectorAll('[tabindex="0"]').length === 1 &&
			` + rig.Log + `.tabIndex === -1`) // roving tabindex: only one row is a stop of the Tab key
	tab.Do(rig.Enter())
	tab.Until(`document.activeElement.textContent === '👍'`)
	tab.Press(kb.Escape)
	tab.Press(kb.Escape)
	tab.Until(`document.activeElement === ` + rig.Composer)
}

// TestA10FocusIsNeverLost lets the first message, one in the middle and the last one expire, each while it has the focus.
func TestA10FocusIsNeverLost(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	browser := rig.OpenBrowser(t)
	rig.InTime(t, 2*time.Second, func(life time.Duration) bool {
		tab := shortLived(t, browser, server, lives(life, 0, 2*life, 0, 3*life), 5)
		tab.Script(`window.lost = 0;
			window.onfocusout = () => setTimeout(() => { if (document.activeElement === document.body) lost++; })`)
		for _, step := range []struct{ focus, next int }{{0, 1}, {2, 3}, {4, 3}} {
			tab.Script(fmt.Sprintf(`was[%d]?.focus()`, step.focus))
			tab.Do(rig.Enter()) // Enter opens the actions of the message
			if !rig.Eval[bool](tab, fmt.Sprintf(`was.length === 5 && was[%d].contains(document.activeElement)`, step.focus)) {
				return false
			}
			tab.Until(fmt.Sprintf(`!was[%d].isConnected`, step.focus))
			if !rig.Eval[bool](tab, fmt.Sprintf(`document.activeElement === was[%d]`, step.next)) {
				t.Errorf("as message %d went, the focus is not on %d", step.focus, step.next)
			}
		}
		if n := rig.Eval[int](tab, `lost`); n != 0 {
			t.Errorf("the focus was lost %d times", n)
		}
		return true
	})
}

func TestA13Composer(t *testing.T) {
	t.Parallel()
	tab, _ := open(t)
	wantNodes(t, tab, 1, "textbox", "Message")
	got := rig.Eval[string](tab, rig.Composer+`.getAttribute('aria-describedby').split(' ')
		.map(id => document.getElementById(id).textContent).join(' ')`)
	if !strings.Contains(got, "Enter sends, Shift+Enter") {
		t.Errorf("the composer is described as %q", got)
	}
}

func TestA16ControlsHaveNamesAndStates(t *testing.T) {
	t.Parallel()
	tab, _ := open(t)
	for _, n := range rig.Accessible(tab) {
		switch n.Role {
		case "button", "link", "textbox", "article", "navigation", "form", "log":
			if strings.TrimSpace(n.Name) == "" {
				t.Errorf("a %s has no name", n.Role)
			}
		}
	}
	tab.Do(chromedp.Click(chromedp.CSS(firstMore)))
	tab.Until(rig.Find(firstMore) + `.getAttribute('aria-expanded') === 'true'`)
	tab.Do(chromedp.Click(chromedp.CSS(firstMore)))
	tab.Until(rig.Find(firstMore) + `.getAttribute('aria-expanded') === 'false'`)
}

func TestA18RoomsMenuGivesTheFocusBack(t *testing.T) {
	t.Parallel()
	tab, _ := open(t)
	tab.Phone()
	const open = `document.querySelector('#rooms-menu').matches(':popover-open')`
	tab.Script(rig.ByRole("button", "Rooms") + `.focus()`)
	tab.Do(rig.Enter())
	tab.Until(open)
	tab.Press(kb.Tab)
	tab.Until(`document.activeElement.textContent === '#lobby' && document.activeElement.ariaCurrent === 'page'`)
	tab.Press(kb.Escape)
	tab.Until(`!` + open + ` && document.activeElement.textContent === 'Rooms'`)
	tab.Do(rig.Enter())
	tab.Press(kb.Tab) // the link to #lobby
	tab.Press(kb.Tab) // its menu
	tab.Press(kb.Tab)
	tab.Do(rig.Type("#Tea"), rig.Enter())
	tab.Until(`document.title === '#tea – Mayfly' && location.pathname === '/r/tea' &&
		document.activeElement === ` + rig.Composer)
	if !rig.Eval[bool](tab, `[...document.querySelectorAll('#rooms-menu a')].map(a => a.textContent).join() === '#lobby,#tea'`) {
		t.Error("the way back is not among the rooms")
	}
}

// toTop moves the focus to where it is when a page was just opened.
func toTop(tab *rig.Tab) {
	tab.Script(`document.body.tabIndex = -1, document.body.focus(), document.body.removeAttribute('tabindex')`)
}

// walk presses Tab until the focus is where it began, and calls look at each stop. It returns the number of stops.
func walk(t *testing.T, tab *rig.Tab, look func(name string)) int {
	t.Helper()
	toTop(tab)
	tab.Script(`window.stops = new Set()`)
	for n := range 60 {
		tab.Press(kb.Tab)
		if rig.Eval[bool](tab, `stops.has(document.activeElement)`) {
			return n
		}
		if name := rig.Eval[string](tab, `stops.add(document.activeElement), document.activeElement.outerHTML.slice(0, 120)`); !strings.HasPrefix(name, "<body") { // there the browser itself has its turn
			look(name)
		}
	}
	t.Fatal("60 presses of the Tab key lead nowhere")
	return 0
}

func TestA19TabWalkComesBack(t *testing.T) {
	t.Parallel()
	tab, _ := open(t)
	var names []string
	walk(t, tab, func(name string) { names = append(names, name) })
	if len(names) < 5 {
		t.Errorf("the Tab key stops at %q only", names)
	}
	if n := rig.Eval[int](tab, `[...document.querySelectorAll('[tabindex]')].filter(e => e.tabIndex > 0).length`); n != 0 {
		t.Errorf("%d elements have a tabindex of their own order", n)
	}
	if dup := rig.Eval[string](tab, `(ids => ids.filter((id, i) => ids.indexOf(id) !== i).join())([...document.querySelectorAll('[id]')].map(e => e.id))`); dup != "" {
		t.Errorf("ids that occur twice: %s", dup)
	}
}
