package offline_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cachestorage"
	"github.com/chromedp/chromedp"

	"mayfly/cmd/mayfly/e2e/rig"
)

// troubled is a network that fails as it is told to.
type troubled struct {
	gone  atomic.Bool // no request is answered
	cuts  atomic.Bool // the answer with a file that only the worker requests is cut off
	cut   chan struct{}
	other atomic.Bool // the server speaks another protocol
}

func newTroubled() *troubled { return &troubled{cut: make(chan struct{}, 100)} }

func (n *troubled) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case n.gone.Load():
			panic(http.ErrAbortHandler)
		case n.cuts.Load() && r.URL.Path == "/manifest.webmanifest":
			whole := httptest.NewRecorder()
			next.ServeHTTP(whole, r)
			for name, values := range whole.Header() {
				w.Header()[name] = values
			}
			_, _ = w.Write(whole.Body.Bytes()[:whole.Body.Len()/2])
			n.cut <- struct{}{}
			panic(http.ErrAbortHandler)
		case n.other.Load() && (r.URL.Path == "/ws" || r.URL.Path == "/poll"):
			http.Error(w, "want mayfly.v2", http.StatusBadRequest)
		case n.other.Load() && r.URL.Path == "/config.json":
			_, _ = w.Write([]byte(`{"version":"2.0.0","protocol":"mayfly.v2"}`))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// wantCut waits until a file was cut off.
func (n *troubled) wantCut(t *testing.T) {
	t.Helper()
	select {
	case <-n.cut:
	case <-time.After(rig.Timeout):
		t.Fatal("nobody asked for the file that is cut off")
	}
}

// keepsAll is a JavaScript expression: a promise that is true if there is one cache, and it has every file that the
// server's worker must store.
const keepsAll = `(async () => {
	const names = await caches.keys();
	const kept = names.length === 1 ? await (await caches.open(names[0])).keys() : [];
	const worker = await (await fetch('/app-worker.js')).text();
	return kept.length === JSON.parse(worker.match(/const files = (.*);/)[1]).length && names[0] === 'mayfly-' + worker.match(/const version = "(.*)"/)[1];
})()`

// offlineStart is an address that is opened without a network, its room, and the draft that was written in that room before.
type offlineStart struct{ path, room, draft string }

// startsOffline opens addresses without a network. At each of them the user must be able to write.
func startsOffline(t *testing.T, tab *rig.Tab, url string, starts ...offlineStart) {
	t.Helper()
	for _, start := range starts {
		tab.Do(chromedp.Navigate(url + start.path))
		tab.Until(`document.title === '#` + start.room + ` – Mayfly' && ` + rig.MayWrite)
		tab.Until(`!(` + online + `)`)
		draft(tab, start.draft) // first, because it would not be put into a field with text
		tab.Script(rig.Composer + `.focus()`)
		tab.Script(`document.activeElement.select()`)
		tab.Do(rig.Type("written offline"))
		if got := rig.Eval[string](tab, `document.activeElement.value`); got != "written offline" {
			t.Errorf("%s: the composer has %q", start.path, got)
		}
		tab.Until(`(` + rig.Device + `).then(kept => Object.values(kept).map(v => JSON.parse(v))
			.some(n => n.room === '` + start.room + `' && n.text === 'written offline'))`)
	}
}

// TestWhatIsKeptIsRepaired: the first visit stores nothing, because one file is cut off, and the second visit stores all
// files. The next start brings back files that are deleted later.
func TestWhatIsKeptIsRepaired(t *testing.T) {
	t.Parallel()
	network := newTroubled()
	network.cuts.Store(true)
	front := rig.NewFront(t, network.wrap, nil)
	server := front.Serve()
	tab := rig.OpenBrowser(t).Tab(front.URL).Ready()
	network.wantCut(t)
	tab.Until(`navigator.serviceWorker.getRegistration().then(r => !r)`)
	tab.Until(`caches.keys().then(names => names.length === 0)`)

	network.cuts.Store(false)
	tab.Do(chromedp.Reload())
	tab.Ready().Installed()
	tab.Until(keepsAll)

	for _, lost := range []string{"/app.js", "/", ""} { // "": all
		tab.Do(loses(front.URL, lost))
		tab.Do(chromedp.Reload())
		tab.Ready()
		tab.Until(keepsAll)
	}

	network.gone.Store(true)
	server.Kill()
	startsOffline(t, tab, front.URL, offlineStart{"/r/x", "x", ""})
}

// loses deletes one stored file, or all of them, through DevTools, like a browser that needs space.
func loses(origin, path string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		found, err := chromedp.Call(ctx, cachestorage.RequestCacheNames, cachestorage.RequestCacheNamesParams{SecurityOrigin: origin})
		if err != nil {
			return err
		}
		for _, cache := range found.Caches {
			if path == "" {
				_, err = chromedp.Call(ctx, cachestorage.DeleteCache, cachestorage.DeleteCacheParams{CacheID: cache.CacheID})
			} else {
				_, err = chromedp.Call(ctx, cachestorage.DeleteEntry, cachestorage.DeleteEntryParams{CacheID: cache.CacheID, Request: origin + path})
			}
		}
		return err
	})
}
