package measure_test

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

// watch counts the changes of the log, marks each once it has been painted, and notes whether the number of rows grew by it:
// -1, 0 or 1.
var watch = chromedp.Evaluate[chromedp.Void](`window.changes = 0; window.grew = []; {
	let due = false, rows = document.querySelectorAll('[role=log] article').length;
	new MutationObserver(() => {
		if (due) return;
		due = true;
		requestAnimationFrame(() => setTimeout(() => {
			const now = document.querySelectorAll('[role=log] article').length;
			grew.push(Math.sign(now - rows));
			rows = now;
			due = false;
			performance.mark('change ' + ++changes);
		}));
	}).observe(document.querySelector('[role=log] .rows'), {subtree: true, childList: true});
}`)

// oneInOneOut is the line of JavaScript that adds a copy of the last row and removes the first.
const oneInOneOut = `{
	const log = document.querySelector('[role=log]'), row = [...log.querySelectorAll('article')].at(-1);
	row.after(row.cloneNode(true));
	log.querySelector('article').remove();
	log.scrollTop = log.scrollHeight;
}`

// alone runs a line of JavaScript again and again, for the cost of the browser alone. In the line, floor is how often it ran
// before.
func alone(tab *rig.Tab, times int, pace time.Duration, js string) {
	tab.Script(fmt.Sprintf(`window.floor = 0; window.beat = setInterval(() => {
		if (floor < %d) %s
		if (++floor > %[1]d) clearInterval(beat);
	}, %[3]d)`, times, js, pace.Milliseconds()))
	tab.Until(fmt.Sprintf(`floor > %d`, times))
}

// TestCostOfOneMessage measures, in a DevTools trace, the work of the main thread for one message that comes, for one row
// that expires, and for a hundred of them in one second, with as many rows mounted as possible. It prints the figures, and
// fails if they are ten times too large.
func TestCostOfOneMessage(t *testing.T) {
	const (
		times = 100
		burst = 100
		pace  = 100 * time.Millisecond
		full  = 8 * time.Second                      // when rows of a full room begin to expire: by then it is filled
		pairs = full + times*pace + 2*time.Second    // when one goes and one comes by turns
		last  = pairs + times*2*pace + 3*time.Second // when a hundred go in one second
	)
	server := rig.Serve(t, "-rate", "100000/1s")
	tab := rig.WholeBrowser(t).Tab(server.URL).Ready()
	r := rig.DialAnd(t, server, wire.DefaultRoom)

	start := time.Now()
	expiring := func(i int) time.Duration {
		at := time.Duration(0)
		switch k := time.Duration(i % times); i / times {
		case 0: // not mounted at first; the first rows once those below are gone
			at = pairs + k*2*pace
		case 1:
			at = full + k*pace
		case 2:
			at = last + k*time.Second/burst
		default:
			return 0
		}
		return at - time.Since(start)
	}
	rig.Fill(r, wire.DefaultRoom, "first", rig.Unmounted+rig.Mounted, expiring)
	tab.Until(rig.Newest("first", rig.Unmounted+rig.Mounted))
	tab.Do(watch)

	changes := func() int { return rig.Eval[int](tab, "changes") }
	firstIs := func(i int) { // cheap to ask
		tab.Until(fmt.Sprintf(`document.querySelector('[role=log] .message-text').textContent === %q`, rig.FillText("first", i)))
	}
	stop := tab.Trace()
	refill := changes()
	tab.Until(fmt.Sprintf(`Date.now() > %d`, start.Add(pairs-pace).UnixMilli()))
	turns := changes()
	turn := time.NewTicker(2 * pace)
	defer turn.Stop()
	for range times {
		<-turn.C
		rig.Fill(r, wire.DefaultRoom, "turn", 1, nil)
	}
	turnsOver := changes()
	firstIs(2*times + 1)
	tab.Do(rig.Mark("burst"))
	firstIs(3*times + 1)
	tab.Do(rig.Mark("burst over"))
	rig.Fill(r, wire.DefaultRoom, "again", 2*times, nil)
	tab.Until(rig.Newest("again", 2*times))
	in := changes()
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for range times {
		<-tick.C
		rig.Fill(r, wire.DefaultRoom, "in", 1, nil)
	}
	rig.Fill(r, wire.DefaultRoom, "the end", 1, nil)
	tab.Until(rig.Newest("the end", 1))
	inOver := changes()
	floor := changes()
	alone(tab, times, pace, oneInOneOut)
	floorOver := changes()
	trace := stop()
	grew := rig.Eval[[]int](tab, "grew")

	c := costs{t: t, trace: trace, grew: grew, of: times}
	c.log("one out of 400", turns, turnsOver, -1)
	c.log("one in to 400", turns, turnsOver, 1)
	c.log("one out of 400 as an older one gets its row", refill, turns, 0)
	c.log("one in to 400 as the first gives up its row", in, inOver, 0)
	c.log("the floor: a copy of the last row in, the first out, by a line of JavaScript", floor, floorOver, 0)
	busy, longest := trace.Between("burst", "burst over")
	t.Logf("%d first rows out in a second: busy for %s, the longest task takes %s", burst, busy, longest)
}

// costs tells what the changes cost that watch has counted.
type costs struct {
	t     *testing.T
	trace rig.Trace
	grew  []int // what watch noted
	of    int   // how often each change was asked for
}

// log prints what the changes from the number from to the number to cost by which the number of rows grew by sign.
func (c *costs) log(what string, from, to, sign int) {
	c.t.Helper()
	var cost []time.Duration
	for i := from + 1; i < to; i++ {
		if c.grew[i] == sign { // the change that ended with mark i+1
			busy, _ := c.trace.Between(fmt.Sprint("change ", i), fmt.Sprint("change ", i+1))
			cost = append(cost, busy)
		}
	}
	if len(cost) < c.of/4 {
		c.t.Errorf("%s: seen %d times of %d", what, len(cost), c.of)
		return
	}
	slices.Sort(cost)
	if got := cost[len(cost)*95/100]; got > 80*time.Millisecond {
		c.t.Errorf("%s costs the main thread %s: is every row drawn anew?", what, got)
	}
	c.t.Logf("%s, %d times: median %s, 95th percentile %s, worst %s", what, len(cost),
		cost[len(cost)/2], cost[len(cost)*95/100], cost[len(cost)-1])
}

// TestTypingWhileMessagesArrive types while 20 messages a second come into a full room. The browser itself says how long it
// took from each key to the frame that shows it (Event Timing, which counts in steps of 8 ms and from 16 ms on).
func TestTypingWhileMessagesArrive(t *testing.T) {
	const (
		keys  = 200
		pace  = 50 * time.Millisecond
		frame = 16 // ms; work that takes no longer is shown within a frame
	)
	server := rig.Serve(t, "-rate", "100000/1s", "-ttl", "1m")
	tab := rig.WholeBrowser(t).Tab(server.URL).Ready()
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	rig.Fill(r, wire.DefaultRoom, "first", rig.Unmounted+rig.Mounted, nil)
	tab.Until(rig.Newest("first", rig.Unmounted+rig.Mounted))
	tab.Do(chromedp.Evaluate[chromedp.Void](`window.slow = []; new PerformanceObserver(list => {
		for (const e of list.getEntries()) if (e.name === 'keydown') slow.push(e.duration);
	}).observe({type: 'event', durationThreshold: 16})`))
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for i := range keys {
		<-tick.C
		r.Send(wire.Post{ID: uuid.NewString(), Room: wire.DefaultRoom, Text: rig.FillText("in", i)})
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
