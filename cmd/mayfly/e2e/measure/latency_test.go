package measure_test

import (
	"flag"
	"fmt"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"

	"mayfly/cmd/mayfly/e2e/rig"
)

var measured = flag.Int("measured", 50, "how many messages are timed from tab to tab")

// TestTabToTab measures from the key that sends in one tab to the message in the other's page, and prints it.
func TestTabToTab(t *testing.T) {
	rounds := *measured
	server := rig.Serve(t, "-rate", "100000/1s", "-ttl", "2s")
	browser := rig.WholeBrowser(t)
	ann, ben := browser.Tab(server.URL).Ready(), browser.Tab(server.URL).Ready()
	// Both clocks are this machine's: performance.timeOrigin is its time of day.
	ann.Do(chromedp.Evaluate[chromedp.Void](`window.sent = []; addEventListener('keydown',
		e => e.key === 'Enter' && sent.push(performance.timeOrigin + performance.now()), true)`))
	ben.Do(chromedp.Evaluate[chromedp.Void](`window.got = {}; new MutationObserver(() => {
		const now = performance.timeOrigin + performance.now();
		for (const m of document.querySelector('[role=log]').innerText.matchAll(/round (\d+)\./g)) got[m[1]] ??= now;
	}).observe(document.querySelector('[role=log]'), {subtree: true, childList: true, characterData: true})`))
	for i := range rounds {
		ann.Say(fmt.Sprintf("round %d.", i))
		ben.Until(fmt.Sprintf("%d in got", i))
	}
	sent := rig.Eval[[]float64](ann, "sent")
	got := rig.Eval[map[string]float64](ben, "got")
	if len(sent) != rounds || len(got) != rounds {
		t.Fatalf("%d sent, %d got, want %d", len(sent), len(got), rounds)
	}
	took := make([]float64, rounds)
	for i := range rounds {
		took[i] = got[fmt.Sprint(i)] - sent[i]
	}
	slices.Sort(took)
	t.Logf("tab to tab, %d messages: median %.1f ms, 95th percentile %.1f ms, worst %.1f ms", rounds, took[rounds/2], took[rounds*95/100], took[rounds-1])
}
