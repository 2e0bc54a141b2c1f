package measure_test

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/chromedp"
	"github.com/google/uuid"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

var long = flag.Duration("for", 40*time.Second, "how long messages come and go")

const (
	ttl    = 10 * time.Second
	pace   = 200 * time.Millisecond // from one message to the next
	warmUp = ttl + 2*time.Second    // by then as many go as come
	looks  = 120                    // number of looks at most, but not more than one a second
)

// show lets the test see what wasm_exec.js keeps for Go: the program's memory, the JavaScript values that it refers to and,
// weakly, the functions made for its callbacks.
const show = `Object.defineProperty(window, 'Go', {configurable: true, set(original) {
	const shown = class extends original {
		callbacks = [];
		constructor() {
			super();
			window.program = this;
		}
		_makeFuncWrapper(id) {
			const f = super._makeFuncWrapper(id);
			this.callbacks.push(new WeakRef(f));
			return f;
		}
	};
	Object.defineProperty(window, 'Go', {value: shown});
}})`

// held is the JavaScript array of the values that the Go program refers to; it leaves out callbacks that are gone.
const held = `[
	(program.callbacks = program.callbacks.filter(f => f.deref())).length,
	program._values.length - program._idPool.length,
	program.mem.buffer.byteLength,
]`

// quantities are the measured quantities. From the first third of the time to the last, each may grow by a tenth, and by as
// much as it goes up and down. Rows come and go. Values that Go has dropped go only when it collects garbage, every 20 s or
// so. Go's memory never shrinks, so it grows in steps until the most garbage between two collections fits.
var quantities = []struct {
	name  string
	slack float64
}{
	{"DOM nodes", 100},
	{"event listeners", 5},
	{"JavaScript heap, bytes", 256 << 10},
	{"Go callbacks", 60},
	{"JavaScript values held by Go", 600},
	{"wasm memory, bytes", 2 << 20},
}

// metrics makes Chromium count what look reads.
var metrics = chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
	_, err := chromedp.Call(ctx, performance.Enable, performance.EnableParams{})
	return err
})

// look returns the quantities, after a collection of JavaScript's garbage.
func look(t *testing.T, tab *rig.Tab) (all []float64) {
	t.Helper()
	of := map[string]float64{}
	tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		if _, err := chromedp.Call(ctx, heapprofiler.CollectGarbage, cdp.Empty{}); err != nil {
			return err
		}
		now, err := chromedp.Call(ctx, performance.GetMetrics, cdp.Empty{})
		if err != nil {
			return err
		}
		for _, m := range now.Metrics {
			of[m.Name] = m.Value
		}
		return nil
	}))
	for _, name := range []string{"Nodes", "JSEventListeners", "JSHeapUsedSize"} {
		if of[name] == 0 {
			t.Fatalf("Chromium counts no %s", name)
		}
		all = append(all, of[name])
	}
	return append(all, rig.Eval[[]float64](tab, held)...)
}

// TestWhatATabHoldsLevelsOff posts five messages a second that live for ten, to a tab in which somebody writes, and reads
// further up, now and then.
func TestWhatATabHoldsLevelsOff(t *testing.T) {
	if *long < 2*warmUp {
		t.Fatalf("-for is %s: want %s or more", *long, 2*warmUp)
	}
	server := rig.Serve(t, "-ttl", ttl.String(), "-rate", "100000/1s")
	tab := rig.WholeBrowser(t).Tab("")
	tab.BeforeScripts(show)
	tab.Do(chromedp.Navigate(server.URL), metrics)
	tab.Ready()
	other := rig.DialAnd(t, server, wire.DefaultRoom)

	every := max(time.Second, (*long-warmUp)/looks)
	tick := time.NewTicker(pace)
	defer tick.Stop()
	var seen [][]float64
	start := time.Now()
	for posted, next := 0, warmUp; time.Since(start) < *long; <-tick.C {
		for ; posted < int(time.Since(start)/pace); posted++ {
			other.Send(wire.Post{ID: uuid.NewString(), Room: wire.DefaultRoom, Text: fmt.Sprintf("Message %d of many.", posted)})
			rig.Next[wire.Accepted](other)
		}
		if time.Since(start) >= next {
			next += every
			seen = append(seen, look(t, tab))
			act(tab, len(seen))
		}
	}
	levelsOff(t, seen)
	if got := tab.Faults(); len(got) != 0 {
		t.Errorf("the page reports %q", got)
	}
}

// act does one of the things that people do.
func act(tab *rig.Tab, turn int) {
	switch turn % 4 {
	case 0:
		tab.Do(rig.Type("I am"))
	case 1:
		tab.Say(" here too")
	case 2:
		tab.Do(chromedp.Evaluate[chromedp.Void](`document.querySelector('[role=log]').scrollTop = 0`))
	case 3:
		tab.Do(chromedp.Evaluate[chromedp.Void](`document.querySelector('[role=log]').scrollTop = 1e6`))
	}
}

// levelsOff compares the medians of the first and the last third.
func levelsOff(t *testing.T, seen [][]float64) {
	t.Helper()
	third := len(seen) / 3
	for i, q := range quantities {
		first, last := median(seen[:third], i), median(seen[len(seen)-third:], i)
		t.Logf("%-30s %12.0f, then %12.0f", q.name, first, last)
		if most := first*1.1 + q.slack; last > most {
			t.Errorf("%s: %.0f in the first third of %s, %.0f in the last, want %.0f at most", q.name, first, *long, last, most)
		}
	}
}

func median(seen [][]float64, quantity int) float64 {
	sorted := slices.SortedFunc(slices.Values(seen), func(a, b []float64) int { return cmp.Compare(a[quantity], b[quantity]) })
	return sorted[len(sorted)/2][quantity]
}
