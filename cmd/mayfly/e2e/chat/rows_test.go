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

// onlyFirst returns a function for rig.Fill: the message in the first row of the full room lives for ttl, the other
// messages stay.
func onlyFirst(ttl time.Duration) func(i int) time.Duration {
	return func(i int) time.Duration {
		if i == rig.Unmounted {
			return ttl
		}
		return 0
	}
}

// TestFirstRowExpires looks at everything but the first row of a full room while that row is removed.
func TestFirstRowExpires(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-rate", "100000/1s")
	for _, tt := range []struct {
		name    string
		room    string
		focus   int  // the index of the row that has the focus
		arrives bool // a message arrives in the same frame
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
			browser := rig.OpenBrowser(t)
			rig.InTime(t, 10*time.Second, func(life time.Duration) bool {
				room := fmt.Sprintf("%s-%d", tt.room, life/time.Second)
				tab := browser.Tab(server.URL + "/r/" + room).Ready()
				r := rig.DialAnd(t, server, room)
				expires := rig.Fill(r, room, "first", rig.Unmounted+rig.Mounted, onlyFirst(life))
				tab.Until(rig.Newest("first", rig.Unmounted+rig.Mounted))
				if n := rig.Eval[int](tab, rig.Rows+".length"); n != rig.Mounted {
					t.Fatalf("%d rows are mounted, want %d", n, rig.Mounted)
				}
				tab.Script(fmt.Sprintf(`{
					window.log = %s;
					window.was = [...%s];
					window.read = was[200];
					if (!%t) read.scrollIntoView();
					was[%d]?.focus({preventScroll: true});
					getSelection().selectAllChildren(read.querySelector(%q));
					window.y = read.getBoundingClientRect().top;
					window.first = was[0].querySelector(%[5]q).textContent;
					window.took = document.activeElement === was[%[4]d]; // an expired row takes no focus
				}`, rig.Log, rig.Rows, tt.end, tt.focus, rig.RowText))
				if rig.Eval[string](tab, `first`) != rig.FillText("first", rig.Unmounted+1) ||
					tt.focus >= 0 && !rig.Eval[bool](tab, `took`) {
					return false
				}
				tab.AgeUntil(expires)
				if tt.arrives { // the expiry and the message come while the page is busy, and are drawn together
					tab.Script(fmt.Sprintf(`setTimeout(() => { while (Date.now() < %d); })`, expires.UnixMilli()+100))
					rig.Fill(r, room, "arrives", 1, nil)
					tab.Until(rig.Newest("arrives", 1))
				}
				tab.Until(rig.Gone("first", rig.Unmounted+1))
				tab.Until(rig.Rows + `.length === ` + fmt.Sprint(rig.Mounted))
				shift := map[bool]int{true: 1, false: 0}[tt.arrives]
				kept := rig.Eval[int](tab, fmt.Sprintf(`[...%s].filter((a, i) => a === was[i + %d]).length`, rig.Rows, shift))
				if kept != rig.Mounted-1 {
					t.Errorf("%d rows are the elements they were, in their order, want %d", kept, rig.Mounted-1)
				}
				if focus := rig.Eval[int](tab, `was.indexOf(document.activeElement)`); focus != tt.want {
					t.Errorf("row %d has the focus, want %d", focus, tt.want)
				}
				if rig.Eval[bool](tab, `document.activeElement === document.body`) {
					t.Errorf("the focus is lost")
				}
				if got := rig.Eval[string](tab, `getSelection().toString().trim()`); got != rig.FillText("first", rig.Unmounted+201) {
					t.Errorf("selected is %q, want the row that was", got)
				}
				if tt.end {
					tab.Until(belowSight + ` <= 1`)
				} else if moved := rig.Eval[float64](tab, `read.getBoundingClientRect().top - y`); math.Abs(moved) > 1 {
					t.Errorf("what is being read moved by %g px", moved)
				}
				return true
			})
		})
	}
}

// TestNewestComesIntoSight: a message comes into a room that has more messages than rows. It takes the place of the first
// row, and all rows together are as high as before.
func TestNewestComesIntoSight(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-rate", "100000/1s")
	tab := rig.OpenBrowser(t).Tab(server.URL + "/r/many").Ready()
	r := rig.DialAnd(t, server, "many")
	rig.Fill(r, "many", "first", rig.Mounted+5, nil)
	tab.Until(rig.Newest("first", rig.Mounted+5) + ` && ` + belowSight + ` <= 1`)
	for n := range 5 {
		text := fmt.Sprintf("next-%d", n)
		rig.Fill(r, "many", text, 1, nil)
		tab.Until(fmt.Sprintf(`%s && %s.length === %d && %s <= 1`, rig.Newest(text, 1), rig.Rows, rig.Mounted, belowSight))
	}
}

// holdsClient is a script that holds back what makes the client run, its timers and the server's frames, while clientHeld is
// true. letClientRun lets all that happen.
const holdsClient = `{
	const held = [], hold = run => window.clientHeld ? held.push(run) : run();
	const { setTimeout, WebSocket } = window;
	window.setTimeout = (run, ...rest) => setTimeout(String(run).includes('_resume()') ? () => hold(run) : run, ...rest);
	window.WebSocket = class extends WebSocket {
		set onmessage(hear) { super.onmessage = event => hold(() => hear(event)); }
	};
	window.letClientRun = () => {
		clientHeld = false;
		held.forEach(run => run());
	};
}`

// TestRowRemovedLate removes an expired row after the browser has made it invisible, and has so taken the focus from it.
func TestRowRemovedLate(t *testing.T) {
	t.Parallel()
	const gone, stays = "gone 1.", "stays 1."
	server := rig.Serve(t)
	for i, tt := range []struct {
		name  string
		does  func(tab *rig.Tab) // what the user does while the row has the focus
		onRow bool               // the focus is on the row that stays afterwards
	}{
		{"with the focus", func(*rig.Tab) {}, true},
		{"with the focus on one of its buttons", func(tab *rig.Tab) {
			tab.Do(rig.Enter())
			tab.Until(`document.activeElement.matches('button')`)
		}, true},
		{"when the user has taken the focus from it", func(tab *rig.Tab) {
			tab.Script(`document.activeElement.blur()`)
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			browser := rig.OpenBrowser(t)
			rig.InTime(t, 10*time.Second, func(life time.Duration) bool {
				room := fmt.Sprintf("late-%d-%d", i, life/time.Second)
				tab := browser.Tab("")
				tab.BeforeScripts(holdsClient)
				tab.Do(chromedp.Navigate(server.URL + "/r/" + room))
				r := rig.DialAnd(t, server, room)
				expires := rig.Fill(r, room, "gone", 1, func(int) time.Duration { return life })
				rig.Fill(r, room, "stays", 1, nil)
				tab.Ready()
				tab.Shows(stays)
				if !tab.Before(expires.Add(-time.Second), `!!`+rig.Row(gone)) {
					return false
				}
				tab.Script(`window.goes = ` + rig.Row(gone) + `; goes.focus()`)
				tt.does(tab)
				if !rig.Eval[bool](tab, fmt.Sprintf(`window.clientHeld = Date.now() < %d`, expires.UnixMilli())) {
					return false
				}
				// The loss of the focus may make the client run, and remove the row.
				tab.Until(`!goes.isConnected ||
					getComputedStyle(goes).visibility === 'hidden' && document.activeElement === document.body`)
				tab.Script(`letClientRun()`)
				tab.Until(`!goes.isConnected`)
				if got := rig.Eval[bool](tab, `document.activeElement === `+rig.Row(stays)); got != tt.onRow {
					t.Errorf("the row that stays has the focus: %t, want %t", got, tt.onRow)
				}
				return true
			})
		})
	}
}

// TestManyExpiriesAboveWhatOneReads checks that the small errors of many expiries above the text in sight do not add up.
func TestManyExpiriesAboveWhatOneReads(t *testing.T) {
	t.Parallel()
	const n = 60
	server := rig.Serve(t, "-rate", "100000/1s")
	browser := rig.OpenBrowser(t)
	rig.InTime(t, 3*time.Second, func(life time.Duration) bool {
		tab := shortLived(t, browser, server, func(i int) time.Duration {
			if i >= n {
				return 0
			}
			return life + time.Duration(i)*30*time.Millisecond
		}, 2*n)
		tab.Script(`window.read = was[80]; read?.scrollIntoView(); window.y = read?.getBoundingClientRect().top`)
		if !rig.Eval[bool](tab, fmt.Sprintf(`was.length === %d && was[0].isConnected`, 2*n)) {
			return false
		}
		tab.Until(rig.Rows + `.length === ` + fmt.Sprint(n))
		if moved := rig.Eval[float64](tab, `read.getBoundingClientRect().top - y`); math.Abs(moved) > 1 {
			t.Errorf("what is being read moved by %g px after %d expiries above it", moved, n)
		}
		return true
	})
}

// TestNoGapIsLeft lets all messages of a room that filled the screen expire. Messages that come then must not make the
// list scroll.
func TestNoGapIsLeft(t *testing.T) {
	t.Parallel()
	const n = 40
	server := rig.Serve(t, "-rate", "100000/1s")
	browser := rig.OpenBrowser(t)
	rig.InTime(t, 2*time.Second, func(life time.Duration) bool {
		tab := browser.Tab(server.URL).Ready()
		tab.Script(`window.gap = false;
			new MutationObserver(() => gap ||= document.querySelector('.rows').style.paddingTop > '0px')
			.observe(` + rig.Log + `, {subtree: true, attributes: true})`)
		r := rig.DialAnd(t, server, wire.DefaultRoom)
		expires := rig.Fill(r, wire.DefaultRoom, "line", n, func(i int) time.Duration {
			return life + life*time.Duration(i)/100
		})
		if !tab.Before(expires, rig.Newest("line", n)) {
			return false
		}
		tab.Until(rig.Rows + `.length === 0`)
		if !rig.Eval[bool](tab, `gap`) { // all rows were removed at once, so none was out of sight before the others
			return false
		}
		rig.Fill(r, wire.DefaultRoom, "new", 1, nil)
		tab.Until(rig.Newest("new", 1))
		if over := rig.Eval[float64](tab, `(l => l.scrollHeight - l.clientHeight)(`+rig.Log+`)`); over > 0 {
			t.Errorf("a log with one message scrolls by %g px", over)
		}
		return true
	})
}

// TestFocusOnTheLastThatExpires lets the last row expire while it has the focus. The focus must move to the row before
// it, or to the composer if there is no row.
func TestFocusOnTheLastThatExpires(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	browser := rig.OpenBrowser(t)
	rig.InTime(t, 2*time.Second, func(life time.Duration) bool {
		tab := shortLived(t, browser, server, lives(2*life, life), 2)
		tab.Script(`was[1]?.focus(); new MutationObserver(() => {
			if ('then' in window || was[1].isConnected) return;
			window.then = {there: was[0].isConnected, focus: document.activeElement === was[0]};
		}).observe(` + rig.Log + `, {subtree: true, childList: true})`)
		if !rig.Eval[bool](tab, `was.length === 2 && document.activeElement === was[1]`) {
			return false
		}
		tab.Until(`'then' in window`)
		if !rig.Eval[bool](tab, `then.there`) { // both rows were removed at once
			return false
		}
		if !rig.Eval[bool](tab, `then.focus`) {
			t.Error("the row before the last does not have the focus")
		}
		tab.Until(rig.Gone("line", 1))
		tab.Until(`document.activeElement === ` + rig.Composer)
		tab.Until(rig.ByRole("main", "") + `.innerText.includes('vanish after')`)
		tab.Say("still here")
		tab.Shows("still here")
		return true
	})
}

func TestKeyboardWalk(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	r := rig.DialAnd(t, server, wire.DefaultRoom) // before the tab, so that the number of people does not change
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	rig.Fill(r, wire.DefaultRoom, "line", 4, nil)
	tab.Until(rig.Newest("line", 4))
	const where = `(e => e.matches('article') ? e.querySelector('` + rig.RowText + `').innerText
		: e === ` + rig.Log + ` ? 'log' : e === ` + rig.Composer + ` ? 'composer'
		: e.computedRole + ' ' + e.computedName)(document.activeElement)`
	for i, step := range []struct {
		key  string
		with []chromedp.KeyOption
		want string
	}{
		{kb.Tab, []chromedp.KeyOption{rig.Shift}, "log"},
		{kb.ArrowUp, nil, "line 4."},
		{kb.ArrowUp, nil, "line 3."},
		{kb.Home, nil, "line 1."},
		{kb.ArrowUp, nil, "line 1."},
		{kb.ArrowDown, nil, "line 2."},
		{kb.Tab, nil, "composer"}, // the Tab key stops at no other message
		{kb.Tab, []chromedp.KeyOption{rig.Shift}, "line 2."},
		// it does not stop at the log either, because it stops at one of its rows
		{kb.Tab, []chromedp.KeyOption{rig.Shift}, "button Open"},
		{kb.Tab, []chromedp.KeyOption{rig.Shift}, "textbox Open a room"},
		{kb.Tab, []chromedp.KeyOption{rig.Shift}, "button Actions for #lobby"},
		{kb.Tab, []chromedp.KeyOption{rig.Shift}, "link #lobby. Messages vanish after 5 minutes"},
		{kb.Tab, []chromedp.KeyOption{rig.Shift}, "button Settings"},
		{kb.Tab, []chromedp.KeyOption{rig.Shift}, "button Help"},
		{kb.Tab, []chromedp.KeyOption{rig.Shift}, "button Invite"},
		{kb.Tab, []chromedp.KeyOption{rig.Shift}, "button Go to"},
		{kb.Tab, []chromedp.KeyOption{rig.Shift}, "link Mayfly"},
		{kb.Tab, []chromedp.KeyOption{rig.Shift}, "button 2 people"},
		{kb.Tab, nil, "link Mayfly"},
		{kb.Tab, nil, "button Go to"},
		{kb.Tab, nil, "button Invite"},
		{kb.Tab, nil, "button Help"},
		{kb.Tab, nil, "button Settings"},
		{kb.Tab, nil, "link #lobby. Messages vanish after 5 minutes"},
		{kb.Tab, nil, "button Actions for #lobby"},
		{kb.Tab, nil, "textbox Open a room"},
		{kb.Tab, nil, "button Open"},
		{kb.Tab, nil, "line 2."},
		{kb.End, nil, "line 4."},
		{kb.Escape, nil, "composer"},
		{kb.Tab, []chromedp.KeyOption{rig.Shift}, "log"},
		{kb.Home, nil, "line 1."},
	} {
		tab.Press(step.key, step.with...)
		if got := rig.Eval[string](tab, where); got != step.want {
			t.Fatalf("after step %d the focus is on %q, want %q", i, got, step.want)
		}
	}
}
