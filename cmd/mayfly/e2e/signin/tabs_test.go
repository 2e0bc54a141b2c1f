package signin_test

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/inspector"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/server/devidp"
)

var tabs = flag.Int("tabs", 3, "how many tabs share a sign-in")

// aging is a script that gives each page of a tab a monotonic clock, which expire sets forward.
const aging = `{
	const clock = performance.now.bind(performance);
	window.aged = 0;
	performance.now = () => clock() + aged;
}`

// expire sets the monotonic clocks of all pages forward by hours until every page is offline, because its access token
// has expired. A page whose clock is set gets a good token from a page whose clock is not set yet, so it may have to set
// them again.
func expire(t *testing.T, all []*rig.Tab) {
	t.Helper()
	offline := 0
	look := time.NewTicker(200 * time.Millisecond)
	defer look.Stop()
	for deadline := time.Now().Add(rig.Timeout); offline < len(all); <-look.C {
		if time.Now().After(deadline) {
			t.Fatal("the tabs are not offline although their tokens have ended")
		}
		for _, tab := range all {
			tab.Do(chromedp.Evaluate[chromedp.Void](`aged += 3600e3`))
		}
		offline = 0
		for _, tab := range all {
			online(tab)
			if rig.Eval[bool](tab, says("Offline, signed in as Ada Lovelace")) {
				offline++
			}
		}
	}
}

// online tells the page that the device has a network again.
func online(tab *rig.Tab) {
	tab.Do(chromedp.Evaluate[chromedp.Void](`dispatchEvent(new Event('online'))`))
}

// family opens tabs of one profile. The user signs in as Ada in the first one, and so in all.
func family(b *rig.Browser, server *rig.Server, n int) (all []*rig.Tab) {
	first := b.Tab("")
	first.BeforeScripts(aging)
	first.Do(chromedp.Navigate(server.URL))
	first.SignIn("Ada Lovelace")
	all = append(all, first)
	for range n - 1 {
		tab := first.Sibling("")
		tab.BeforeScripts(aging)
		tab.Do(chromedp.Navigate(server.URL))
		all = append(all, tab)
	}
	allSignedIn(all)
	return all
}

func allSignedIn(all []*rig.Tab) {
	for _, tab := range all {
		signedIn(tab, "Ada Lovelace")
	}
}

// restart makes all tabs leave the page, and then come back at the same time, like a browser that was closed and opened.
// No tab has an access token then, so no tab can get one from another.
func restart(server *rig.Server, all []*rig.Tab) {
	for _, tab := range all {
		tab.Do(chromedp.Navigate(server.URL + "/config.json"))
	}
	for _, tab := range all {
		tab.Do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`location.replace(%q)`, server.URL)))
	}
}

// troubled waits until the page shows sentence about signing in, and below it a button with the name button.
func troubled(tab *rig.Tab, sentence, button string) {
	tab.Until(fmt.Sprintf(`(e => e?.querySelector('p').innerText === %q && e.querySelector('button').innerText === %q)(%s)`,
		sentence, button, trouble))
}

var trouble = rig.ByRole("region", "Sign-in")

// at returns Faults with only the fault f, at endpoint.
func at(endpoint devidp.Endpoint, f devidp.Fault) devidp.Faults {
	f.At = endpoint
	return devidp.Faults{Faults: []devidp.Fault{f}}
}

// TestManyTabsRenewTogether: many tabs need new tokens, after a restart of the browser and after a time without a
// network. The provider accepts a refresh token once, or again for 30 s (the grace period). One tab asks the provider and
// tells the others. If the answer is lost, the next tab asks again within the grace period. Without a grace period all
// tabs say that the sign-in has ended, and stop asking.
func TestManyTabsRenewTogether(t *testing.T) {
	t.Parallel()
	for _, grace := range []time.Duration{30 * time.Second, 0} {
		t.Run(grace.String(), func(t *testing.T) {
			t.Parallel()
			server := rig.Dev(t, "-access-ttl", "1h", "-refresh-grace", grace.String(), "-conns-per-ip", "1000")
			all := family(rig.OpenBrowser(t), server, *tabs)
			restart(server, all)
			allSignedIn(all)
			const tries = 5 // on a busy machine a tab may not hear from another tab in time, and then asks the provider, too
			for range tries {
				lost, again := answerLost(t, server, all, grace > 0)
				if lost == 2 && again <= 1 {
					return
				}
				t.Logf("%d requests for tokens when the answer was lost, want 2; %d to sign in again, want 1 at most", lost, again)
			}
			t.Errorf("more requests for tokens than needed, %d times in a row", tries)
		})
	}
}

// answerLost lets the access tokens of all tabs expire while there is no network. The answer to the first renewal after
// that is lost. lost is the number of requests for tokens until all tabs knew how the renewal had ended. again is the
// number of further requests until all tabs were signed in again, if there is no grace period.
func answerLost(t *testing.T, server *rig.Server, all []*rig.Tab, grace bool) (lost, again int) {
	t.Helper()
	server.SetFaults(at(devidp.Tokens, devidp.Fault{Do: devidp.Drop}))
	expire(t, all)
	before := server.Calls()[devidp.Tokens]
	server.SetFaults(at(devidp.Tokens, devidp.Fault{Do: devidp.Lose, Times: 1}))
	for _, tab := range all { // all tabs have waited for a network
		online(tab)
	}
	if grace {
		allSignedIn(all)
		return server.Calls()[devidp.Tokens] - before, 0
	}
	for _, tab := range all {
		troubled(tab, "You were signed out: your sign-in has ended.", "Sign in again")
	}
	lost = server.Calls()[devidp.Tokens] - before
	all[0].Click("button", "Sign in again")
	all[0].Click("button", "Ada Lovelace")
	allSignedIn(all)
	return lost, server.Calls()[devidp.Tokens] - before - lost
}

// renewing waits until a tab holds the lock of the renewal, and returns that tab and the others.
func renewing(t *testing.T, all []*rig.Tab) (holder *rig.Tab, others []*rig.Tab) {
	t.Helper()
	const holds = `navigator.locks.request('test', async () => {
		const held = (await navigator.locks.query()).held, me = held.find(l => l.name === 'test').clientId;
		return held.some(l => l.name === 'mayfly:renew' && l.clientId === me);
	})`
	for _, tab := range all {
		header(tab, "Signed in as Ada Lovelace") // although the tab has no access token yet
	}
	for deadline := time.Now().Add(rig.Timeout); time.Now().Before(deadline); { // a renewal may end while the tabs are asked
		all[0].Until(`navigator.locks.query().then(q => q.held.some(l => l.name === 'mayfly:renew'))`)
		for i, tab := range all {
			if rig.Eval[bool](tab, holds) {
				return tab, slices.Delete(slices.Clone(all), i, i+1)
			}
		}
	}
	t.Fatal("none of the tabs holds the lock")
	return nil, nil
}

// crash ends the tab's process. A crashed page answers nothing, so crash does not wait for an answer.
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

// TestRenewalIsCutShort: the tab that renews crashes, or the user signs out in another tab.
func TestRenewalIsCutShort(t *testing.T) {
	t.Parallel()
	server := rig.Dev(t, "-refresh-grace", "0s")
	all := family(rig.OpenBrowser(t), server, 3)
	before := server.Calls()[devidp.Tokens]
	server.SetFaults(at(devidp.Tokens, devidp.Fault{Do: devidp.Slow, Delay: time.Minute.Milliseconds()}))
	restart(server, all)
	holder, all := renewing(t, all)
	server.UntilAsked(t, devidp.Tokens, before) // a tab takes the lock before it asks
	server.SetFaults(devidp.Faults{})           // this does not change the request that waits
	crash(holder)
	allSignedIn(all)
	if n := server.Calls()[devidp.Tokens] - before; n < 2 {
		t.Errorf("%d requests for tokens, want the one that was cut short and another", n)
	}

	before = server.Calls()[devidp.Tokens]
	server.SetFaults(at(devidp.Tokens, devidp.Fault{Do: devidp.Slow, Delay: 8000}))
	restart(server, all)
	holder, all = renewing(t, all)
	server.UntilAsked(t, devidp.Tokens, before)
	all[0].Click("button", "Sign out")
	header(all[0], "not signed in")
	holder.Until(`performance.getEntriesByType('resource').some(e => e.name.endsWith('/token') && e.responseEnd > 0)`)
	header(holder, "not signed in")
	if kept := rig.Eval[bool](holder, `'mayfly.session' in localStorage`); kept {
		t.Error("the renewal has brought the sign-in back")
	}
}
