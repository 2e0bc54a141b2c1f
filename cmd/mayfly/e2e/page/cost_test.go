package page_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/google/uuid"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

// TestCostOfOneMessage measures, in a DevTools trace, what the main thread does for one message that comes and for one
// first row that expires, and for a hundred of them in one second, with every row mounted that may be. It prints the
// figures; it fails where they are ten times what they should be.
func TestCostOfOneMessage(t *testing.T) {
	const (
		times  = 100
		pace   = 100 * time.Millisecond
		before = 8 * time.Second // for the room to fill, until the first row expires
	)
	server := rig.Serve(t, "-rate", "100000/1s")
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	r := rig.DialAnd(t, server, wire.DefaultRoom)

	start := time.Now()
	burst := before + times*pace + 3*time.Second // when a hundred go in one second
	expiring := func(i int) time.Duration {
		switch {
		case i < unmounted:
			return 0
		case i < unmounted+times:
			return before + time.Duration(i-unmounted)*pace - time.Since(start)
		case i < unmounted+2*times:
			return burst + time.Duration(i-unmounted-times)*time.Second/times - time.Since(start)
		}
		return 0
	}
	fill(r, wire.DefaultRoom, "first", unmounted+mounted, expiring)
	tab.Until(newest("first", unmounted+mounted))
	tab.Do(watch)

	changes := func() int { return rig.Eval[int](tab, "changes") }
	stop := tab.Trace()
	out := changes()
	tab.Until(fmt.Sprintf(`document.querySelector('[role=log] .message-text').textContent === %q`, text("first", 1))) // cheap to ask
	outOver := changes()
	tab.Do(mark("burst"))
	tab.Until(fmt.Sprintf("%s.length === %d", rows, mounted-times))
	tab.Do(mark("burst over"))
	fill(r, wire.DefaultRoom, "again", 2*times, nil)
	tab.Until(newest("again", 2*times))
	in := changes()
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for range times {
		<-tick.C
		fill(r, wire.DefaultRoom, "in", 1, nil)
	}
	fill(r, wire.DefaultRoom, "the end", 1, nil)
	tab.Until(newest("the end", 1))
	inOver := changes()
	trace := stop()

	log := func(what string, from, to int) {
		t.Helper()
		var cost []time.Duration
		for i := from + 1; i < to; i++ {
			busy, _ := trace.Between(fmt.Sprint("change ", i), fmt.Sprint("change ", i+1))
			cost = append(cost, busy)
		}
		if len(cost) < times/4 {
			t.Errorf("%s: seen %d times of %d", what, len(cost), times)
			return
		}
		slices.Sort(cost)
		if got := cost[len(cost)*95/100]; got > 150*time.Millisecond {
			t.Errorf("%s costs the main thread %s: is every row drawn anew?", what, got)
		}
		t.Logf("%s, %d times: median %s, 95th percentile %s, worst %s", what, len(cost),
			cost[len(cost)/2], cost[len(cost)*95/100], cost[len(cost)-1])
	}
	log("a first row out", out, outOver)
	log("a message in", in, inOver)
	busy, longest := trace.Between("burst", "burst over")
	t.Logf("%d first rows out in a second: busy for %s, the longest task takes %s", times, busy, longest)
}

// TestTypingWhileMessagesArrive types while 20 messages a second come into a full room. The browser itself says how long it
// took from each key to the frame that shows it (Event Timing, which counts in steps of 8 ms and from 16 ms on).
func TestTypingWhileMessagesArrive(t *testing.T) {
	const (
		keys  = 200
		pace  = 50 * time.Millisecond
		frame = 16 // ms; what takes no longer is shown within a frame
	)
	server := rig.Serve(t, "-rate", "100000/1s", "-ttl", "1m")
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	fill(r, wire.DefaultRoom, "first", unmounted+mounted, nil)
	tab.Until(newest("first", unmounted+mounted))
	tab.Do(chromedp.Evaluate[chromedp.Void](`window.slow = []; new PerformanceObserver(list => {
		for (const e of list.getEntries()) if (e.name === 'keydown') slow.push(e.duration);
	}).observe({type: 'event', durationThreshold: 16})`))
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for i := range keys {
		<-tick.C
		r.Send(wire.Post{ID: uuid.NewString(), Room: wire.DefaultRoom, Text: text("in", i)})
		tab.Do(chromedp.KeyEvent(string(rune('a' + i%26))))
	}
	if n := rig.Eval[int](tab, `document.querySelector('textarea').value.length`); n != keys {
		t.Errorf("%d of %d keys are in the composer", n, keys)
	}
	late := rig.Eval[[]float64](tab, `new Promise(done => requestAnimationFrame(() => setTimeout(() => done(slow))))`)
	late = slices.DeleteFunc(late, func(ms float64) bool { return ms <= frame })
	worst := 0.0
	for _, ms := range late {
		worst = max(worst, ms)
	}
	t.Logf("%d keys while %d messages a second arrive: %d take longer than a frame, the worst %g ms", keys, time.Second/pace, len(late), worst)
	if len(late) > keys/2 {
		t.Error("typing stutters")
	}
}
