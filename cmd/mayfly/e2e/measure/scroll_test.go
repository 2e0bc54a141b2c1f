package measure_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

// watchFrames notes how long each frame takes, in milliseconds, and lets no listener of Mayfly hear that the list scrolls
// while window.deaf is true.
const watchFrames = `addEventListener('scroll', e => window.deaf && e.stopImmediatePropagation(), true);
	window.frames = []; {
		let last = performance.now();
		const frame = now => {
			frames.push(now - last);
			last = now;
			requestAnimationFrame(frame);
		};
		requestAnimationFrame(frame);
	}`

// TestScrollingOnAPhone measures the frames while a room scrolls to its oldest row and back, on a phone whose processor is
// four times as slow as this machine's: first with as many rows as the page has at most, then in a full room, where the page
// puts the rows of older messages into the document on the way. The same way without Mayfly's own work shows what the
// browser alone needs.
func TestScrollingOnAPhone(t *testing.T) {
	server := rig.Serve(t, "-rate", "100000/1s", "-ttl", "1h")
	tab := rig.WholeBrowser(t).Tab(server.URL).Ready()
	tab.Phone()
	fill := func(name string, n int) { // by a new connection: the server ends one that is silent for so long
		rig.Fill(rig.DialAnd(t, server, wire.DefaultRoom), wire.DefaultRoom, name, n, nil)
	}
	fill("first", rig.Mounted)
	tab.Until(rig.Newest("first", rig.Mounted))
	tab.Script(watchFrames)
	slower(tab, 4)
	scrollBack(t, tab, "400 rows, the browser alone", true)
	scrollBack(t, tab, "400 rows, Mayfly", false)
	fill("more", rig.Unmounted)
	tab.Until(rig.Newest("more", rig.Unmounted))
	scrollBack(t, tab, "400 rows of 500 messages, Mayfly", false)
}

// scrollBack scrolls the list up and down twice, and prints the figures of the frames.
func scrollBack(t *testing.T, tab *rig.Tab, what string, deaf bool) {
	t.Helper()
	end := rig.Eval[float64](tab, rig.Log+`.scrollTop`)
	tab.Script(fmt.Sprintf(`window.deaf = %v; frames.length = 0`, deaf))
	way := 0.0
	for range 2 {
		swipe(tab, end-1)
		way = end - rig.Eval[float64](tab, rig.Log+`.scrollTop`)
		swipe(tab, -2*end)
	}
	frames := rig.Eval[[]float64](tab, `frames`)
	slices.Sort(frames)
	late := 0
	for _, ms := range frames {
		if ms > 1.5*1000/60 {
			late++
		}
	}
	t.Logf("%s: %.0f px up and down, %d frames, median %.1f ms, 95th percentile %.1f ms, worst %.1f ms; %d were late",
		what, way, len(frames), frames[len(frames)/2], frames[len(frames)*95/100], frames[len(frames)-1], late)
}

// slower makes the processor as slow for the tab as one that is slower by this factor.
func slower(tab *rig.Tab, factor float64) {
	tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: factor})
		return err
	}))
}

// swipe scrolls the list up by distance CSS pixels, at the speed of a quick finger.
func swipe(tab *rig.Tab, distance float64) {
	tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, input.SynthesizeScrollGesture, input.SynthesizeScrollGestureParams{
			X: 195, Y: 400, YDistance: distance, Speed: 2000, GestureSourceType: "mouse",
		})
		return err
	}))
}
