package measure_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mayfly/app/browser"
	"mayfly/cmd/mayfly/e2e/rig"
)

const (
	rooms     = 10
	roomsPace = 50 * time.Millisecond // from one message to the next, in all rooms together
	lives     = 12                    // how often the messages of an hour are replaced if they live for 5 minutes
)

// TestTenRooms has a tab in ten rooms, which together get 20 messages a second for as long as -for says. The messages live
// for a twelfth of that. So as many generations of messages pass as in an hour with messages that live for 5 minutes. After
// each second generation posting stops, the unread counts must be exact, and the user reads one more room. What the tab
// holds must level off.
func TestTenRooms(t *testing.T) {
	life := *long / lives
	server := rig.Serve(t, "-rate", "100000/1s")
	tab := rig.WholeBrowser(t).Tab("")
	tab.BeforeScripts(show)
	tab.Do(metrics)
	poster := rig.NewPoster(t, server, rooms)
	poster.Visit(tab, server.URL)

	tick := time.NewTicker(roomsPace)
	defer tick.Stop()
	var seen [][]float64
	all, exact := 0, 0
	for generation := range lives {
		every, next := max(time.Second, *long/looks), time.Duration(0)
		start := time.Now()
		for posted := 0; time.Since(start) < life; <-tick.C {
			for ; posted < int(time.Since(start)/roomsPace); posted++ {
				poster.Post(life)
				all++
			}
			if generation > 0 && time.Since(start) >= next { // by now as many go as come
				next += every
				seen = append(seen, look(t, tab))
			}
		}
		if generation%2 == 0 {
			continue
		}
		poster.TakeBack()
		if problem := poster.Exact(tab); problem != "" {
			t.Error(problem)
		} else {
			exact++
		}
		poster.Read(tab, 1+generation/2)
	}
	t.Logf("%d messages, %s apart: the unread counts of %d rooms were exact %d times of %d", all, roomsPace, rooms, exact,
		lives/2)
	levelsOff(t, seen)
	tab.Until(`!document.querySelector('nav .rooms-count')`) // all have expired
	if got := tab.Faults(); len(got) != 0 {
		t.Errorf("the page reports %q", got)
	}
}

// TestShownRoomOfTen measures from the post of a message to its row in the page, by turns in a tab that is in ten rooms and
// in a tab that is in the shown room alone. In both turns the ten rooms together get 20 messages a second.
func TestShownRoomOfTen(t *testing.T) {
	const turns = 3
	server := rig.Serve(t, "-rate", "100000/1s", "-ttl", "10s")
	poster := rig.NewPoster(t, server, rooms)
	inAll := rig.WholeBrowser(t).Tab("")
	poster.Visit(inAll, server.URL)
	list := rig.Eval[string](inAll, fmt.Sprintf("localStorage.getItem(%q)", browser.RoomsKey))
	inAll.Close()

	var took [2][]float64 // in ten rooms, in one room; in milliseconds
	for turn := range 2 * turns {
		tab := rig.WholeBrowser(t).Tab("")
		if turn%2 == 0 {
			tab.BeforeScripts(fmt.Sprintf("localStorage.setItem(%q, %q)", browser.RoomsKey, list))
		}
		tab.Do(chromedp.Navigate(server.URL + "/r/room-0"))
		tab.Ready()
		tab.Until(fmt.Sprintf(`document.querySelectorAll('nav li').length === %d`, [2]int{rooms, 1}[turn%2]))
		took[turn%2] = append(took[turn%2], postToShown(t, tab, poster)...)
		tab.Close()
	}
	for i, in := range []string{"ten rooms", "one room"} {
		all := took[i]
		slices.Sort(all)
		t.Logf("post to shown, a tab in %s, %d messages: median %.1f ms, 95th percentile %.1f ms, worst %.1f ms", in,
			len(all), all[len(all)/2], all[len(all)*95/100], all[len(all)-1])
	}
}

// postToShown posts in random rooms until -measured messages came to the shown one. It returns how long each of these took
// from its post to its row.
func postToShown(t *testing.T, tab *rig.Tab, poster *rig.Poster) (took []float64) {
	t.Helper()
	// Both clocks are this machine's: performance.timeOrigin is its time of day.
	tab.Script(`window.got = {}; new MutationObserver(() => {
		const now = performance.timeOrigin + performance.now();
		for (const e of document.querySelectorAll('[role=log] .message-text')) got[e.textContent] ??= now;
	}).observe(document.querySelector('[role=log]'), {subtree: true, childList: true, characterData: true})`)
	sent := make(map[string]float64)
	tick := time.NewTicker(roomsPace)
	defer tick.Stop()
	for len(sent) < *measured {
		<-tick.C
		at := float64(time.Now().UnixMicro()) / 1000
		if room, text := poster.Post(0); room == "room-0" {
			sent[text] = at
			tab.Until(fmt.Sprintf("%q in got", text))
		}
	}
	got := rig.Eval[map[string]float64](tab, "got")
	for text, at := range sent {
		took = append(took, got[text]-at)
	}
	return took
}
