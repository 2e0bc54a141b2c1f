package chat_test

import (
	"testing"
	"time"

	"mayfly/cmd/mayfly/e2e/rig"
)

// TestUnreadCountsOfTenRooms posts in ten rooms at once, of which a tab shows one. The counts of the others are exact while
// messages come, expire and are taken back, and after the user has read one of the rooms. TestTenRooms in measure does the
// same for as long as it is told to.
func TestUnreadCountsOfTenRooms(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-rate", "100000/1s")
	tab := rig.OpenBrowser(t).Tab("")
	poster := rig.NewPoster(t, server, 10)
	poster.Visit(tab, server.URL)
	rig.InTime(t, 6*time.Second, func(life time.Duration) bool {
		exact := func() bool {
			problem := poster.Exact(tab)
			if problem != "" {
				t.Log(problem)
			}
			return problem == ""
		}
		for i := range 200 { // the first expire while the last ones still live
			poster.Post(life + life*time.Duration(i)/200)
		}
		poster.TakeBack()
		if !exact() {
			return false
		}
		poster.Read(tab, 3)
		for range 60 {
			poster.Post(life)
		}
		poster.TakeBack()
		return exact()
	})
	tab.Until(`!document.querySelector('nav .rooms-count')`) // all have expired
}
