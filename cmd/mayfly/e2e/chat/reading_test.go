package chat_test

import (
	"context"
	"fmt"
	"math"
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

// firstRow and lastRow are JavaScript for the texts of the rows at either end.
const (
	firstRow = rig.Rows + `[0]?.querySelector('` + rig.RowText + `').textContent`
	lastRow  = `[...` + rig.Rows + `].at(-1)?.querySelector('` + rig.RowText + `').textContent`
)

var (
	jump         = rig.Find(rig.Jump)
	belowDivider = rig.Find(rig.Divider) + `?.nextElementSibling.querySelector('` + rig.RowText + `').innerText`
)

// belowSight is JavaScript for the number of pixels of the log below its visible part: 0 while the log is at its end.
const belowSight = `(log => log.scrollHeight - log.scrollTop - log.clientHeight)(` + rig.Log + `)`

// TestScrollsThroughALongRoom scrolls up to the first message and back to the newest. At most 400 messages have a row.
func TestScrollsThroughALongRoom(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-rate", "100000/1s")
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	rig.Fill(r, wire.DefaultRoom, "line", rig.Mounted+rig.Unmounted, nil)
	tab.Until(rig.Newest("line", rig.Mounted+rig.Unmounted))
	tab.Script(`window.most = 0; new MutationObserver(() => most = Math.max(most, ` + rig.Rows + `.length))
		.observe(` + rig.Log + `, {subtree: true, childList: true})`)
	scrolled := func(top string) { tab.Script(rig.Log + `.scrollTop = ` + top) }
	tab.Script(`{ // remembers where the fourth row is when the user has scrolled up to the first
		const top = e => e.getBoundingClientRect().top;
		window.seen = ` + rig.Rows + `[3];
		window.y = top(` + rig.Log + `) + parseFloat(getComputedStyle(` + rig.Log + `).paddingTop) +
			top(seen) - top(` + rig.Rows + `[0]);
	}`)
	scrolled(`0`)
	tab.Until(fmt.Sprintf(`%s === %q`, firstRow, rig.FillText("line", 1)))
	if moved := rig.Eval[float64](tab, `Math.abs(seen.getBoundingClientRect().top - y)`); moved > 1 {
		t.Errorf("what is being read moved by %g px as older messages came in above it", moved)
	}
	scrolled(`0`)
	tab.Until(jump + `?.innerText === 'Jump to latest'`)
	scrolled(rig.Log + `.scrollHeight`)
	tab.Until(fmt.Sprintf(`%s === %q`, lastRow, rig.FillText("line", rig.Mounted+rig.Unmounted)))
	scrolled(rig.Log + `.scrollHeight`)
	tab.Until(`!` + jump)
	rig.Fill(r, wire.DefaultRoom, "more", 1, nil)
	tab.Until(rig.Newest("more", 1))
	if most := rig.Eval[int](tab, `most`); most > rig.Mounted+rig.Unmounted {
		t.Errorf("up to %d rows were in the page at once", most)
	}
	if n := rig.Eval[int](tab, rig.Rows+`.length`); n > rig.Mounted {
		t.Errorf("%d rows are mounted, want %d at most", n, rig.Mounted)
	}
}

// TestUnreadWhileReadingUp looks at the button and the divider that a user sees after scrolling up.
func TestUnreadWhileReadingUp(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-rate", "100000/1s")
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	rig.Fill(r, wire.DefaultRoom, "old", 40, nil)
	tab.Until(rig.Newest("old", 40))
	if rig.Eval[bool](tab, `!!`+jump) {
		t.Error("there is a way to the newest message although the user is there")
	}
	tab.Script(rig.Log + `.scrollTop = 0`)
	tab.Until(jump + `?.innerText === 'Jump to latest'`)
	rig.Fill(r, wire.DefaultRoom, "new", 2, nil)
	tab.Until(jump + `?.innerText === '2 new messages'`)
	if top := rig.Eval[float64](tab, rig.Log+`.scrollTop`); top != 0 {
		t.Errorf("the user who reads was moved to %g", top)
	}
	if got := rig.Eval[string](tab, `document.title`); got != "#lobby – Mayfly" {
		t.Errorf("the title of a page that is looked at is %q", got)
	}
	if !rig.Eval[bool](tab, `!!`+rig.ByRole("button", "2 new messages")) {
		t.Error("the button has no name for users who do not see it")
	}
	tab.Do(chromedp.Click(chromedp.CSS(rig.Jump)))
	tab.Until(`!` + jump + ` && document.activeElement === ` + rig.Composer)
	if below := rig.Eval[string](tab, belowDivider); below != "new 1." {
		t.Errorf("the divider stands above %q, want the first message that is new", below)
	}
	tab.Say("back")
	tab.Shows("back")
	tab.Until(`!` + rig.Find(rig.Divider))
}

// TestWhatIsReadStaysMounted posts as many new messages as the page has rows, at once and one by one, while the user has
// scrolled up.
func TestWhatIsReadStaysMounted(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-rate", "100000/1s", "-room-messages", "100000")
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	rig.Fill(r, wire.DefaultRoom, "old", rig.Mounted+10, nil)
	tab.Until(rig.Newest("old", rig.Mounted+10))
	tab.Script(rig.Log + `.scrollTop -= 300`)
	tab.Until(jump + `?.innerText === 'Jump to latest'`)
	tab.Script(`window.row = document.elementFromPoint(640, 300).closest('article'); window.y = row.getBoundingClientRect().top`)
	for i, n := range []int{rig.Mounted + 10, 1, 1, rig.Mounted} {
		rig.Fill(r, wire.DefaultRoom, fmt.Sprint("new-", i), n, nil)
	}
	tab.Until(fmt.Sprintf(`%s?.innerText === '%d new messages'`, jump, 2*rig.Mounted+12))
	if !rig.Eval[bool](tab, `row.isConnected`) {
		t.Fatal("the row that was being read is gone")
	}
	if moved := rig.Eval[float64](tab, `row.getBoundingClientRect().top - y`); math.Abs(moved) > 1 {
		t.Errorf("the row that was being read moved by %g px", moved)
	}
	tab.Do(chromedp.Click(chromedp.CSS(rig.Jump)))
	tab.Until(rig.Newest("new-3", rig.Mounted))
}

// TestTitleCountsWhatIsUnread hides the page, and reads the number of unread messages in its title.
func TestTitleCountsWhatIsUnread(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	browser := rig.OpenBrowser(t)
	rig.InTime(t, 2*time.Second, func(life time.Duration) bool {
		room := fmt.Sprintf("for-%d", life/time.Second)
		tab := browser.Tab(server.URL + "/r/" + room).Ready()
		r := rig.DialAnd(t, server, room)
		rig.Fill(r, room, "seen", 1, nil)
		tab.Until(rig.Newest("seen", 1))
		tab.Do(rig.Visible(false))
		expires := rig.Fill(r, room, "new", 3, lives(life, 0, 0))
		if !tab.Before(expires, `document.title === '(3) #`+room+` – Mayfly'`) {
			return false
		}
		tab.Until(`document.title === '(2) #` + room + ` – Mayfly'`) // the unread messages expire
		tab.Do(rig.Visible(true))
		tab.Until(`document.title === '#` + room + ` – Mayfly'`)
		tab.Until(belowDivider + ` === 'new 2.'`)
		return true
	})
}

// lives returns a function for rig.Fill that says how long each message lives; 0 is the default of the room.
func lives(all ...time.Duration) func(i int) time.Duration {
	return func(i int) time.Duration { return all[i] }
}

// TestKeyboardOverThePage simulates a browser that shows its keyboard over the page.
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
		return rig.Eval[float64](tab, rig.Form+`.getBoundingClientRect().bottom`)
	}
	whole := bottom()
	tab.Script(`see(innerHeight - 300, 1)`)
	tab.Until(`document.documentElement.style.getPropertyValue('--keyboard') === '300px'`)
	if got := bottom(); got != whole-300 {
		t.Errorf("above a keyboard of 300 px the composer ends at %g, want %g", got, whole-300)
	}
	tab.Script(`see(innerHeight / 2, 2)`) // zoomed in
	tab.Until(`document.documentElement.style.getPropertyValue('--keyboard') === '0px'`)
	if got := bottom(); got != whole {
		t.Errorf("zoomed in, the composer ends at %g, want %g", got, whole)
	}
}

// watchCountdown lists in shown each time left that the row with that text shows: the number with the ring beside it.
func watchCountdown(text string) string {
	return fmt.Sprintf(`window.shown = []; new MutationObserver(() => {
		const left = [...%s].find(row => row.querySelector(%q).textContent === %q)?.querySelector(%q);
		if (!left) return;
		const now = {text: left.textContent, ring: +left.style.getPropertyValue('--left')}, last = shown.at(-1);
		if (now.text !== last?.text || now.ring !== last.ring) shown.push(now);
	}).observe(%s, {subtree: true, childList: true, characterData: true, attributes: true})`,
		rig.Rows, rig.RowText, text, rig.RowLeft, rig.Log)
}

// secondBySecond is a JavaScript condition: three numbers of seconds in the list have followed each other downwards.
func secondBySecond(list string) string {
	return list + `.filter((n, i, all) => n !== all[i - 1])
		.some((n, i, all) => n > 2 && all[i + 1] === n - 1 && all[i + 2] === n - 2)`
}

// wantCountdown fails unless each number in shown is 30 s or less, and the ring beside it shows about the same part of
// life.
func wantCountdown(t *testing.T, tab *rig.Tab, life time.Duration) {
	t.Helper()
	type step struct {
		Text string
		Ring float64
	}
	before := 1.0
	for _, s := range rig.Eval[[]step](tab, `shown`) {
		seconds := 0
		if _, err := fmt.Sscanf(s.Text, "%d s", &seconds); s.Text != "" && (err != nil || seconds > 30) {
			t.Errorf("a message says %q, want a number of seconds up to 30", s.Text)
		}
		const exact = 0.05 // the ring is drawn in 60 steps, the number in seconds
		switch part := float64(seconds) / life.Seconds(); {
		case s.Text == "" && s.Ring < 30/life.Seconds()-exact:
			t.Errorf("a message says no number beside a ring of %g", s.Ring)
		case s.Text != "" && math.Abs(s.Ring-part) > exact:
			t.Errorf("beside %s of %s the ring is %g, want about %.2f", s.Text, life, s.Ring, part)
		}
		if s.Ring > before {
			t.Errorf("the ring grows from %g to %g", before, s.Ring)
		}
		before = s.Ring
	}
}

// TestCountdown looks at a message that shows a ring at first, and a number for the last 30 s.
func TestCountdown(t *testing.T) {
	t.Parallel()
	const life = 36 * time.Second
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	tab.Script(watchCountdown("line 1."))
	rig.Fill(rig.DialAnd(t, server, wire.DefaultRoom), wire.DefaultRoom, "line", 1, lives(life))
	tab.Until(`shown.length > 0`)
	tab.Age(8 * time.Second)
	tab.Until(secondBySecond(`shown.map(s => parseInt(s.text))`))
	wantCountdown(t, tab, life)
	tab.Script(rig.Rows + `[0].focus()`)
	said := rig.Eval[string](tab, `getComputedStyle(`+rig.Find(rig.RowLeft)+`, '::before').content`)
	if !strings.Contains(said, "vanishes ") && !strings.Contains(said, "attr(") {
		t.Errorf("with the focus on it, it says %s", said)
	}
}

// TestShortLifeCountsEachSecond: a message that comes with less than 30 s to live shows its seconds at once.
func TestShortLifeCountsEachSecond(t *testing.T) {
	t.Parallel()
	const life = 29 * time.Second
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	rig.Fill(r, wire.DefaultRoom, "long", 1, nil)
	tab.Until(rig.Newest("long", 1))
	tab.Script(watchCountdown("short 1."))
	rig.Fill(r, wire.DefaultRoom, "short", 1, lives(life))
	tab.Until(secondBySecond(`shown.map(s => parseInt(s.text))`))
	wantCountdown(t, tab, life)
	if rig.Eval[bool](tab, `shown[0].text === ''`) {
		t.Error("a message with 29 s to live comes without a number")
	}
}

// TestActions opens the actions of a message by keyboard and by mouse.
func TestActions(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	r.Send(wire.Post{ID: uuid.NewString(), Room: wire.DefaultRoom, Text: "see https://example.com/a"})
	rig.Fill(r, wire.DefaultRoom, "line", 1, nil)
	tab.Until(rig.Newest("line", 1))
	focused := func() string {
		return rig.Eval[string](tab, `document.activeElement.textContent || document.activeElement.tagName`)
	}
	tab.Press(kb.Tab, rig.Shift)
	tab.Press(kb.Home)
	tab.Do(rig.Enter())
	if got := focused(); got != "👍" {
		t.Fatalf("Enter on a message leads to %q", got)
	}
	tab.Press(kb.Tab)
	if got := rig.Eval[string](tab, `document.activeElement.href ?? ''`); got != "https://example.com/a" {
		t.Errorf("the Tab key does not reach the link of an open message, but %q", got)
	}
	tab.Press(kb.Escape)
	if !rig.Eval[bool](tab, `document.activeElement.matches('article') && !`+rig.ByRole("button", "Copy text")) {
		t.Error("Escape does not close it and lead back to the message")
	}
	tab.Press(kb.Escape)
	if got := focused(); got != "TEXTAREA" {
		t.Errorf("the next Escape leads to %q", got)
	}
	tab.Do(chromedp.Click(chromedp.CSS("article:last-child " + rig.RowMore)))
	tab.Script(`window.copied = ''; Object.defineProperty(navigator, 'clipboard', {value: {writeText: t => { copied = t; }}})`)
	tab.Click("button", "Copy text")
	tab.Until(`copied === 'line 1.' && !!` + rig.ByRole("button", "Copied"))
	tab.Do(chromedp.Click(chromedp.CSS("article:last-child " + rig.RowMore)))
	tab.Until(`!` + rig.ByRole("button", "Copied"))
}

// TestActionsClose: the actions close when the user presses Escape anywhere, clicks elsewhere, or moves the focus away.
func TestActionsClose(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	rig.Fill(rig.DialAnd(t, server, wire.DefaultRoom), wire.DefaultRoom, "line", 2, nil)
	tab.Until(rig.Newest("line", 2))
	click := func(selector string) { tab.Do(chromedp.Click(chromedp.CSS(selector))) }
	const open = `document.querySelectorAll('article [aria-expanded=true]').length`
	for _, tt := range []struct {
		name  string
		leave func()
		left  int // how many messages still show their actions
	}{
		{"a click into the composer", func() { click("textarea") }, 0},
		{"a click on the header", func() { click("h1") }, 0},
		{"a click on another message's text", func() { click("article:last-child .message-text") }, 0},
		{"the Tab key", func() { tab.Script(rig.ByRole("button", "Copy text") + `.focus()`); tab.Press(kb.Tab) }, 0},
		{"Escape", func() { tab.Press(kb.Escape) }, 0},
		{"Escape in the composer", func() {
			tab.Script(rig.Composer + `.dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape', bubbles: true}))`)
		}, 0},
		// the other message shows its actions
		{"the button of another message", func() { click("article:last-child " + rig.RowMore) }, 1},
		{"a click on its own text", func() { click("article:first-child .message-text") }, 1},
	} {
		tab.Script(`document.body.click()`)
		tab.Until(open + ` === 0 || (document.querySelector('h1').click(), false)`)
		click("article:first-child " + rig.RowMore)
		tab.Until(open + ` === 1`)
		tt.leave()
		tab.Until(fmt.Sprintf(`%s === %d`, open, tt.left))
		own := rig.Eval[bool](tab, `!!document.querySelector('article:first-child [aria-expanded=true]')`)
		if tt.left == 1 && own == strings.HasPrefix(tt.name, "the button") {
			t.Errorf("after %s the first message's actions are open: %t", tt.name, own)
		}
	}
}

// TestCopyWhereTheClipboardIsRefused: the button and the screen reader say what happened, each time, and the selection and the
// focus stay.
func TestCopyWhereTheClipboardIsRefused(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	for _, tt := range []struct{ name, script, want string }{
		{"it is taken", `navigator.clipboard.writeText = async text => { copied = text; };`, "Copied"},
		{"it is refused, and the old command works", `navigator.clipboard.writeText = () => Promise.reject(new DOMException('', 'NotAllowedError'));
			document.execCommand = () => { copied = String(getSelection()); return true; };`, "Copied"},
		{"it throws, and nothing works", `navigator.clipboard.writeText = () => { throw new TypeError(); };
			document.execCommand = () => false;`, "Not copied: select the text and copy it."},
		{"there is none, and nothing works", `Object.defineProperty(navigator, 'clipboard', {value: undefined});
			document.execCommand = () => false;`, "Not copied: select the text and copy it."},
		{"there is none, and the old command works", `Object.defineProperty(navigator, 'clipboard', {value: undefined});
			document.execCommand = () => { copied = String(getSelection()); return true; };`, "Copied"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tab := rig.OpenBrowser(t).Tab(server.URL + "/r/" + uuid.NewString()[:8]).Ready()
			tab.Script(watchVoices + `;window.copied = '';` + tt.script)
			tab.Say("two\nlines")
			tab.Shows("two\nlines")
			tab.Until(`said.length === 1`)
			tab.Do(rig.Type("a draft"))
			tab.Script(rig.Composer + `.setSelectionRange(2, 5)`)
			tab.Do(chromedp.Click(chromedp.CSS(rig.RowMore)))
			tab.Script(rig.ByRole("button", "Copy text") + `.focus(); getSelection().selectAllChildren(document.querySelector('h1'))`)
			for n := 2; n <= 3; n++ {
				tab.Do(rig.Enter())
				tab.Until(fmt.Sprintf(`said.length === %d && said.at(-1).trim() === %q && document.activeElement.textContent === %[2]q &&
					document.activeElement.computedName.startsWith(%[2]q)`, n, tt.want))
			}
			if got := rig.Eval[string](tab, `copied`); tt.want == "Copied" && got != "two\nlines" || tt.want != "Copied" && got != "" {
				t.Errorf("copied is %q", got)
			}
			if got := rig.Eval[string](tab, `[getSelection(), `+rig.Composer+`.selectionStart, `+rig.Composer+`.selectionEnd].join()`); got != "#"+rig.Eval[string](tab, `location.pathname.slice(3)`)+",2,5" {
				t.Errorf("selected is %s", got)
			}
		})
	}
}

// TestExpiresWhileItsActionsAreOpen: a message expires while its actions are open and have the focus. The focus must stay
// among the messages.
func TestExpiresWhileItsActionsAreOpen(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	browser := rig.OpenBrowser(t)
	rig.InTime(t, 2*time.Second, func(life time.Duration) bool {
		tab := shortLived(t, browser, server, lives(0, life, 0), 3)
		tab.Script(`was[1]?.focus()`)
		tab.Do(rig.Enter())
		open := rig.Eval[bool](tab, `(e => e.closest('article') === was[1] && e.tagName === 'BUTTON')(document.activeElement)`)
		if !rig.Eval[bool](tab, `was.length === 3 && was[1].isConnected`) {
			return false
		}
		if !open {
			t.Fatal("the actions do not have the focus")
		}
		tab.Until(rig.Gone("line", 2))
		if !rig.Eval[bool](tab, `document.activeElement === was[2]`) {
			t.Error("the focus is not on the next message")
		}
		return true
	})
}

// shortLived opens a room with n messages, "line 1." and so on, which live as long as ttl says, for a try of rig.InTime.
// The variable was in the page holds their rows, all of them if they have come before the first one expires.
func shortLived(t *testing.T, browser *rig.Browser, server *rig.Server, ttl func(i int) time.Duration, n int) *rig.Tab {
	t.Helper()
	room := "try-" + uuid.NewString()[:8]
	tab := browser.Tab(server.URL + "/r/" + room).Ready()
	r := rig.DialAnd(t, server, room)
	tab.Before(rig.Fill(r, room, "line", n, ttl), rig.Newest("line", n))
	tab.Script(`window.was = [...` + rig.Rows + `]`)
	return tab
}

func TestLinks(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	r.Send(wire.Post{ID: uuid.NewString(), Room: wire.DefaultRoom,
		Text: "https://example.com, javascript:alert(1) mailto:a@example.com https://еxample.com/ https://bank.example@evil.example/"})
	tab.Shows("javascript:alert(1)")
	type link struct{ Href, Rel, Target string }
	got := rig.Eval[[]link](tab, `byRole('link').filter(a => a.closest('article'))
		.map(a => ({Href: a.href, Rel: a.rel, Target: a.target}))`)
	const rel = "noopener noreferrer nofollow"
	want := []link{{"https://example.com/", rel, "_blank"}, {"mailto:a@example.com", rel, "_blank"}, {"https://xn--xample-2of.com/", rel, "_blank"}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("links = %v, want %v", got, want)
	}
	tab.Shows("(xn--xample-2of.com)") // the real host of a name that looks like another
}

// lineDirections is a JavaScript expression: for each line of the first message, "ltr" or "rtl", by whether its last
// character stands to the right or to the left of its first one, and "far" in addition if the line stands away from the left
// edge of the text, where all lines stand in an English page; list items are indented.
const lineDirections = `(() => {
	const text = document.querySelector('.message-text'), frame = text.getBoundingClientRect();
	const walk = document.createTreeWalker(text, NodeFilter.SHOW_TEXT), range = document.createRange(), lines = [[]];
	for (let item; walk.nextNode(); ) {
		const li = walk.currentNode.parentElement.closest('li');
		if (li !== item && lines.at(-1).length) lines.push([]);
		item = li;
		[...walk.currentNode.data].forEach((c, i) => {
			if (c === '\n') return lines.push([]);
			range.setStart(walk.currentNode, i);
			range.setEnd(walk.currentNode, i + 1);
			lines.at(-1).push(range.getBoundingClientRect());
		});
	}
	return lines.map(all => (all[0].x < all.at(-1).x ? 'ltr' : 'rtl') +
		(Math.min(...all.map(r => r.left)) - frame.left < 40 ? '' : ' far')).join(', ');
})()`

func TestEachLineHasItsDirection(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	browser := rig.OpenBrowser(t)
	for i, tt := range []struct{ text, want string }{
		{"Meeting notes:\nשלום לכולם (מחר)!", "ltr, rtl"},
		{"שלום\nhello (tomorrow)!\nمرحبا 12:34", "rtl, ltr, rtl"},
		{"1. אבג\n2. bcd\n3. דהו", "rtl, ltr, rtl"},
		{"https://example.com\nראו https://example.com/a\nsee שלום", "ltr, rtl, ltr"},
		{"one\ntwo", "ltr, ltr"},
	} {
		room := fmt.Sprintf("direction-%d", i)
		tab := browser.Tab(server.URL + "/r/" + room).Ready()
		tab.Say(tt.text)
		tab.Until(`!!document.querySelector('.message-text')`)
		if got := rig.Eval[string](tab, lineDirections); got != tt.want {
			t.Errorf("the lines of %q have the directions %s, want %s", tt.text, got, tt.want)
		}
	}
}

// TestMarksStandByTheText: the line of a quote and the marks of a list are beside their text, which stands below the name,
// in each direction of the page and of the text.
func TestMarksStandByTheText(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	const blocks = `document.querySelectorAll('.message-text > :is(blockquote, ul, ol)')`
	const wrong = `[...` + blocks + `].map(block => {
		const range = document.createRange(), box = block.getBoundingClientRect(), page = document.documentElement.dir;
		range.selectNodeContents(block.querySelector('li') ?? block);
		const text = range.getBoundingClientRect(), name = block.parentElement.getBoundingClientRect();
		const marks = getComputedStyle(block).direction === 'rtl' ? box.right - text.right : text.left - box.left;
		const start = page === 'rtl' ? name.right - box.right : box.left - name.left;
		return [(marks < 5 || marks > 45) && 'the text is ' + marks + ' px from its marks',
			Math.abs(start) > 1 && 'the block is ' + start + ' px from where lines begin']
			.filter(Boolean).map(what => block.textContent + ': ' + what);
	}).flat()`
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	texts := []string{"> quoted", "> שלום", "- milk\n- bread", "- חלב\n- לחם", "1. חלב", "שלום\n- milk",
		"hello\n> שלום"}
	for _, text := range texts {
		tab.Say(text)
	}
	tab.Until(fmt.Sprintf(`%s.length === %d`, blocks, len(texts)))
	for _, direction := range []string{"ltr", "rtl"} {
		tab.Script(`document.documentElement.dir = '` + direction + `'`)
		if got := rig.Eval[[]string](tab, wrong); len(got) > 0 {
			t.Errorf("%s: %q", direction, got)
		}
	}
}

// look makes the page believe that the user looks at it again.
const look = `document.dispatchEvent(new Event('visibilitychange')); window.dispatchEvent(new Event('visibilitychange'))`

// TestTimesFollowTheZone travels from zone to zone with a page that stays open.
func TestTimesFollowTheZone(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	tab.Say("one")
	tab.Say("two")
	tab.Until(rig.Rows + `.length === 2`)
	for _, zone := range []string{"Asia/Kathmandu", "America/St_Johns", "Pacific/Kiritimati", "UTC"} {
		tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := chromedp.Call(ctx, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: zone})
			return err
		}))
		tab.Script(look)
		tab.Until(`[...document.querySelectorAll('time')].every(e => {
			const at = new Date(e.dateTime).toLocaleTimeString('en-US', {timeZone: '` + zone + `'}).replace(' ', '\u00a0');
			return e.title.endsWith('at ' + at) && e.closest('article').ariaLabel.includes(at) &&
				e.textContent.endsWith(at.replace(/:\d\d(?=\s[AP]M)/, ''));
		})`)
	}
}

// TestASeparatorBeginsTheDay lets midnight pass between two messages, by the page's time zone.
func TestASeparatorBeginsTheDay(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	tab.Say("late")
	tab.Until(rig.Rows + `.length === 1 && !` + rig.Rows + `[0].matches('.message-waiting')`)
	tab.Script(`window.midnight = +new Date(document.querySelector('time').dateTime) + 1000;
		Date.prototype.getTimezoneOffset = () => { // the offset of the zone in which it was midnight at that time
			return midnight % 864e5 / 6e4;
		}`)
	tab.Until(`Date.now() > midnight + 1000`)
	tab.Say("early")
	tab.Until(`[...document.querySelectorAll('.rows .day, .rows article')].map(e => e.matches('.day') ? e.textContent :
		e.querySelector('.message-text').textContent).join() === 'late,Today,early'`)
	tab.Script(look)
	tab.Until(rig.Rows + `[0].ariaLabel.includes('Sent yesterday at 11:59:') && ` +
		rig.Find(rig.RowTime) + `.textContent === 'Yesterday, 11:59\u00a0PM'`)
}

// TestHighMessagesAreFolded shows a message of thousands of lines, whose end looks like a message of another user.
func TestHighMessagesAreFolded(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab("")
	tab.Do(chromedp.EmulateViewport(360, 640), chromedp.Navigate(server.URL))
	tab.Ready()
	other := rig.DialAnd(t, server, wire.DefaultRoom)
	const end = "Ben Ito 14:05\nhttps://example.com"
	text := "a" + strings.Repeat("\n", 3900) + end
	other.Send(wire.Post{ID: uuid.NewString(), Room: wire.DefaultRoom, Text: text})
	all := rig.ByRole("button", "Show all “a Ben Ito 14:05 https://exampl…”")
	tab.Until(`!!` + all)
	const height = rig.Rows + `[0].getBoundingClientRect().height`
	if got := rig.Eval[float64](tab, height); got > 2*640 {
		t.Errorf("the row is %g px high, want two screens at most", got)
	}
	tab.Script(all + `.focus()`)
	tab.Script(all + `.click()`)
	tab.Until(fmt.Sprintf(`%s.textContent === %q && document.activeElement === %s[0]`, rig.Find(rig.RowText), text, rig.Rows))
	tab.Until(`!!` + rig.Find(rig.Jump)) // the list stays where the user reads
	if got := rig.Eval[float64](tab, rig.Log+`.scrollTop`); got > 640 {
		t.Errorf("the list went to %g px, want it to stay", got)
	}
	if got := rig.Eval[int](tab, `parseInt(getComputedStyle(`+rig.Find(rig.RowText)+`).borderInlineStartWidth)`); got == 0 {
		t.Error("no line stands beside the text")
	}
}
