package chat_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/uuid"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

// jumpLabel is JavaScript for the text of the button that leads to the newest message; "" without the button.
var jumpLabel = `(` + jump + `?.innerText ?? '')`

// roomThatScrolls opens a room with 40 messages, in a tab in which a test can scroll right before the page draws.
func roomThatScrolls(t *testing.T, tab *rig.Tab, server *rig.Server, room string) *rig.Raw {
	t.Helper()
	tab.BeforeScripts(`window.WebSocket = class extends WebSocket {
		constructor(...args) {
			super(...args);
			this.addEventListener('message', e => window.heard?.(String(e.data))); // before the page's own listener
		}
	}`)
	tab.Do(chromedp.Navigate(server.URL + "/r/" + room))
	tab.Ready()
	r := rig.DialAnd(t, server, room)
	rig.Fill(r, room, "old", 40, nil)
	tab.Until(rig.Newest("old", 40))
	return r
}

// scrollsAt runs scroll in the same task in which the next frame that contains words arrives and is drawn. Assistive
// technology may scroll like that. Then the page draws before the browser has sent it the scroll event. The variable left
// in the page is afterwards the list's distance from its end.
func scrollsAt(tab *rig.Tab, words, scroll string) {
	// If the page has drawn for drawTime since the browser's last frame, it delays its next draw until the next frame (see
	// app/painter.go). After two frames no draw is delayed: the page draws the message in the task in which it arrives.
	rig.Eval[bool](tab, `new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {
		const log = `+rig.Log+`;
		window.heard = data => {
			if (!data.includes('`+words+`')) return;
			window.heard = null;
			`+scroll+`;
			window.left = `+belowSight+`;
		};
		done(true);
	})))`)
}

// TestScrollRightBeforeADrawWins: the user scrolls up right before a message is drawn. The message must not move the
// list, and counts as unread.
func TestScrollRightBeforeADrawWins(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-rate", "100000/1s")
	for _, tt := range []struct{ name, room, scroll string }{
		{"to the top", "top", `log.scrollTop = 0`},
		{"by a screen", "screen", `log.scrollBy(0, -log.clientHeight)`},
		{"by a line", "line", `log.scrollTop -= 30`},
		{"by two pixels", "pixels", `log.scrollTop -= 2`},
		{"to a row", "row", `log.querySelector('article').scrollIntoView()`},
		{"to the focus", "focus", `log.querySelector('article').focus()`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tab := rig.OpenBrowser(t).Tab("")
			r := roomThatScrolls(t, tab, server, tt.room)
			scrollsAt(tab, rig.FillText("new", 1), tt.scroll)
			rig.Fill(r, tt.room, "new", 1, nil)
			tab.Until(rig.Newest("new", 1))
			rig.Fill(r, tt.room, "more", 1, nil)
			tab.Until(rig.Newest("more", 1))
			if left, is := rig.Eval[float64](tab, `left`), rig.Eval[float64](tab, belowSight); is <= left {
				t.Fatalf("the list is %g px from its end, where the user left it at %g before more came", is, left)
			}
			tab.Until(jumpLabel + ` === '2 new messages'`)
		})
	}
}

// TestScrollRightBeforeADrawShowsTheButton: the server accepts the user's own message, and the user scrolls up right before
// the page draws that change. No other message comes, but the button "Jump to latest" must appear.
func TestScrollRightBeforeADrawShowsTheButton(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-rate", "100000/1s")
	tab := rig.OpenBrowser(t).Tab("")
	roomThatScrolls(t, tab, server, wire.DefaultRoom)
	scrollsAt(tab, `"accepted"`, `log.scrollTop = 0`)
	tab.Say("mine")
	tab.Until(`window.left > 0 && ` + jumpLabel + ` === 'Jump to latest'`)
}

// chatter posts 20 messages a second to the room of a tab with countsPosted until stop is called. If the page is too slow,
// chatter waits: otherwise the page would have ever more to draw, and would join the room again.
func chatter(t *testing.T, tab *rig.Tab, server *rig.Server, room string) (stop func()) {
	const ahead = 20 // so many messages the page may lack
	r := rig.DialAnd(t, server, room)
	before := rig.Eval[int](tab, `posted`)
	over, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(time.Second / 20)
		defer tick.Stop()
		for i := 1; ; {
			select {
			case <-over:
				return
			case <-tick.C:
			}
			got, err := chromedp.Run(tab.Ctx, chromedp.Evaluate[int](`posted`))
			if err != nil {
				t.Errorf("ask the page what it has got: %v", err)
				return
			}
			if i-(got-before) > ahead {
				continue
			}
			if err := r.TrySend(wire.Post{ID: uuid.NewString(), Room: room, Text: rig.FillText("talk", i)}); err != nil {
				t.Errorf("post: %v", err)
				return
			}
			rig.Next[wire.Accepted](r)
			i++
		}
	}()
	return func() {
		close(over)
		<-ended
	}
}

// countsPosted counts the messages that the page gets, in posted, before the page does anything with them.
const countsPosted = `window.posted = 0; window.joined = 0; window.WebSocket = class extends WebSocket {
	constructor(...args) {
		super(...args);
		this.addEventListener('message', e => {
			posted += String(e.data).split('"type":"posted"').length - 1;
			joined += String(e.data).split('"type":"joined"').length - 1;
		});
	}
}`

// hear waits until the page has got at least n more messages, and has had two frames to draw them.
func hear(tab *rig.Tab, n int) {
	rig.Eval[bool](tab, fmt.Sprintf(`new Promise(done => {
		const enough = posted + %d;
		const look = () => posted < enough ? requestAnimationFrame(look) : requestAnimationFrame(() => requestAnimationFrame(() => done(true)));
		look();
	})`, n))
}

// wheel turns the mouse wheel by dy CSS pixels, with the pointer above the middle of the list. A positive dy scrolls
// down.
func wheel(dy float64) chromedp.Action[chromedp.Void] {
	type event struct { // cdproto leaves out a deltaX of 0, which Chromium insists on
		Type   input.DispatchMouseEventType `json:"type"`
		X      float64                      `json:"x"`
		Y      float64                      `json:"y"`
		DeltaX float64                      `json:"deltaX"`
		DeltaY float64                      `json:"deltaY"`
	}
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, cdp.Command[event, cdp.Empty]{Method: input.CommandDispatchMouseEvent},
			event{Type: input.DispatchMouseEventTypeMouseWheel, X: 640, Y: 300, DeltaY: dy})
		return err
	})
}

// TestStaysAtTheEndWhateverMakesTheLogLower makes the log lower in several ways. A list at its end must stay there, and a
// list that the user has scrolled up must not move.
func TestStaysAtTheEndWhateverMakesTheLogLower(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-rate", "1000/1s")
	rig.Fill(rig.DialAnd(t, server, wire.DefaultRoom), wire.DefaultRoom, "line", 40, nil)
	paste := func(set string) func(*rig.Tab) {
		return func(tab *rig.Tab) {
			tab.Script(`{ const data = new DataTransfer(); ` + set + `
				` + rig.Composer + `.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true})); }`)
		}
	}
	for _, tt := range []struct {
		name  string
		lower func(tab *rig.Tab)
	}{
		{"seven line breaks", func(tab *rig.Tab) {
			for range 7 {
				tab.Do(rig.Enter(chromedp.ModifierShift))
			}
		}},
		{"eight lines at once", func(tab *rig.Tab) { tab.Script(`document.execCommand('insertText', false, '1\n2\n3\n4\n5\n6\n7\n8')`) }},
		{"a sentence about a file", paste(`data.items.add(new File(['x'], 'x.png', {type: 'image/png'}));`)},
		{"a lower window", func(tab *rig.Tab) { tab.Do(chromedp.EmulateViewport(1280, 500)) }},
		{"a narrower window", func(tab *rig.Tab) { tab.Do(chromedp.EmulateViewport(320, 500)) }},
		{"larger letters", func(tab *rig.Tab) { tab.Script(`document.documentElement.style.fontSize = '150%'`) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, up := range []bool{false, true} {
				tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
				tab.Until(rig.Newest("line", 40) + ` && ` + belowSight + ` < 2`)
				want := belowSight + ` < 2`
				if up {
					tab.Script(rig.Log + `.scrollTop = 40`)
					tab.Until("!!" + jump)
					want = rig.Log + `.scrollTop === 40`
				}
				tab.Script(`window.height = ` + rig.Log + `.clientHeight`)
				tt.lower(tab)
				tab.Until(rig.Log + `.clientHeight < height && new Promise(done =>
					requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(true)))))`)
				if !rig.Eval[bool](tab, want) || rig.Eval[bool](tab, "!!"+jump) != up {
					t.Errorf("scrolled up: %t: the list stands at %g, %g below sight", up,
						rig.Eval[float64](tab, rig.Log+`.scrollTop`), rig.Eval[float64](tab, belowSight))
				}
			}
		})
	}
}

// TestNeverPulledDown scrolls up, slowly, while 20 messages a second come. A script takes the place of a scroll bar,
// which a headless browser hides, and of assistive technology: the page only notices that the list has moved.
func TestNeverPulledDown(t *testing.T) {
	t.Parallel()
	// A busy machine takes long to scroll: no message may leave the room meanwhile.
	server := rig.Serve(t, "-rate", "100000/1s", "-room-messages", "100000", "-ttl", "1h")
	const steps, tries = 12, 10
	script := func(tab *rig.Tab, js string) {
		tab.Script(`{ const log = ` + rig.Log + `; ` + js + ` }`)
	}
	for _, tt := range []struct {
		name string
		up   func(tab *rig.Tab, step func())
	}{
		{"wheel", func(tab *rig.Tab, step func()) {
			for range steps {
				tab.Do(wheel(-10))
				step()
			}
		}},
		{"keys", func(tab *rig.Tab, step func()) {
			script(tab, `log.focus()`)
			tab.Press(kb.PageUp)
			step()
			tab.Press(kb.PageUp)
			step()
		}},
		{"rows", func(tab *rig.Tab, step func()) {
			script(tab, `log.focus()`)
			for n := 0; n < 60 && rig.Eval[string](tab, jumpLabel) == ""; n++ { // past the first row in sight
				tab.Press(kb.ArrowUp)
				step()
			}
			for range steps {
				tab.Press(kb.ArrowUp)
				step()
			}
		}},
		{"touch", func(tab *rig.Tab, step func()) {
			finger := &input.TouchPoint{X: 640, Y: 300}
			tab.Do(rig.Touch(input.DispatchTouchEventTypeTouchStart, finger))
			for range 3 * steps {
				finger.Y += 5
				tab.Do(rig.Touch(input.DispatchTouchEventTypeTouchMove, finger))
				step()
			}
			tab.Do(rig.Touch(input.DispatchTouchEventTypeTouchEnd))
		}},
		{"script", func(tab *rig.Tab, step func()) {
			for range steps {
				script(tab, `log.scrollTop -= 5`)
				step()
			}
		}},
		{"smooth-script", func(tab *rig.Tab, step func()) {
			// If a message comes right after a smooth scroll has begun at the end of the list, the message ends the scroll,
			// because the page learns of the scroll only with the next frame. So this user leaves the end in one step, and
			// then scrolls on smoothly.
			script(tab, `log.scrollTop -= 5`)
			step()
			for range 3 * steps {
				script(tab, `log.scrollBy({top: -40, behavior: 'smooth'})`)
				step()
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for n := range tries {
				if neverPulledDown(t, server, fmt.Sprintf("%s-%d", tt.name, n), tt.name == "touch", tt.up) {
					return
				}
				t.Log("the page had to join the room again, and has other messages now: once more")
			}
			t.Errorf("the page had to join the room again each of %d times", tries)
		})
	}
}

// TestFocusKeepsItsRow moves the focus to a row in sight, without a scroll. Then more messages come than the list may have
// rows. The row must keep the focus and its place on the screen. Once the focus leaves the rows, the list must follow its
// newest message again.
func TestFocusKeepsItsRow(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-rate", "100000/1s", "-room-messages", "100000", "-ttl", "1h")
	tab := rig.OpenBrowser(t).Tab("")
	tab.BeforeScripts(countsPosted)
	tab.Do(chromedp.Navigate(server.URL))
	tab.Ready()
	sent := 0
	fill := func(name string, n int) { // by another guest each time, who need not read what the others post
		rig.Fill(rig.DialAnd(t, server, wire.DefaultRoom), wire.DefaultRoom, name, n, nil)
		sent += n
		tab.Until(fmt.Sprintf(`posted >= %d`, sent))
	}
	fillMore := func(name string) { // more messages than may have rows, in parts that a slow page can read
		for range 3 {
			fill(name, 150)
		}
		hear(tab, 0)
	}
	fill("old", 60)
	tab.Until(rig.Newest("old", 60))
	tab.Script(rig.Log + `.focus()`)
	for range 4 {
		tab.Press(kb.ArrowUp)
	}
	const focused = `document.activeElement.querySelector('` + rig.RowText + `')?.textContent`
	tab.Until(focused + ` === 'old 57.'`)
	top := rig.Eval[float64](tab, `document.activeElement.getBoundingClientRect().top`)
	fillMore("new")
	if got := rig.Eval[string](tab, focused); got != "old 57." {
		t.Errorf("the focus went to the row %q", got)
	}
	if got := rig.Eval[float64](tab, `document.activeElement.getBoundingClientRect().top`); got != top {
		t.Errorf("the row that has the focus was at %g px, and is at %g px", top, got)
	}
	for range 30 { // beyond the rows in sight, where older rows must be mounted
		tab.Press(kb.ArrowUp)
	}
	tab.Until(focused + ` === 'old 27.'`)
	tab.Script(`document.querySelector('` + rig.Jump + `').click()`)
	tab.Until(rig.Newest("new", 150))

	// Without a scroll the list follows its newest message again, as soon as the focus leaves the rows.
	tab.Script(rig.Log + `.focus()`)
	tab.Press(kb.ArrowUp)
	tab.Until(focused + ` === 'new 150.'`)
	fillMore("newer")
	tab.Press(kb.Escape)
	fill("last", 1)
	tab.Until(rig.Newest("last", 1))
}

// neverPulledDown scrolls a new tab by up, which calls step after each piece of its way, and checks that nothing but up
// moves the list. It returns false if the page had to join again, as a page does that reads more slowly than the messages
// come: it then has the newest messages only.
func neverPulledDown(t *testing.T, server *rig.Server, room string, byTouch bool, up func(*rig.Tab, func())) (judged bool) {
	tab := rig.OpenBrowser(t).Tab("")
	tab.BeforeScripts(countsPosted)
	tab.Do(chromedp.Navigate(server.URL + "/r/" + room))
	tab.Ready()
	if byTouch {
		tab.Do(chromedp.EmulateViewport(1280, 800, chromedp.EmulateTouch))
	}
	r := rig.DialAnd(t, server, room)
	rig.Fill(r, room, "old", 40, nil)
	tab.Until(rig.Newest("old", 40))
	stop := chatter(t, tab, server, room)
	defer stop()
	hear(tab, 2)
	// The row in the middle shows whether the list has moved: scrollTop also changes when older rows are mounted
	// above.
	tab.Script(`{
		const log = ` + rig.Log + `;
		let row, at, up = false;
		window.pulled = [];
		const look = () => {
			if (row && !row.isConnected) {
				if (up) pulled.push(1e9);
			} else if (row) {
				const top = row.getBoundingClientRect().top;
				if (up && top < at - 1) pulled.push(at - top);
				up ||= top > at + 1;
			}
			row = document.elementFromPoint(640, 300)?.closest('article');
			at = row?.getBoundingClientRect().top;
		};
		log.addEventListener('scroll', look);
		const each = () => { look(); requestAnimationFrame(each); };
		each();
	}`)
	up(tab, func() { hear(tab, 1) })
	hear(tab, 20)
	if rig.Eval[int](tab, `joined`) > 1 {
		return false
	}
	if pulled := rig.Eval[[]float64](tab, `pulled`); len(pulled) > 0 {
		t.Errorf("the list went down by itself %d times, by %.0f px", len(pulled), pulled)
	}
	if words := rig.Eval[string](tab, jumpLabel); !strings.HasSuffix(words, " new messages") {
		t.Fatalf("the button of a list that was scrolled up is %q", words)
	}
	// Not chromedp.Click: on a busy machine it comes to no end while messages change the document all the time.
	tab.Script(`document.querySelector('` + rig.Jump + `').click()`)
	tab.Until(`!` + jumpLabel)
	follows(t, tab)
	return true
}

// follows fails unless the browser paints the list at its end each time while messages come. The page scrolls the list when
// the browser has laid out the rows, and before it paints them. An observer that begins later than the page's own sees that.
func follows(t *testing.T, tab *rig.Tab) {
	t.Helper()
	tab.Script(`{
		window.off = 0;
		window.laidOut = 0;
		new ResizeObserver(() => {
			laidOut++;
			off = Math.max(off, ` + belowSight + `);
		}).observe(` + rig.Log + `.firstElementChild);
	}`)
	hear(tab, 20)
	tab.Until(`laidOut > 1`) // the observer's first call is for the rows as they were
	if off := rig.Eval[float64](tab, `off`); math.Abs(off) > 1 {
		t.Errorf("a list at its end was %g px from there as messages came", off)
	}
	if words := rig.Eval[string](tab, jumpLabel); words != "" {
		t.Errorf("a list at its end has the button %q", words)
	}
}
