package chat_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

// onlyFirst is for fill: one message in the place of the first row of a full room lives that long, the others stay.
func onlyFirst(ttl time.Duration) func(i int) time.Duration {
	return func(i int) time.Duration {
		if i == rig.Unmounted {
			return ttl
		}
		return 0
	}
}

// TestFirstRowExpires looks at all that is not the first row of a full room, while that one goes.
func TestFirstRowExpires(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-rate", "100000/1s")
	browser := rig.OpenBrowser(t)
	for _, tt := range []struct {
		name    string
		room    string
		focus   int  // the row that has it
		arrives bool // a message, in the same frame
		end     bool // the log is at its end
		want    int  // the row that has the focus afterwards
	}{
		{"and nothing else happens", "alone", 250, false, false, 250},
		{"as one arrives", "both", 250, true, false, 250},
		{"with the focus", "focus", 0, false, false, 1},
		{"with the focus, as one arrives", "focus-both", 0, true, false, 1},
		{"and the log is at its end", "end", -1, true, true, -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tab := browser.Tab(server.URL + "/r/" + tt.room).Ready()
			r := rig.DialAnd(t, server, tt.room)
			expires := rig.Fill(r, tt.room, "first", rig.Unmounted+rig.Mounted, onlyFirst(10*time.Second))
			tab.Until(rig.Newest("first", rig.Unmounted+rig.Mounted))
			if n := rig.Eval[int](tab, rig.Rows+".length"); n != rig.Mounted {
				t.Fatalf("%d rows are mounted, want %d", n, rig.Mounted)
			}
			tab.Do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`{
				window.log = document.querySelector('[role=log]');
				window.was = [...%s];
				window.read = was[200];
				if (!%t) read.scrollIntoView();
				was[%d]?.focus({preventScroll: true});
				getSelection().selectAllChildren(read.querySelector('.message-text'));
				window.y = read.getBoundingClientRect().top;
			}`, rig.Rows, tt.end, tt.focus)))
			if left := time.Until(expires); left < 0 {
				t.Fatalf("it took %s too long to look: this machine is too slow for this test", -left)
			}
			if tt.arrives { // both come while the page is busy, and are drawn at once
				tab.Do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`setTimeout(() => { while (Date.now() < %d); })`, expires.UnixMilli()+100)))
				rig.Fill(r, tt.room, "arrives", 1, nil)
				tab.Until(rig.Newest("arrives", 1))
			}
			tab.Until(rig.Gone("first", rig.Unmounted+1))
			tab.Until(rig.Rows + `.length === ` + fmt.Sprint(rig.Mounted))
			kept, want := rig.Eval[int](tab, fmt.Sprintf(`[...%s].filter((a, i) => a === was[i + %d]).length`, rig.Rows, map[bool]int{true: 1, false: 0}[tt.arrives])), rig.Mounted-1
			if kept != want {
				t.Errorf("%d rows are the elements they were, in their order, want %d", kept, want)
			}
			if focus := rig.Eval[int](tab, `was.indexOf(document.activeElement)`); focus != tt.want {
				t.Errorf("row %d has the focus, want %d", focus, tt.want)
			}
			if rig.Eval[bool](tab, `document.activeElement === document.body`) {
				t.Error("the focus is lost")
			}
			if got := rig.Eval[string](tab, `getSelection().toString().trim()`); got != rig.FillText("first", rig.Unmounted+201) {
				t.Errorf("selected is %q, want the row that was", got)
			}
			if tt.end {
				if below := rig.Eval[float64](tab, `log.scrollHeight - log.scrollTop - log.clientHeight`); below > 1 {
					t.Errorf("the log is %g px from its end, where it was", below)
				}
			} else if moved := rig.Eval[float64](tab, `read.getBoundingClientRect().top - y`); math.Abs(moved) > 1 {
				t.Errorf("what is being read moved by %g px", moved)
			}
		})
	}
}

// TestManyExpiriesAboveWhatOneReads looks whether small errors add up.
func TestManyExpiriesAboveWhatOneReads(t *testing.T) {
	t.Parallel()
	const n = 60
	server := rig.Serve(t, "-rate", "100000/1s")
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	start := time.Now()
	rig.Fill(r, wire.DefaultRoom, "line", 2*n, func(i int) time.Duration {
		if i >= n {
			return 0
		}
		return 6*time.Second + time.Duration(i)*30*time.Millisecond - time.Since(start)
	})
	tab.Until(rig.Newest("line", 2*n))
	tab.Do(chromedp.Evaluate[chromedp.Void](`window.read = ` + rig.Rows + `[80]; read.scrollIntoView(); window.y = read.getBoundingClientRect().top`))
	if got := rig.Eval[int](tab, rig.Rows+".length"); got != 2*n {
		t.Fatalf("%d of %d rows are left before the first expires: this machine is too slow for this test", got, 2*n)
	}
	tab.Until(rig.Rows + `.length === ` + fmt.Sprint(n))
	if moved := rig.Eval[float64](tab, `read.getBoundingClientRect().top - y`); math.Abs(moved) > 1 {
		t.Errorf("what is being read moved by %g px after %d expiries above it", moved, n)
	}
}

// TestNoGapIsLeft lets a room that filled the screen run empty: what comes then does not scroll.
func TestNoGapIsLeft(t *testing.T) {
	t.Parallel()
	const n = 40
	server := rig.Serve(t, "-rate", "100000/1s")
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	start := time.Now()
	rig.Fill(r, wire.DefaultRoom, "line", n, func(i int) time.Duration {
		return 4*time.Second + time.Duration(i)*20*time.Millisecond - time.Since(start)
	})
	tab.Until(rig.Newest("line", n))
	tab.Until(`document.querySelector('.rows').style.paddingTop > '0px'`) // the first rows go out of sight
	tab.Until(rig.Rows + `.length === 0`)
	rig.Fill(r, wire.DefaultRoom, "new", 1, nil)
	tab.Until(rig.Newest("new", 1))
	if over := rig.Eval[float64](tab, `(l => l.scrollHeight - l.clientHeight)(document.querySelector('[role=log]'))`); over > 0 {
		t.Errorf("a log with one message scrolls by %g px", over)
	}
}

// TestFocusOnTheLastThatExpires goes to the row before, and from the last one there is to the composer.
func TestFocusOnTheLastThatExpires(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	rig.Fill(r, wire.DefaultRoom, "line", 2, func(i int) time.Duration { return []time.Duration{9 * time.Second, 5 * time.Second}[i] })
	tab.Until(rig.Newest("line", 2))
	tab.Do(chromedp.Evaluate[chromedp.Void](`window.was = [...` + rig.Rows + `]; was[1].focus()`))
	tab.Until(rig.Gone("line", 2))
	if !rig.Eval[bool](tab, `document.activeElement === was[0]`) {
		t.Error("the row before the last does not have the focus")
	}
	tab.Until(rig.Gone("line", 1))
	tab.Until(`document.activeElement.tagName === 'TEXTAREA'`)
	tab.Until(`document.querySelector('main').innerText.includes('vanish after')`)
	tab.Say("still here")
	tab.Shows("still here")
}

func TestKeyboardWalk(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	rig.Fill(rig.DialAnd(t, server, wire.DefaultRoom), wire.DefaultRoom, "line", 4, nil)
	tab.Until(rig.Newest("line", 4))
	shift := chromedp.KeyModifiers(chromedp.ModifierShift)
	for i, step := range []struct {
		key  string
		with []chromedp.KeyOption
		want string
	}{
		{kb.Tab, []chromedp.KeyOption{shift}, "log"},
		{kb.ArrowUp, nil, "line 4."},
		{kb.ArrowUp, nil, "line 3."},
		{kb.Home, nil, "line 1."},
		{kb.ArrowUp, nil, "line 1."},
		{kb.ArrowDown, nil, "line 2."},
		{kb.Tab, nil, "composer"}, // no other message is a stop
		{kb.Tab, []chromedp.KeyOption{shift}, "line 2."},
		{kb.Tab, []chromedp.KeyOption{shift}, "button"}, // of the rooms; nor is the log, now that one of its rows is
		{kb.Tab, nil, "line 2."},
		{kb.End, nil, "line 4."},
		{kb.Escape, nil, "composer"},
		{kb.Tab, []chromedp.KeyOption{shift}, "log"},
		{kb.Home, nil, "line 1."},
	} {
		tab.Do(chromedp.KeyEvent(step.key, step.with...))
		const where = `(e => e.querySelector('.message-text')?.innerText && e.matches('article') ? e.querySelector('.message-text').innerText
			: {log: 'log', message: 'composer'}[e.id] ?? e.className)(document.activeElement)`
		if got := rig.Eval[string](tab, where); got != step.want {
			t.Fatalf("after step %d the focus is on %q, want %q", i, got, step.want)
		}
	}
}
