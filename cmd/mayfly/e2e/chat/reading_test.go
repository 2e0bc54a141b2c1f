package chat_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

// firstRow and lastRow are JavaScript for the texts of the rows at either end.
const (
	firstRow = rig.Rows + `[0]?.querySelector('` + rig.RowText + `').textContent`
	lastRow  = `[...` + rig.Rows + `].at(-1)?.querySelector('` + rig.RowText + `').textContent`
)

// belowSight is JavaScript for how many pixels of the log are below what is in sight: 0 while it is at its end.
const belowSight = `(log => log.scrollHeight - log.scrollTop - log.clientHeight)(` + rig.Log + `)`

// TestScrollsThroughALongRoom goes up to the first message and back to the newest, of which no more than 400 have a row.
func TestScrollsThroughALongRoom(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-rate", "100000/1s")
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	rig.Fill(r, wire.DefaultRoom, "line", rig.Mounted+rig.Unmounted, nil)
	tab.Until(rig.Newest("line", rig.Mounted+rig.Unmounted))
	tab.Do(chromedp.Evaluate[chromedp.Void](`window.most = 0; new MutationObserver(() => most = Math.max(most, ` + rig.Rows + `.length))
		.observe(` + rig.Log + `, {subtree: true, childList: true})`))
	scrolled := func(top string) {
		tab.Do(chromedp.Evaluate[chromedp.Void](rig.Log + `.scrollTop = ` + top))
	}
	tab.Do(chromedp.Evaluate[chromedp.Void](`{ // where the fourth row is once one has scrolled up to the first
		const top = e => e.getBoundingClientRect().top;
		window.seen = ` + rig.Rows + `[3];
		window.y = top(` + rig.Log + `) + parseFloat(getComputedStyle(` + rig.Log + `).paddingTop) + top(seen) - top(` + rig.Rows + `[0]);
	}`))
	scrolled(`0`)
	tab.Until(fmt.Sprintf(`%s === %q`, firstRow, rig.FillText("line", 1)))
	if moved := rig.Eval[float64](tab, `Math.abs(seen.getBoundingClientRect().top - y)`); moved > 1 {
		t.Errorf("what is being read moved by %g px as older messages came in above it", moved)
	}
	scrolled(`0`)
	if jump := rig.Eval[string](tab, `document.querySelector('.jump').innerText`); jump != "Jump to latest" {
		t.Errorf("the button says %q", jump)
	}
	scrolled(rig.Log + `.scrollHeight`)
	tab.Until(fmt.Sprintf(`%s === %q`, lastRow, rig.FillText("line", rig.Mounted+rig.Unmounted)))
	scrolled(rig.Log + `.scrollHeight`)
	tab.Until(`!document.querySelector('.jump')`)
	rig.Fill(r, wire.DefaultRoom, "more", 1, nil)
	tab.Until(rig.Newest("more", 1))
	if most := rig.Eval[int](tab, `most`); most > rig.Mounted+rig.Unmounted {
		t.Errorf("up to %d rows were in the page at once", most)
	}
	if n := rig.Eval[int](tab, rig.Rows+`.length`); n > rig.Mounted {
		t.Errorf("%d rows are mounted, want %d at most", n, rig.Mounted)
	}
}

// TestUnreadWhileReadingUp looks at the button and the divider of who has scrolled up.
func TestUnreadWhileReadingUp(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-rate", "100000/1s")
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	rig.Fill(r, wire.DefaultRoom, "old", 40, nil)
	tab.Until(rig.Newest("old", 40))
	if rig.Eval[bool](tab, `!!document.querySelector('.jump')`) {
		t.Error("there is a way to the newest although one is there")
	}
	tab.Do(chromedp.Evaluate[chromedp.Void](rig.Log + `.scrollTop = 0`))
	tab.Until(`document.querySelector('.jump')?.innerText === 'Jump to latest'`)
	rig.Fill(r, wire.DefaultRoom, "new", 2, nil)
	tab.Until(`document.querySelector('.jump')?.innerText === '2 new messages'`)
	if top := rig.Eval[float64](tab, rig.Log+`.scrollTop`); top != 0 {
		t.Errorf("who reads was moved to %g", top)
	}
	if got := rig.Eval[string](tab, `document.title`); got != "#lobby – Mayfly" {
		t.Errorf("the title of a page that is looked at is %q", got)
	}
	if !hasNode(tab, "button", "2 new messages") {
		t.Error("the button has no name for those who do not see it")
	}
	tab.Do(chromedp.Click(chromedp.CSS(".jump")))
	tab.Until(`!document.querySelector('.jump') && document.activeElement.tagName === 'TEXTAREA'`)
	if below := rig.Eval[string](tab, `document.querySelector('.divider').nextElementSibling.querySelector('.message-text').innerText`); below != "new 1." {
		t.Errorf("the divider stands above %q, want the first that is new", below)
	}
	tab.Say("back")
	tab.Shows("back")
	tab.Until(`!document.querySelector('.divider')`)
}

// TestTitleCountsWhatIsUnread hides the page.
func TestTitleCountsWhatIsUnread(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	browser := rig.OpenBrowser(t)
	tab := browser.Tab(server.URL).Ready()
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	rig.Fill(r, wire.DefaultRoom, "seen", 1, nil)
	tab.Until(rig.Newest("seen", 1))
	tab.Do(visible(false))
	rig.Fill(r, wire.DefaultRoom, "new", 3, func(i int) time.Duration { return []time.Duration{2 * time.Second, 0, 0}[i] })
	tab.Until(`document.title === '(3) #lobby – Mayfly'`)
	tab.Until(`document.title === '(2) #lobby – Mayfly'`) // what is unread expires
	tab.Do(visible(true))
	tab.Until(`document.title === '#lobby – Mayfly'`)
	tab.Until(`document.querySelector('.divider').nextElementSibling.querySelector('.message-text').innerText === 'new 2.'`)
}

// visible makes the page one that is looked at, or not. Every page of a headless browser is, so it is the page that is told
// otherwise.
func visible(yes bool) chromedp.Action[chromedp.Void] {
	return chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`{
		Object.defineProperty(document, 'visibilityState', {value: %t ? 'visible' : 'hidden', configurable: true});
		document.dispatchEvent(new Event('visibilitychange', {bubbles: true}));
	}`, yes))
}

// TestKeyboardOverThePage stands in for a browser that lays its keyboard over the page.
func TestKeyboardOverThePage(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab("")
	tab.BeforeScripts(`{
		const sight = Object.assign(new EventTarget(), {height: innerHeight, scale: 1});
		Object.defineProperty(window, 'visualViewport', {value: sight});
		window.see = (height, scale) => { Object.assign(sight, {height, scale}); sight.dispatchEvent(new Event('resize')); };
	}`)
	tab.Do(chromedp.Navigate(server.URL))
	tab.Ready()
	bottom := func() float64 {
		return rig.Eval[float64](tab, `document.querySelector('form.composer').getBoundingClientRect().bottom`)
	}
	whole := bottom()
	tab.Do(chromedp.Evaluate[chromedp.Void](`see(innerHeight - 300, 1)`))
	tab.Until(`document.documentElement.style.getPropertyValue('--keyboard') === '300px'`)
	if got := bottom(); got != whole-300 {
		t.Errorf("above a keyboard of 300 px the composer ends at %g, want %g", got, whole-300)
	}
	tab.Do(chromedp.Evaluate[chromedp.Void](`see(innerHeight / 2, 2)`)) // zoomed in
	tab.Until(`document.documentElement.style.getPropertyValue('--keyboard') === '0px'`)
	if got := bottom(); got != whole {
		t.Errorf("zoomed in, the composer ends at %g, want %g", got, whole)
	}
}

func TestCountdown(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-ttl", "34s")
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	rig.Fill(r, wire.DefaultRoom, "line", 1, nil)
	tab.Until(rig.Newest("line", 1))
	const left = `document.querySelector('.left')`
	if got := rig.Eval[string](tab, left+`.textContent`); got != "" {
		t.Errorf("34 s before its end a message says %q, want nothing", got)
	}
	tab.Until(`/^(30|29) s$/.test(` + left + `.textContent)`)
	ring := func() float64 { return rig.Eval[float64](tab, `+`+left+`.style.getPropertyValue('--left')`) }
	before := ring()
	tab.Until(left + `.textContent === '26 s'`)
	if after := ring(); before > 0.92 || after >= before || after < 0.6 {
		t.Errorf("the ring goes from %g to %g while 30 s of 34 become 26", before, after)
	}
	tab.Do(chromedp.Evaluate[chromedp.Void](rig.Rows + `[0].focus()`))
	const said = `getComputedStyle(` + left + `, '::before').content`
	if got := rig.Eval[string](tab, said); !strings.Contains(got, "vanishes at") && !strings.Contains(got, "attr(") {
		t.Errorf("with the focus on it, it says %s", got)
	}
}

// TestShortLifeCountsEachSecond: a message that comes with less than 30 s to live counts down from the start.
func TestShortLifeCountsEachSecond(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	rig.Fill(r, wire.DefaultRoom, "long", 1, nil)
	tab.Until(rig.Newest("long", 1))
	tab.Do(chromedp.Evaluate[chromedp.Void](`window.said = new Set(); new MutationObserver(() => {
		for (const l of document.querySelectorAll('.left')) if (l.textContent) said.add(l.textContent);
	}).observe(` + rig.Log + `, {subtree: true, childList: true, characterData: true})`))
	rig.Fill(r, wire.DefaultRoom, "short", 1, func(int) time.Duration { return 6 * time.Second })
	tab.Until(rig.Newest("short", 1))
	tab.Until(rig.Gone("short", 1))
	if said := rig.Eval[[]string](tab, `[...said]`); len(said) < 4 {
		t.Errorf("in six seconds it says %q", said)
	}
}

// TestActions opens what can be done with a message by keyboard and by mouse.
func TestActions(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	r.Send(wire.Post{ID: "0190a8f0-0000-7000-8000-000000000001", Room: wire.DefaultRoom, Text: "see https://example.com/a"})
	rig.Fill(r, wire.DefaultRoom, "line", 1, nil)
	tab.Until(rig.Newest("line", 1))
	shift := chromedp.KeyModifiers(chromedp.ModifierShift)
	press := func(key string, with ...chromedp.KeyOption) { tab.Do(chromedp.KeyEvent(key, with...)) }
	focused := func() string {
		return rig.Eval[string](tab, `document.activeElement.textContent || document.activeElement.tagName`)
	}
	press(kb.Tab, shift)
	press(kb.Home)
	tab.Do(rig.Enter())
	if got := focused(); got != "Copy text" {
		t.Fatalf("Enter on a message leads to %q", got)
	}
	press(kb.Tab, shift)
	if got := rig.Eval[string](tab, `document.activeElement.href ?? ''`); got != "https://example.com/a" {
		t.Errorf("the Tab key does not reach the link of an open message, but %q", got)
	}
	press(kb.Escape)
	if !rig.Eval[bool](tab, `document.activeElement.matches('article') && !document.querySelector('.message-actions')`) {
		t.Error("Escape does not close it and lead back to the message")
	}
	press(kb.Escape)
	if got := focused(); got != "TEXTAREA" {
		t.Errorf("the next Escape leads to %q", got)
	}
	tab.Do(chromedp.Click(chromedp.CSS("article:last-child .left")))
	tab.Do(chromedp.Evaluate[chromedp.Void](`window.copied = ''; Object.defineProperty(navigator, 'clipboard', {value: {writeText: t => { copied = t; }}})`))
	tab.Do(chromedp.Click(chromedp.CSS(".message-actions button")))
	tab.Until(`copied === 'line 1.' && document.querySelector('.message-actions button').innerText === 'Copied'`)
	tab.Do(chromedp.Click(chromedp.CSS("article:last-child .left")))
	tab.Until(`!document.querySelector('.message-actions')`)
}

// TestExpiresWhileItsActionsAreOpen keeps the focus among the messages.
func TestExpiresWhileItsActionsAreOpen(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	rig.Fill(r, wire.DefaultRoom, "line", 3, func(i int) time.Duration { return []time.Duration{0, 6 * time.Second, 0}[i] })
	tab.Until(rig.Newest("line", 3))
	tab.Do(chromedp.Evaluate[chromedp.Void](`window.was = [...`+rig.Rows+`]; was[1].focus()`), rig.Enter())
	if !rig.Eval[bool](tab, `document.activeElement.closest('article') === was[1] && document.activeElement.tagName === 'BUTTON'`) {
		t.Fatal("the actions do not have the focus")
	}
	tab.Until(rig.Gone("line", 2))
	if !rig.Eval[bool](tab, `document.activeElement === was[2]`) {
		t.Error("the focus is not on the next message")
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	r.Send(wire.Post{ID: "0190a8f0-0000-7000-8000-000000000001", Room: wire.DefaultRoom,
		Text: "https://example.com, javascript:alert(1) mailto:a@example.com https://еxample.com/ https://bank.example@evil.example/"})
	tab.Shows("javascript:alert(1)")
	type link struct{ Href, Rel, Target string }
	got := rig.Eval[[]link](tab, `[...document.querySelectorAll('article a')].map(a => ({Href: a.href, Rel: a.rel, Target: a.target}))`)
	const rel = "noopener noreferrer nofollow"
	want := []link{{"https://example.com/", rel, "_blank"}, {"mailto:a@example.com", rel, "_blank"}, {"https://xn--xample-2of.com/", rel, "_blank"}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("links = %v, want %v", got, want)
	}
	tab.Shows("(xn--xample-2of.com)") // the real host of what looks like another
}

// hasNode reports whether the accessibility tree holds a node of that role and name.
func hasNode(tab *rig.Tab, role, name string) bool {
	return slices.Contains(rig.Accessible(tab), rig.Node{Role: role, Name: name})
}
