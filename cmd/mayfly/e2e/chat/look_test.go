package chat_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

// dropPosts makes the page lose each message that it sends while window.dropping is true, as a bad network does.
const dropPosts = `{
	const send = WebSocket.prototype.send;
	WebSocket.prototype.send = function(frames) {
		if (window.dropping) frames = frames.split('\n').filter(f => !f.includes('"type":"post"')).join('\n');
		if (frames) send.call(this, frames);
	};
}`

var (
	firstMore = "article " + rig.RowMore // the CSS selector of the button for the first row's actions
	failed    = `!!` + rig.Find(rig.FailedRow+" button")
)

// busy opens the lobby with messages of other users, one of the user's own, one with a link and one that has failed. The
// actions of one message are open.
func busy(t *testing.T) (*rig.Tab, *rig.Raw) {
	t.Helper()
	server := rig.Serve(t, "-rate", "100000/1s", "-ttl", "1h")
	tab := rig.OpenBrowser(t).Tab("")
	tab.BeforeScripts(dropPosts)
	tab.Do(chromedp.Navigate(server.URL))
	tab.Ready()
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	for _, text := range []string{"lunch?", "See https://example.com/a_very_long_link/that_does_not_end/" + strings.Repeat("x", 80), strings.Repeat("w", 300)} {
		say(r, text)
	}
	tab.Shows("www")
	tab.Say("yes")
	tab.Until(`!!` + rig.Find(rig.MineRow+":not("+rig.WaitingRow+")"))
	tab.Script(`window.dropping = true`)
	tab.Say("never arrives")
	tab.Shows("never arrives")
	tab.Age(unanswered)
	tab.Until(failed)
	tab.Do(chromedp.Click(chromedp.CSS(firstMore)))
	tab.Do(rig.Type("a draft"))
	return tab, r
}

// unanswered is how long a message may be without an answer until the page says so (answerTime in session).
const unanswered = 10 * time.Second

// contrasts is a JavaScript function that returns the elements with too little contrast against their background. For
// texts that is below 4.5:1. For the elements in its argument, pairs of a selector and a CSS property, it is below 3:1.
const contrasts = `((parts) => {
	const parse = c => { const m = c.match(/[\d.]+/g).map(Number); return {r: m[0], g: m[1], b: m[2], a: m[3] ?? 1}; };
	const over = (f, b) => ({r: f.r * f.a + b.r * (1 - f.a), g: f.g * f.a + b.g * (1 - f.a), b: f.b * f.a + b.b * (1 - f.a), a: 1});
	const light = c => { const l = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; return 0.2126 * l(c.r) + 0.7152 * l(c.g) + 0.0722 * l(c.b); };
	const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
	const ground = e => { const layers = []; for (; e; e = e.parentElement) layers.unshift(parse(getComputedStyle(e).backgroundColor)); return layers.reduce((b, f) => over(f, b), {r: 255, g: 255, b: 255, a: 1}); };
	const bad = [];
	const check = (what, fore, back, least) => { const r = ratio(over(fore, back), back); if (r < least) bad.push(what + ' ' + r.toFixed(2)); };
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	let seen = 0;
	while (texts.nextNode()) {
		const e = texts.currentNode.parentElement, s = getComputedStyle(e);
		if (!texts.currentNode.textContent.trim() || !e.checkVisibility({checkVisibilityCSS: true}) || e.closest('.unseen, .skip, script, style')) continue;
		seen++;
		check(e.className + ' “' + e.textContent.slice(0, 20) + '”', parse(s.color), ground(e), 4.5);
	}
	for (const [selector, pseudo, property] of parts) for (const e of document.querySelectorAll(selector)) {
		seen++;
		check(selector + ' ' + property, parse(getComputedStyle(e, pseudo)[property]), ground(pseudo === '::placeholder' ? e : e.parentElement), pseudo === '::placeholder' ? 4.5 : 3);
	}
	const edge = document.createElement('i'); // the ring's colour, as its gradient has it
	for (const e of document.querySelectorAll('.message')) { edge.style.color = 'var(--edge)'; e.append(edge); check('ring', parse(getComputedStyle(edge).color), ground(e), 3); }
	edge.remove();
	if (seen < 20) bad.push('only ' + seen + ' looked at');
	return bad;
})([['.composer-field', null, 'borderTopColor'], ['textarea', '::placeholder', 'color'],
	['.message-actions, .message-state .button', null, 'borderTopColor'],
	['.status-dot', null, 'borderTopColor'], ['.face', null, 'borderTopColor']])`

func TestA22Contrast(t *testing.T) {
	t.Parallel()
	tab, _ := busy(t)
	for _, dark := range []bool{false, true} {
		tab.Dark(dark)
		look := func(when string) {
			if bad := rig.Eval[[]string](tab, contrasts); len(bad) > 0 {
				t.Errorf("%s, dark %v: too little contrast: %q", when, dark, bad)
			}
		}
		look("at rest")
		tab.Script(`document.querySelector('#rooms-menu').showPopover(); document.querySelector('article').focus()`)
		look("with the rooms open and the focus on a message")
		tab.Script(`document.querySelector('#rooms-menu').hidePopover()`)
	}
}

// TestA22EveryFace checks the colours of all faces; a room shows only a few.
func TestA22EveryFace(t *testing.T) {
	t.Parallel()
	tab, _ := busy(t)
	for _, dark := range []bool{false, true} {
		tab.Dark(dark)
		for _, class := range []string{"message", "message message-anonymous", "message message-mine", "message message-mine message-anonymous"} {
			tab.Script(fmt.Sprintf(`{
				const articles = [...document.querySelectorAll('article')];
				for (let i = 0; i < 16; i++) articles[0].after(articles[0].cloneNode(true));
				document.querySelectorAll('article').forEach((a, i) => {
					a.className = %q;
					a.querySelector('.face').className = 'face face-' + i %% 16;
				});
			}`, class))
			if bad := rig.Eval[[]string](tab, contrasts); len(bad) > 0 {
				t.Errorf("%s, dark %v: %q", class, dark, bad)
			}
		}
	}
}

func TestA15FailureKeepsTheFocus(t *testing.T) {
	t.Parallel()
	tab, _ := busy(t)
	if got := rig.Eval[string](tab, rig.Composer+`.value`); got != "a draft" {
		t.Errorf("the composer holds %q", got)
	}
	for _, name := range []string{"Retry “never arrives”", "Discard “never arrives”", "Copy “never arrives”"} {
		wantNodes(t, tab, 1, "button", name)
	}
	const written = `document.activeElement === ` + rig.Composer
	tab.Click("button", "Retry “never arrives”")
	tab.Until(written + ` && !(` + failed + `)`)
	tab.Age(unanswered)
	tab.Until(failed)
	tab.Click("button", "Discard “never arrives”")
	tab.Until(written + ` && !(` + failed + `)`)
	tab.ShowsNot("never arrives")
}

func TestA21FocusIsVisible(t *testing.T) {
	t.Parallel()
	tab, _ := busy(t)
	const visible = `(e => {
		const s = getComputedStyle(e === ` + rig.Composer + ` ? e.parentNode : e), b = e.getBoundingClientRect();
		const outlined = s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2;
		const at = document.elementFromPoint(b.left + b.width / 2, b.top + Math.min(b.height / 2, 10));
		return outlined && b.width > 0 && b.top >= 0 && b.bottom <= innerHeight + 1 && (e.contains(at) || at?.contains(e));
	})(document.activeElement)`
	n := walk(t, tab, func(name string) {
		if !rig.Eval[bool](tab, visible) {
			t.Errorf("the user does not see the focus on %s", name)
		}
	})
	if n < 6 {
		t.Errorf("only %d stops", n)
	}
	tab.Script(rig.Log + `.focus()`)
	for range 4 {
		tab.Press(kb.ArrowUp)
		if !rig.Eval[bool](tab, `(e => { const b = e.getBoundingClientRect(), l = `+rig.Log+`.getBoundingClientRect();
			return e.matches('article') && parseFloat(getComputedStyle(e).outlineWidth) >= 2 && b.top >= l.top - 1 && b.bottom <= l.bottom + 1; })(document.activeElement)`) {
			t.Error("the message that has the focus is not in sight")
		}
	}
	if accent := rig.Eval[float64](tab, `(() => { const e = document.createElement('i'); e.style.color = 'var(--accent)'; document.body.append(e); const get = c => c.match(/\d+/g).map(Number);
		const l = c => get(c).map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
		const a = l(getComputedStyle(e).color), b = l(getComputedStyle(document.body).backgroundColor); e.remove(); return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); })()`); accent < 3 {
		t.Errorf("the outline has a contrast of %.2f, want 3", accent)
	}
}

// TestA23NothingByColourAlone checks that a text says everything that a colour says.
func TestA23NothingByColourAlone(t *testing.T) {
	t.Parallel()
	tab, r := busy(t)
	for what, js := range map[string]string{
		"the user's own messages": `getComputedStyle(` + rig.Find(rig.MineRow+" "+rig.RowTime) + `, '::before').content
			.includes('(you)')`,
		"failed": rig.Find(rig.FailedRow+" .message-state p") + `.textContent.length > 10`,
		"not signed in": `[...document.querySelectorAll('.message-anonymous ` + rig.RowName + `')]
			.every(n => n.textContent.endsWith(' (guest)')) &&
			` + rig.Header + `.innerText.includes('not signed in')`,
		"the connection":       rig.Connection + `.trim().length > 3`,
		"expiring soon":        rig.Find(rig.RowLeft) + ` !== null`,
		"the room of the page": `document.querySelector('.rooms-link[aria-current=page]') !== null`,
		"links are underlined": `getComputedStyle(` + rig.Find("article a") + `).textDecorationLine === 'underline'`,
	} {
		if !rig.Eval[bool](tab, js) {
			t.Errorf("%s: only a colour tells", what)
		}
	}
	tab.Script(watchCountdown("soon 1."))
	rig.Fill(r, wire.DefaultRoom, "soon", 1, lives(29*time.Second))
	tab.Until(`shown.some(s => /^\d+ s$/.test(s.text))`) // a message that vanishes soon shows the seconds
}

// small lists the controls that are smaller than that many CSS pixels.
func small(tab *rig.Tab, px int) []string {
	return rig.Eval[[]string](tab, fmt.Sprintf(`[...document.querySelectorAll('button, input, textarea, a:not(article a, .skip), summary')]
		.filter(e => e.checkVisibility() && (b => b.width < %d || b.height < %d)(e.getBoundingClientRect())).map(e => e.className + ' ' + e.textContent)`, px, px))
}

func TestA24Targets(t *testing.T) {
	t.Parallel()
	tab, _ := busy(t)
	tab.Script(`document.querySelector('#rooms-menu').showPopover()`)
	if bad := small(tab, 24); len(bad) > 0 {
		t.Errorf("smaller than 24 px: %q", bad)
	}
	tab.Phone()
	if bad := small(tab, 44); len(bad) > 0 {
		t.Errorf("smaller than 44 px for a finger: %q", bad)
	}
}

// cramped is JavaScript for a list of what does not fit on the screen: the page or the log scrolls sideways, the content of
// an element is wider than the element, the composer is not fully on the screen, or there is no room for the log.
const cramped = `[
	document.documentElement.scrollWidth > innerWidth && 'the page scrolls sideways: ' + document.documentElement.scrollWidth,
	` + rig.Log + `.scrollWidth > ` + rig.Log + `.clientWidth && 'the log scrolls sideways',
	` + rig.Form + `.getBoundingClientRect().bottom > innerHeight + 1 && 'the composer is cut off',
	` + rig.Log + `.clientHeight < 40 && 'nothing is left of the log',
	[...document.querySelectorAll('header, header h1, .state, .message-head, .message-text, .message-state, .composer-row')].filter(e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== 'hidden').map(e => e.className + ' overflows').join() || false,
].filter(Boolean)`

func TestA25Reflow(t *testing.T) {
	t.Parallel()
	tab, _ := busy(t)
	check := func(what string) {
		t.Helper()
		if bad := rig.Eval[[]string](tab, cramped); len(bad) > 0 {
			t.Errorf("%s: %q", what, bad)
		}
	}
	// the longest texts that the button can have
	tab.Script(`document.querySelectorAll('.left').forEach(l => {
		l.textContent = '28 s';
		l.dataset.when = 'vanishes tomorrow at 12:41:03\u00a0AM';
	})`)
	tab.Script(rig.Row("yes") + `.focus()`) // the row then says when it vanishes
	check("1280×800")
	tab.Script(`document.documentElement.style.fontSize = '200%'`)
	check("text at 200 %")
	if lines := rig.Eval[float64](tab, in("yes", ".message-name")+`.offsetHeight / parseFloat(getComputedStyle(`+
		in("yes", ".message-name")+`).lineHeight)`); lines > 1.5 {
		t.Errorf("a short name has %.1f lines", lines)
	}
	tab.Script(`document.documentElement.style.fontSize = ''`)
	tab.Do(chromedp.EmulateViewport(320, 256))
	check("320×256")
	tab.Phone()
	check("390×844")
	tab.Script(`for (const r of ['* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important }',
		'p { margin-block-end: 2em !important }'])
		[...document.styleSheets].at(-1).insertRule(r, 0)`)
	check("wider spacing of text")
}

// TestNamesBeginWithWhatIsShown compares the accessible name of each control with its text or its placeholder (WCAG 2.5.3).
func TestNamesBeginWithWhatIsShown(t *testing.T) {
	t.Parallel()
	tab, _ := busy(t)
	tab.Script(`document.querySelector('#rooms-menu').showPopover()`)
	const wrong = `[...document.querySelectorAll('button, a, textarea, input, summary')].filter(e => e.checkVisibility())
		.map(e => [(e.innerText || (e.labels?.length ? '' : e.placeholder) || '').trim(), e.computedName])
		.filter(([shown, name]) => !name.startsWith(shown)).map(pair => pair.join(' / '))`
	look := func(when string) {
		t.Helper()
		if bad := rig.Eval[[]string](tab, wrong); len(bad) > 0 {
			t.Errorf("%s: the name does not begin with what is shown: %q", when, bad)
		}
	}
	look("at rest")
	tab.Script(`document.querySelector('#rooms-menu').hidePopover(); document.querySelector('.more').click()`)
	tab.Until(`!!document.querySelector('.message-actions')`)
	look("with actions")
	if got := rig.Eval[string](tab, `document.querySelector('.more').computedName`); got != "Actions “lunch?”" {
		t.Errorf("the button for the actions is named %q", got)
	}
}

// TestRoomsMenuLeavesTheHeaderInSight checks that on any screen the menu of rooms does not cover the header, and that its
// end is in sight.
func TestRoomsMenuLeavesTheHeaderInSight(t *testing.T) {
	t.Parallel()
	tab, _ := busy(t)
	for name, size := range map[string]func(){
		"desktop": func() {},
		"narrow":  func() { tab.Do(chromedp.EmulateViewport(320, 568)) },
		"phone":   tab.Phone,
		"low":     func() { tab.Do(chromedp.EmulateViewport(640, 320)) },
	} {
		size()
		tab.Script(`document.querySelector('#rooms-menu').showPopover()`)
		tab.Until(`(m => m.top >= document.querySelector('header').getBoundingClientRect().bottom - 1 && m.bottom <= innerHeight && m.right <= innerWidth)
			(document.querySelector('#rooms-menu').getBoundingClientRect())`)
		tab.Script(`document.querySelector('#rooms-menu').hidePopover()`)
		t.Log(name)
	}
}

func TestA26ReducedMotionAndForcedColours(t *testing.T) {
	t.Parallel()
	tab, _ := busy(t)
	media(tab, "prefers-reduced-motion", "reduce")
	// The animation that hides a message at its deadline moves nothing, so it runs with every setting of the user.
	if !rig.Eval[bool](tab, `document.getAnimations().every(a => a.effect.getKeyframes().every(k => k.visibility === 'hidden')) && getComputedStyle(document.querySelector('.left'), '::after').display === 'none' &&
		[...document.querySelectorAll('*')].every(e => getComputedStyle(e).scrollBehavior === 'auto' && parseFloat(getComputedStyle(e).transitionDuration) === 0)`) {
		t.Error("something moves although the user asked for less motion")
	}
	const dots = `getComputedStyle(document.querySelector('.more'), '::before').content.includes('⋯') &&
		document.querySelector('.more').checkVisibility({opacityProperty: true})`
	if !rig.Eval[bool](tab, dots) {
		t.Error("with less motion the user does not see the button for the actions")
	}
	media(tab, "forced-colors", "active")
	for what, js := range map[string]string{
		"the actions":  dots,
		"own messages": `parseFloat(getComputedStyle(document.querySelector('.message-mine')).borderInlineStartWidth) >= 2`,
		"failed":       `getComputedStyle(document.querySelector('.message-failed')).outlineStyle !== 'none'`,
		"the composer's edge": `
			parseFloat(getComputedStyle(document.querySelector('.composer-field')).borderTopWidth) >= 1 &&
			getComputedStyle(document.querySelector('.composer-field')).borderTopColor !==
				getComputedStyle(document.body).backgroundColor &&
			getComputedStyle(document.querySelector('textarea')).borderTopColor === 'rgba(0, 0, 0, 0)'`,
		"what the user writes": `getComputedStyle(document.querySelector('textarea')).color !==
			getComputedStyle(document.body).backgroundColor`,

		"buttons": `[...document.querySelectorAll('button')].filter(b => b.checkVisibility()).every(b =>
			 parseFloat(getComputedStyle(b).borderTopWidth) >= 1)`,
	} {
		if !rig.Eval[bool](tab, js) {
			t.Errorf("in forced colours the user does not see %s", what)
		}
	}
}

// TestATouchedMessageStaysAsItIs: a row that a finger presses must not change under the finger. The actions say when the
// message vanishes.
func TestATouchedMessageStaysAsItIs(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	tab.Phone()
	tab.Do(rig.Type("lunch?"))
	tab.Click("button", "Send") // Enter may begin a line there
	tab.Until(rig.Rows + `.length === 1 && !` + rig.Rows + `[0].matches('.message-waiting')`)
	const height = rig.Rows + `[0].getBoundingClientRect().height`
	before := rig.Eval[float64](tab, height)
	tab.Script(rig.Rows + `[0].focus()`)
	if after := rig.Eval[float64](tab, height); after != before {
		t.Errorf("the row is %g px high once it is pressed, want %g px", after, before)
	}
	tab.Script(rig.Find(rig.RowMore) + `.click()`)
	tab.Until(`/^Sent at \d+:\d\d:\d\d\u00a0[AP]M, vanishes (tomorrow )?at \d+:\d\d:\d\d\u00a0[AP]M$/.test(
		document.querySelector('.message-when')?.innerText)`)
	if after := rig.Eval[float64](tab, height); after != before {
		t.Errorf("with open actions the row is %g px high, want %g px", after, before)
	}
}

// TestPaperHasTheMessages prints a room. The print must have all messages and no buttons.
func TestPaperHasTheMessages(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-rate", "100000/1s")
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	rig.Fill(rig.DialAnd(t, server, wire.DefaultRoom), wire.DefaultRoom, "line", 60, nil)
	tab.Until(rig.Rows + `.length === 60`)
	tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
		return err
	}))
	tab.Until(`matchMedia('print').matches`)
	for name, want := range map[string]string{
		"buttons and fields": `![...document.querySelectorAll('button, textarea, .header, .composer, .skip')].some(e => e.checkVisibility())`,
		"all messages":       `[...` + rig.Rows + `].every(e => e.checkVisibility())`,
		"the page's height":  `document.documentElement.scrollHeight >= [...` + rig.Rows + `].reduce((sum, e) => sum + e.offsetHeight, 0)`,
		"the log's height":   rig.Log + `.scrollHeight <= ` + rig.Log + `.clientHeight + 1`,
	} {
		if !rig.Eval[bool](tab, want) {
			t.Errorf("%s: not as on paper", name)
		}
	}
}
