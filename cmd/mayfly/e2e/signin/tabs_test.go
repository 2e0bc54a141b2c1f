package signin_test

import (
	"context"
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/inspector"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/server/devidp"
)

var tabs = flag.Int("tabs", 4, "how many tabs share a sign-in")

// family opens tabs of one profile, all signed in as Ada by the first.
func family(b *rig.Browser, server *rig.Server, n int) (all []*rig.Tab) {
	first := b.Tab(server.URL).Ready()
	signIn(first, "Ada Lovelace")
	all = append(all, first)
	for range n - 1 {
		all = append(all, first.Sibling(server.URL))
	}
	allSignedIn(all)
	return all
}

func allSignedIn(all []*rig.Tab) {
	for _, tab := range all {
		signedIn(tab, "Ada Lovelace")
	}
}

// restart has all tabs leave the page, and only then come back at the same time, as a browser does that was closed: none of
// them has an access token, nor anybody to ask for one.
func restart(server *rig.Server, all []*rig.Tab) {
	for _, tab := range all {
		tab.Do(chromedp.Navigate(server.URL + "/config.json"))
	}
	for _, tab := range all {
		tab.Do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`location.replace(%q)`, server.URL)))
	}
}

// troubled waits until the page says sentence about signing in, and names the button below it so.
func troubled(tab *rig.Tab, sentence, button string) {
	tab.Until(fmt.Sprintf(`(e => e?.querySelector('p').innerText === %q && e.querySelector('button').innerText === %q)(%s)`, sentence, button, trouble))
}

const trouble = `document.querySelector('section[aria-label="Sign-in"]')`

// at returns that the provider does one thing wrong.
func at(where devidp.Endpoint, f devidp.Fault) devidp.Faults {
	f.At = where
	return devidp.Faults{Faults: []devidp.Fault{f}}
}

// TestManyTabsRenewTogether after a restart of the browser and after a time without a network, with a provider that takes a
// refresh token once, or again for 30 s: one tab asks it, and tells the others. When the answer is lost, the next one has the
// grace period; without it all of them say so, and leave it at that.
func TestManyTabsRenewTogether(t *testing.T) {
	t.Parallel()
	for _, grace := range []time.Duration{30 * time.Second, 0} {
		t.Run(grace.String(), func(t *testing.T) {
			t.Parallel()
			server := rig.Dev(t, "-access-ttl", "1h", "-refresh-grace", grace.String(), "-conns-per-ip", "1000")
			all := family(rig.OpenBrowser(t), server, *tabs)
			asked := 0
			ask := func(want int, when string) { // on a busy machine a tab may not hear in time, and asks for itself, too
				t.Helper()
				before := asked
				if asked = server.Calls()[devidp.Tokens]; asked < before+want || asked >= before+want+len(all)/2 {
					t.Errorf("%s: %d requests for tokens, want %d", when, asked-before, want)
				}
			}

			server.SetFaults(devidp.Faults{AccessTTL: life.Milliseconds()})
			restart(server, all)
			allSignedIn(all)
			server.SetFaults(at(devidp.Tokens, devidp.Fault{Do: devidp.Drop}))
			for _, tab := range all {
				header(tab, "Offline, signed in as Ada Lovelace")
			}
			asked = server.Calls()[devidp.Tokens]
			server.SetFaults(at(devidp.Tokens, devidp.Fault{Do: devidp.Lose, Times: 1}))
			for _, tab := range all { // all of them have waited for a network
				tab.Do(chromedp.Evaluate[chromedp.Void](`dispatchEvent(new Event('online'))`))
			}
			if grace == 0 {
				for _, tab := range all {
					troubled(tab, "You were signed out: your sign-in has ended.", "Sign in again")
				}
				ask(2, "the answer was lost")
				press(all[0], "Sign in again")
				press(all[0], "Ada Lovelace")
				allSignedIn(all)
				ask(1, "signed in again")
			} else {
				allSignedIn(all)
				ask(2, "the answer was lost")
			}
		})
	}
}

// renewing returns which of the tabs holds the lock, once one of them does.
func renewing(t *testing.T, all []*rig.Tab) (holder *rig.Tab, others []*rig.Tab) {
	t.Helper()
	const holds = `navigator.locks.request('test', async () => {
		const held = (await navigator.locks.query()).held, me = held.find(l => l.name === 'test').clientId;
		return held.some(l => l.name === 'mayfly:renew' && l.clientId === me);
	})`
	for _, tab := range all {
		header(tab, "Signed in as Ada Lovelace") // though without an access token yet
	}
	all[0].Until(`navigator.locks.query().then(q => q.held.some(l => l.name === 'mayfly:renew'))`)
	for _, tab := range all {
		if rig.Eval[bool](tab, holds) {
			holder = tab
		} else {
			others = append(others, tab)
		}
	}
	if holder == nil {
		t.Fatal("none of the tabs holds the lock")
	}
	return holder, others
}

// crash ends the tab's process. A page that has crashed does not answer any more, so nobody waits for its answer.
func crash(tab *rig.Tab) {
	tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		crashed := make(chan struct{})
		err := chromedp.Listen(ctx, func(e any) {
			if _, ok := e.(*inspector.EventTargetCrashed); ok {
				close(crashed)
			}
		})
		if err != nil {
			return err
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		go chromedp.Call(ctx, page.Crash, cdp.Empty{}) //nolint:errcheck // see above
		<-crashed
		return nil
	}))
}

// TestRenewalIsCutShort by the death of the tab that renews, and by a sign-out in another one.
func TestRenewalIsCutShort(t *testing.T) {
	t.Parallel()
	server := rig.Dev(t, "-refresh-grace", "0s")
	all := family(rig.OpenBrowser(t), server, 3)
	before := server.Calls()[devidp.Tokens]
	server.SetFaults(at(devidp.Tokens, devidp.Fault{Do: devidp.Slow, Delay: time.Minute.Milliseconds(), Times: 1}))
	restart(server, all)
	holder, all := renewing(t, all)
	crash(holder)
	allSignedIn(all)
	if n := server.Calls()[devidp.Tokens] - before; n < 2 {
		t.Errorf("%d requests for tokens, want the one that was cut short and another", n)
	}

	server.SetFaults(at(devidp.Tokens, devidp.Fault{Do: devidp.Slow, Delay: 8000, Times: 1}))
	restart(server, all)
	holder, all = renewing(t, all)
	press(all[0], "Sign out")
	header(all[0], "not signed in")
	holder.Until(`performance.getEntriesByType('resource').some(e => e.name.endsWith('/token') && e.responseEnd > 0)`)
	header(holder, "not signed in")
	if kept := rig.Eval[bool](holder, `'mayfly.session' in localStorage`); kept {
		t.Error("the renewal has brought the sign-in back")
	}
}
