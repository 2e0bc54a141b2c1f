package offline_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"

	"mayfly/cmd/mayfly/e2e/rig"
)

// A plainHost is a server whose pages load while nobody can connect. Without its service worker, a page needs the network to
// load.
type plainHost struct {
	url    string
	server *rig.Server
	apart  atomic.Bool // connections are refused
}

// servePlain starts a server at that host. No page can connect until connect is called.
func servePlain(t *testing.T, host string) *plainHost {
	t.Helper()
	h := &plainHost{}
	h.apart.Store(true)
	front := rig.NewFront(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if h.apart.Load() && (r.URL.Path == "/ws" || r.URL.Path == "/poll") {
				panic(http.ErrAbortHandler)
			}
			next.ServeHTTP(w, r)
		})
	}, nil)
	front.URL = strings.Replace(front.URL, "localhost", host, 1)
	h.url, h.server = front.URL, front.Serve("-ttl", "1h")
	return h
}

// connect lets the pages connect.
func (h *plainHost) connect(tabs ...*rig.Tab) {
	h.apart.Store(false)
	for _, tab := range tabs {
		tab.Script(`dispatchEvent(new Event('online'))`) // the page then tries at once
	}
}

// wantContext fails if the page is a secure context on PlainHost, or none on another host.
func wantContext(t *testing.T, tab *rig.Tab, host string) {
	t.Helper()
	if got := rig.Eval[bool](tab, `isSecureContext && !!navigator.locks`); got != (host != rig.PlainHost) {
		t.Fatalf("the page of %s is a secure context with locks: %t", host, got)
	}
}

// mayWrite waits until the device has been asked for what other tabs left.
func mayWrite(tab *rig.Tab) { tab.Until(rig.MayWrite) }

// writes sends "message NAME", which waits, and leaves "draft NAME" in the composer.
func writes(tab *rig.Tab, name string) {
	tab.Until(`!(` + online + `)`)
	mayWrite(tab)
	tab.Say("message " + name)
	tab.Until(waiting + ` === 1`)
	tab.Do(rig.Type("draft " + name))
}

// hasOwn waits until the tab shows what writes has left, and fails if it has anything else. A draft that is offered is
// inserted.
func hasOwn(t *testing.T, tab *rig.Tab, name string) {
	t.Helper()
	tab.Until(waiting + ` === 1`)
	draft(tab, "draft "+name)
	if shown := tab.Messages(); len(shown) != 1 || !strings.Contains(shown[0], "message "+name) {
		t.Errorf("tab %s shows %q", name, shown)
	}
	if offered := rig.Eval[string](tab, onOffer); offered != "" {
		t.Errorf("tab %s is offered %q", name, offered)
	}
}

func guestOf(tab *rig.Tab) string {
	return rig.Eval[string](tab, `sessionStorage.getItem('mayfly-guest')`)
}

// TestOpenTabsKeepTheirOwn while one of them is loaded again and again, and each message is sent once.
func TestOpenTabsKeepTheirOwn(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, host string
		duplicate  bool // the second tab is a duplicate of the first, and so the same guest
	}{
		{"over plain http", rig.PlainHost, false},
		{"over plain http, in a duplicate", rig.PlainHost, true},
		{"with Web Locks", "localhost", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := servePlain(t, tt.host)
			cleo := rig.NewPerson(t, "cleo", h.server.SocketURL())
			cleo.Until("online", rig.Online)
			one := rig.OpenBrowser(t).Tab(h.url)
			wantContext(t, one, tt.host)
			mayWrite(one)
			two := one.Sibling("")
			if tt.duplicate {
				two.BeforeScripts(fmt.Sprintf(`if (location.origin === %q) sessionStorage.setItem('mayfly-guest', %q)`,
					h.url, guestOf(one)))
			}
			two.Do(chromedp.Navigate(h.url))
			writes(one, "1")
			writes(two, "2")
			all := []string{"message 1", "draft 1", "message 2", "draft 2"}
			keeps(one, all...)
			guests := []string{guestOf(one), guestOf(two)}
			if (guests[0] == guests[1]) != tt.duplicate {
				t.Errorf("the guests are %q", guests)
			}
			for i := range 4 {
				one, two = two, one // both are loaded again
				guests[0], guests[1] = guests[1], guests[0]
				one.Do(chromedp.Reload())
				hasOwn(t, one, fmt.Sprint(2-i%2))
				keeps(one, all...)
				hasOwn(t, two, fmt.Sprint(1+i%2))
				if now := []string{guestOf(one), guestOf(two)}; !slices.Equal(now, guests) {
					t.Fatalf("the guests are %q, want %q", now, guests)
				}
			}
			h.connect(one, two)
			for _, tab := range []*rig.Tab{one, two} {
				sent(tab, 2)
			}
			keeps(one, "draft 1", "draft 2")
			got := postsBefore(cleo)
			if slices.Sort(got); !slices.Equal(got, []string{"message 1", "message 2"}) {
				t.Errorf("posted was %q", got)
			}
		})
	}
}

// TestClosedTabIsAdoptedOnce: two open tabs look for its draft at the same time, and new tabs for its message.
func TestClosedTabIsAdoptedOnce(t *testing.T) {
	t.Parallel()
	for _, host := range []string{rig.PlainHost, "localhost"} {
		t.Run(host, func(t *testing.T) {
			t.Parallel() // it waits for 20 s, until a tab may adopt
			h := servePlain(t, host)
			cleo := rig.NewPerson(t, "cleo", h.server.SocketURL())
			cleo.Until("online", rig.Online)
			first := rig.OpenBrowser(t).Tab(h.url)
			wantContext(t, first, host)
			mayWrite(first)
			others := []*rig.Tab{first, first.Sibling(h.url)}
			mayWrite(others[1])
			closed := first.Sibling(h.url)
			writes(closed, "1")
			keeps(closed, "message 1", "draft 1")
			guest := guestOf(closed)
			closed.Close()

			for _, tab := range others {
				// the tab is visible, and looks
				tab.Script(`setTimeout(() => document.dispatchEvent(new Event('visibilitychange')))`)
			}
			const has = `+(` + field + ` === 'draft 1') + ` + onOffer + `.split('draft 1').length - 1`
			drafts := func() (n int) {
				for _, tab := range others {
					n += rig.Eval[int](tab, has)
				}
				return n
			}
			again := time.NewTicker(10 * time.Millisecond)
			defer again.Stop()
			for timeout := time.After(rig.Timeout); drafts() == 0; {
				select {
				case <-again.C:
				case <-timeout:
					t.Fatal("nobody has adopted the draft")
				}
			}
			adopter, late := first.Sibling(h.url), first.Sibling("")
			adopter.Until(waiting + ` === 1`)
			late.Do(chromedp.Navigate(h.url))
			mayWrite(late)
			if n := drafts() + rig.Eval[int](adopter, has) + rig.Eval[int](late, has); n != 1 {
				t.Errorf("%d tabs have the draft", n)
			}
			if got := guestOf(adopter); got != guest || guestOf(late) == guest {
				t.Errorf("the guests of the new tabs are %q and %q, want %q and another", got, guestOf(late), guest)
			}
			if shown := late.Messages(); len(shown) > 0 {
				t.Errorf("the last tab shows %q", shown)
			}
			keeps(late, "message 1", "draft 1")
			h.connect(adopter)
			sent(adopter, 1)
			if got := postsBefore(cleo); !slices.Equal(got, []string{"message 1"}) {
				t.Errorf("posted was %q", got)
			}
		})
	}
}

// TestFrozenTabKeepsItsOwn while another is loaded again. No script of a frozen tab runs, so it can't say that it is there.
func TestFrozenTabKeepsItsOwn(t *testing.T) {
	t.Parallel()
	h := servePlain(t, rig.PlainHost)
	cleo := rig.NewPerson(t, "cleo", h.server.SocketURL())
	cleo.Until("online", rig.Online)
	browser := rig.OwnBrowser(t)
	frozen, other := browser.Tab(h.url), (*rig.Tab)(nil)
	wantContext(t, frozen, rig.PlainHost)
	writes(frozen, "1")
	other = frozen.Sibling(h.url)
	writes(other, "2")
	all := []string{"message 1", "draft 1", "message 2", "draft 2"}
	keeps(other, all...)
	frozen.Minimize()
	frozen.Freeze()
	for range 2 {
		other.Do(chromedp.Reload())
		hasOwn(t, other, "2")
		keeps(other, all...)
	}
	frozen.Thaw()
	frozen.Restore()
	hasOwn(t, frozen, "1")
	h.connect(frozen, other)
	sent(frozen, 2)
	got := postsBefore(cleo)
	if slices.Sort(got); !slices.Equal(got, []string{"message 1", "message 2"}) {
		t.Errorf("posted was %q", got)
	}
}

// TestSiteDataIsDeletedOverPlainHTTP while tabs are open: what a tab writes after that is still its own.
func TestSiteDataIsDeletedOverPlainHTTP(t *testing.T) {
	t.Parallel()
	h := servePlain(t, rig.PlainHost)
	one := rig.OpenBrowser(t).Tab(h.url)
	two := one.Sibling(h.url)
	wantContext(t, one, rig.PlainHost)
	writes(one, "lost")
	keeps(one, "message lost", "draft lost")
	one.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, storage.ClearDataForOrigin,
			storage.ClearDataForOriginParams{Origin: h.url, StorageTypes: "indexeddb"})
		return err
	}))
	one.Do(chromedp.Reload())
	for i, tab := range []*rig.Tab{two, one} {
		writes(tab, fmt.Sprint(i))
	}
	all := []string{"message 0", "draft 0", "message 1", "draft 1"}
	keeps(one, all...)
	one.Do(chromedp.Reload())
	hasOwn(t, one, "1")
	hasOwn(t, two, "0")
	keeps(one, all...)
}

// tabDatabases is a promise of how many tabs are or were open over plain http.
const tabDatabases = `indexedDB.databases().then(all => all.filter(d => d.name.startsWith('mayfly-tab-')).length)`

// TestKilledBrowserOverPlainHTTP: its tabs are closed, although they could not say so, and leave nothing but the user's
// texts.
func TestKilledBrowserOverPlainHTTP(t *testing.T) {
	t.Parallel()
	h := servePlain(t, rig.PlainHost)
	cleo := rig.NewPerson(t, "cleo", h.server.SocketURL())
	cleo.Until("online", rig.Online)
	first := rig.OwnBrowser(t)
	tab := first.Profile(h.url)
	wantContext(t, tab, rig.PlainHost)
	writes(tab, "1")
	mayWrite(tab.Sibling(h.url)) // has nothing to leave
	keeps(tab, "message 1", "draft 1")
	tab.Until(tabDatabases + `.then(n => n === 2)`)
	guest := guestOf(tab)
	first.Kill()

	tab = rig.OwnBrowserIn(t, first.Dir).Profile(h.url)
	hasOwn(t, tab, "1")
	if got := guestOf(tab); got != guest {
		t.Errorf("the guest is %q, was %q", got, guest)
	}
	tab.Until(tabDatabases + `.then(n => n === 1)`)
	h.connect(tab)
	sent(tab, 1)
	keeps(tab, "draft 1")
	if got := postsBefore(cleo); !slices.Equal(got, []string{"message 1"}) {
		t.Errorf("posted was %q", got)
	}
}
