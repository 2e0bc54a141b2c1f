package chat_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

// watchShifts notes each layout shift that the user has not caused: its value, and the elements that have moved.
const watchShifts = `window.shifts = [];
	new PerformanceObserver(list => {
		for (const shift of list.getEntries()) if (!shift.hadRecentInput) {
			const box = r => [r.x, r.y, r.width, r.height].map(Math.round).join(' ');
			const moved = s => (s.node?.localName ?? s.node) + ' ' + (s.node?.className ?? s.node?.data) +
				' from ' + box(s.previousRect) + ' to ' + box(s.currentRect);
			shifts.push(shift.value.toFixed(4) + ' at ' + Math.round(shift.startTime) + ' ms: ' +
				shift.sources.map(moved).join(', '));
		}
	}).observe({type: 'layout-shift', buffered: true});`

// painted is a promise that is kept when the browser has painted what the page has drawn, and the observer of watchShifts
// has been told of it.
const painted = `new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(true)))))`

// TestNothingMoves opens a room for the first time, with messages, and an empty one. Until the page has the messages, the
// people, the counts of other rooms and a bar, nothing that the user already sees may move.
func TestNothingMoves(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		serve func(testing.TB, ...string) *rig.Server
		look  func(tab *rig.Tab)
	}{
		"desktop":              {rig.Serve, func(*rig.Tab) {}},
		"phone":                {rig.Serve, (*rig.Tab).Phone},
		"desktop with sign-in": {rig.Dev, func(*rig.Tab) {}},
		"phone with sign-in":   {rig.Dev, (*rig.Tab).Phone},
	} {
		server := tt.serve(t, "-rate", "100000/1s")
		r := rig.DialAnd(t, server, wire.DefaultRoom)
		rig.Fill(r, wire.DefaultRoom, "before", 30, nil)
		tab := rig.OpenBrowser(t).Tab("")
		tt.look(tab)
		tab.BeforeScripts(watchShifts)
		still := func(what string) {
			t.Helper()
			rig.Eval[bool](tab, painted)
			if moved := rig.Eval[[]string](tab, `shifts`); len(moved) > 0 {
				t.Errorf("%s, %s: %q", name, what, moved)
			}
			tab.Script(`shifts.length = 0`)
		}
		tab.Do(chromedp.Navigate(server.URL + "/r/empty"))
		tab.Until(`document.querySelector('.empty-title')?.checkVisibility({visibilityProperty: true}) && !!` + count)
		still("an empty room")
		tab.Do(chromedp.Navigate(server.URL + "/r/" + wire.DefaultRoom))
		tab.Until(rig.Rows + `.length === 30 && !!` + count + ` && !!document.querySelector('#welcome')`)
		still("a room with messages")
	}
}
