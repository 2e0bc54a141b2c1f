package browser

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// databases imitates the databases of a browser. Each open tab keeps a database open, whose name is the tab's name. The
// method remove deletes such a database, and waits as long as the tab is open (see deletions.go).
type databases struct {
	silent bool          // the browser does not say that a database is open, because another tab has asked before
	slow   time.Duration // how long a deletion takes
	broken bool          // every deletion fails

	mu    sync.Mutex               // guards the fields below
	open  map[string]chan struct{} // of the tabs that are open; the channel is closed when the tab ends
	asked int                      // how often a tab has asked for a deletion
}

// begin opens a tab, until end is called.
func (d *databases) begin(tab string) (end func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	ended := make(chan struct{})
	if d.open == nil {
		d.open = map[string]chan struct{}{}
	}
	d.open[tab] = ended
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.open, tab)
		close(ended)
	}
}

func (d *databases) remove(tab string, onOpen func()) error {
	time.Sleep(d.slow)
	d.mu.Lock()
	d.asked++
	ended := d.open[tab]
	d.mu.Unlock()
	if d.broken {
		return errors.New("refused")
	}
	if ended != nil {
		if !d.silent {
			onOpen()
		}
		<-ended
	}
	return nil
}

func TestClosedTabs(t *testing.T) {
	for _, tt := range []struct {
		name    string
		browser *databases
		open    []string
		asked   []string
		want    []string
		took    time.Duration
	}{
		{"no tab", &databases{}, nil, nil, nil, 0},
		{"closed", &databases{}, nil, []string{"a", "b"}, []string{"a", "b"}, 0},
		{"open", &databases{}, []string{"a"}, []string{"a"}, nil, 0},
		{"one open, two closed", &databases{}, []string{"b"}, []string{"a", "b", "c"}, []string{"a", "c"}, 0},
		{"one open, and the browser does not say so", &databases{silent: true}, []string{"a"}, []string{"a", "b"},
			[]string{"b"}, deletionTime},
		{"closed, and the disk is slow", &databases{slow: deletionTime - 1}, nil, []string{"a", "b"}, []string{"a", "b"},
			deletionTime - 1},
		{"closed, and the disk is too slow", &databases{slow: deletionTime + 1}, nil, []string{"a"}, nil, deletionTime},
		{"the browser refuses", &databases{broken: true}, nil, []string{"a"}, nil, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for _, tab := range tt.open {
					defer tt.browser.begin(tab)()
				}
				var d deletions
				start := time.Now()
				if got := d.closed(tt.asked, tt.browser.remove); !slices.Equal(got, tt.want) {
					t.Errorf("closed are %q, want %q", got, tt.want)
				}
				if took := time.Since(start); took != tt.took {
					t.Errorf("that took %s, want %s", took, tt.took)
				}
				time.Sleep(tt.browser.slow) // until the last deletion has ended
			})
		})
	}
}

// TestOpenTabIsAskedAboutOnce: the browser lets the request wait until the tab ends. A tab that comes back from the
// browser's cache under the same name is open again.
func TestOpenTabIsAskedAboutOnce(t *testing.T) {
	for _, silent := range []bool{false, true} {
		t.Run(fmt.Sprintf("silent %t", silent), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				browser := &databases{silent: silent}
				var d deletions
				want := func(asked int, closed ...string) {
					t.Helper()
					got := d.closed([]string{"a"}, browser.remove)
					synctest.Wait()
					browser.mu.Lock()
					defer browser.mu.Unlock()
					if !slices.Equal(got, closed) || browser.asked != asked {
						t.Fatalf("closed are %q after %d requests, want %q after %d", got, browser.asked, closed, asked)
					}
				}
				want(1, "a")
				for n := range 2 {
					end := browser.begin("a")
					want(2 + 2*n)
					start := time.Now()
					for range 5 {
						want(2 + 2*n)
					}
					if time.Since(start) != 0 {
						t.Error("this tab waits again for another that it knows to be open")
					}
					end()
					synctest.Wait()
					want(3+2*n, "a")
				}
			})
		})
	}
}
