package app_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/app"
)

// TestHold: only a finger that stays for holdTime opens the actions. The browser ends the wait when it begins to scroll.
func TestHold(t *testing.T) {
	for name, tt := range map[string]struct {
		up     time.Duration // when the finger goes up, or the browser scrolls; 0: never
		again  time.Duration // when the next finger goes down; 0: never
		opened time.Duration // when the actions open; 0: never
	}{
		"it stays":                   {0, 0, app.HoldTime},
		"it goes up in time":         {app.HoldTime - time.Millisecond, 0, 0},
		"it goes up later":           {app.HoldTime + time.Millisecond, 0, app.HoldTime},
		"a second finger goes down":  {0, time.Millisecond, app.HoldTime + time.Millisecond},
		"it goes up and comes again": {time.Millisecond, 2 * time.Millisecond, app.HoldTime + 2*time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex // guards h and opened
				var h app.Hold
				began, opened := time.Now(), []time.Duration(nil)
				due := func(touch int) {
					mu.Lock()
					defer mu.Unlock()
					if h.Take(touch) {
						opened = append(opened, time.Since(began))
					}
				}
				after := func(wait time.Duration, do func()) {
					time.Sleep(time.Until(began.Add(wait)))
					mu.Lock()
					defer mu.Unlock()
					do()
				}
				after(0, func() { h.Begin(due) })
				if tt.up > 0 {
					after(tt.up, h.End)
				}
				if tt.again > 0 {
					after(tt.again, func() { h.Begin(due) })
				}
				time.Sleep(time.Minute)
				mu.Lock()
				defer mu.Unlock()
				if tt.opened == 0 && opened == nil {
					return
				}
				if len(opened) != 1 || opened[0] != tt.opened {
					t.Errorf("the actions opened after %v, want %v", opened, tt.opened)
				}
			})
		})
	}
}

// TestHoldThatIsOver: a finger that has gone up opens no actions, even if another finger is down when its time is over.
func TestHoldThatIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h app.Hold
		touches := make(chan int, 2)
		due := func(touch int) { touches <- touch }
		h.Begin(due)
		first := <-touches
		h.End()
		h.Begin(due)
		if h.Take(first) {
			t.Error("the actions open for a finger that has gone up")
		}
		if second := <-touches; !h.Take(second) {
			t.Error("the actions do not open for the finger that stays")
		}
	})
}
