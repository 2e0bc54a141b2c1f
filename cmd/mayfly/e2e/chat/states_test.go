package chat_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/google/uuid"

	"mayfly/app/session"
	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

const (
	connection = `document.querySelector('[role=status]')`
	composer   = `document.querySelector('textarea')`
)

// evaluate runs a script in the page.
func evaluate(script string) chromedp.Action[chromedp.Void] {
	return chromedp.Evaluate[chromedp.Void](script)
}

// watchConnection lists in seen what the connection's live region says from now on, counts in changed all changes of the
// header, and in sockets the connections that are opened.
var watchConnection = evaluate(`{
	window.seen = [];
	new MutationObserver(() => seen.push(` + connection + `.innerText)).observe(` + connection + `, {subtree: true, childList: true, characterData: true});
	window.changed = 0;
	new MutationObserver(() => changed++).observe(document.querySelector('header'), {subtree: true, childList: true, characterData: true, attributes: true});
	window.sockets = 0;
	window.WebSocket = class extends WebSocket { constructor(...args) { super(...args); sockets++; } };
}`)

// before is a document's script that runs before all others.
func before(script string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
		return err
	})
}

func TestShortOutageShowsNothing(t *testing.T) {
	t.Parallel()
	server, proxy, url := rig.ServeBehindProxy(t)
	tab := rig.OpenBrowser(t).Tab(url).Ready()
	tab.Do(watchConnection)
	proxy.Cut()
	rig.Fill(rig.DialAnd(t, server, wire.DefaultRoom), wire.DefaultRoom, "meanwhile", 1, nil)
	tab.Until(rig.Newest("meanwhile", 1))
	if n := rig.Eval[int](tab, "sockets"); n == 0 {
		t.Error("the connection was not replaced")
	}
	if n := rig.Eval[int](tab, "changed"); n != 0 {
		t.Errorf("the header changed %d times", n)
	}
}

func TestReconnectingCountsDownUntilNow(t *testing.T) {
	t.Parallel()
	_, proxy, url := rig.ServeBehindProxy(t)
	tab := rig.OpenBrowser(t).Tab(url).Ready()
	tab.Do(rig.Type("kept"), watchConnection)
	proxy.Refuse(true)
	proxy.Cut()
	const (
		visible = `document.querySelector('.status').innerText`
		left    = `+(/^Reconnecting in (\d+) s\s+Now$/.exec(` + visible + `)?.[1] ?? 0)`
		now     = `[...document.querySelectorAll('button')].find(b => b.innerText === 'Now')`
	)
	tab.Until(left + ` >= 6`) // the wait grows with each attempt
	tab.Do(evaluate(`window.was = ` + left))
	tab.Until(left + ` === was - 2`)
	if got := rig.Eval[[]string](tab, "seen"); !slices.Equal(got, []string{"Reconnecting"}) {
		t.Errorf("said was %q, want it once and without the seconds", got)
	}
	if nodes := rig.Accessible(tab); !slices.Contains(nodes, rig.Node{Role: "button", Name: "Now"}) {
		t.Errorf("no button has the name Now: %v", nodes)
	}
	proxy.Refuse(false)
	pressed := time.Now()
	tab.Do(evaluate(`window.sockets = 0; ` + now + `.click()`))
	tab.Until(`sockets > 0`)
	if took := time.Since(pressed); took > 3*time.Second {
		t.Errorf("the attempt began %s after Now", took)
	}
	tab.Ready() // the composer has the focus, too
	if got := rig.Eval[string](tab, visible); got != "Online" {
		t.Errorf("the header says %q", got)
	}
	if got := rig.Eval[string](tab, composer+".value"); got != "kept" {
		t.Errorf("the composer holds %q, want what was in it", got)
	}
	if rig.Eval[bool](tab, now+` !== undefined`) {
		t.Error("the button is still there")
	}
}

func TestOfflineIsSaidOnce(t *testing.T) {
	t.Parallel()
	_, proxy, url := rig.ServeBehindProxy(t)
	tab := rig.OpenBrowser(t).Tab(url).Ready()
	tab.Do(watchConnection, evaluate(`dispatchEvent(new Event('offline'))`))
	proxy.Refuse(true)
	proxy.Cut()
	tab.Until(connection + `.innerText === 'Offline. Messages will be sent later.'`)
	tab.Say("later")
	tab.Shows("later")
	proxy.Refuse(false)
	tab.Do(evaluate(`dispatchEvent(new Event('online'))`))
	tab.Ready()
	tab.Until(`!` + rig.Rows + `[0].innerText.includes('Sending')`)
	got := slices.DeleteFunc(rig.Eval[[]string](tab, "seen"), func(s string) bool { return s == "Reconnecting" }) // may be too short to be seen
	if !slices.Equal(got, []string{"Offline. Messages will be sent later.", "Online"}) {
		t.Errorf("said was %q", got)
	}
}

func TestEndedForGoodCanBeTriedAgain(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab("")
	tab.Do(before(`{ const send = WebSocket.prototype.send; WebSocket.prototype.send = function(m) { window.socket = this; send.call(this, m); }; }`),
		chromedp.Navigate(server.URL))
	tab.Ready()
	tab.Do(evaluate(`for (let i = 0; i < 3; i++) socket.send('{')`)) // the third is one too many
	tab.Until(`document.querySelector('.status button')?.innerText === 'Try again'`)
	if got := rig.Eval[string](tab, connection+".innerText"); got == "" || strings.Contains(strings.ToLower(got), "online") {
		t.Errorf("the status says %q", got)
	}
	tab.Do(evaluate(`document.querySelector('.status button').click()`))
	tab.Ready()
}

// TestUnansweredThenHealedIsSentOnce swallows all bytes until the page says that a message has no answer.
func TestUnansweredThenHealedIsSentOnce(t *testing.T) {
	t.Parallel()
	server, proxy, url := rig.ServeBehindProxy(t)
	tab := rig.OpenBrowser(t).Tab(url).Ready()
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	proxy.Swallow(true)
	tab.Say("held up")
	tab.Until(rig.Rows + `[0]?.innerText.includes('Sending')`)
	tab.Until(rig.Rows + `[0].innerText.includes('Not sent. The server has not answered yet.')`)
	tab.Until(`document.querySelector('#alert').textContent === 'Not sent. The server has not answered yet.'`)
	if !rig.Eval[bool](tab, `document.activeElement === `+composer) {
		t.Error("the composer has lost the focus")
	}
	proxy.Swallow(false)
	proxy.Cut() // what was swallowed does not come back
	tab.Until(`!` + rig.Rows + `[0].innerText.includes('Not sent')`)
	tab.Until(`document.querySelector('#polite').textContent === 'Sent' && document.querySelector('#alert').textContent === ''`)
	wantOnce(t, r, "held up")
}

// wantOnce posts a last message and fails unless exactly those texts were posted before it.
func wantOnce(t *testing.T, r *rig.Raw, texts ...string) {
	t.Helper()
	end := uuid.NewString()
	r.Send(wire.Post{ID: end, Room: wire.DefaultRoom, Text: "the end"})
	var got []string
	for p := rig.Next[wire.Posted](r); p.ID != end && !t.Failed(); p = rig.Next[wire.Posted](r) {
		got = append(got, p.Text)
	}
	if !slices.Equal(got, texts) {
		t.Errorf("posted was %q, want %q", got, texts)
	}
}

// TestSendAgainAndForget does natively what the buttons of a failed message do.
func TestSendAgainAndForget(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	proxy := rig.NewProxy(t, "", server.Addr())
	ann := rig.NewPerson(t, "ann", "ws://"+proxy.Addr+"/ws")
	ann.Until("online", rig.Online)
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	proxy.Swallow(true)
	ann.Say("again")
	ann.Say("never")
	states := func(all ...session.State) func(session.View) bool {
		return func(v session.View) bool {
			return slices.EqualFunc(v.Messages, all, func(m session.Message, s session.State) bool { return m.State == s })
		}
	}
	v := ann.Until("without an answer", states(session.Failed, session.Failed))
	ann.Resend(v.Messages[0].Key)
	ann.Discard(v.Messages[1].Key)
	ann.Until("one on its way and one forgotten", states(session.Sending))
	proxy.Swallow(false)
	proxy.Cut()
	ann.Until("sent", states(session.Sent))
	wantOnce(t, r, "again")
}

func TestRefusedForNowKeepsItsTextAndIsSentByItself(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-rate", "2/5s")
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	for i := range 3 {
		tab.Say(fmt.Sprintf("number %d.", i))
	}
	tab.Until(rig.Rows + `[2]?.innerText.includes('Sending') && ` + rig.Rows + `[2].innerText.includes('Slow down')`)
	tab.Do(rig.Type("next"))
	tab.Until(`!` + rig.Rows + `[2].innerText.includes('Sending')`)
	tab.Shows("number 2.")
	if got := rig.Eval[string](tab, composer+".value"); got != "next" {
		t.Errorf("the composer holds %q", got)
	}
	tab.Ready()
}

func TestStorageThatIsDeniedIsSaid(t *testing.T) {
	t.Parallel()
	const sentence = "This browser does not let Mayfly store anything: after a reload you are someone else here."
	server := rig.Serve(t)
	browser := rig.OpenBrowser(t)
	for name, script := range map[string]string{
		"denied": `for (const area of ['sessionStorage', 'localStorage'])
			Object.defineProperty(window, area, {configurable: true, get() { throw new DOMException('The operation is insecure.', 'SecurityError'); }})`,
		"full": `Storage.prototype.setItem = () => { throw new DOMException('Full.', 'QuotaExceededError'); }`,
	} {
		t.Run(name, func(t *testing.T) {
			tab := browser.Tab("")
			tab.Do(before(script), chromedp.Navigate(server.URL))
			tab.Ready()
			tab.Until(fmt.Sprintf(`document.querySelector('header').innerText.includes(%q)`, sentence))
			tab.Say("it works")
			tab.Shows("it works")
			tab.Do(evaluate(`[...document.querySelectorAll('button')].find(b => b.innerText === 'Dismiss').click()`))
			tab.Until(fmt.Sprintf(`!document.body.innerText.includes(%q)`, sentence))
			tab.Ready()
		})
	}
	if tab := browser.Tab(server.URL).Ready(); rig.Eval[bool](tab, fmt.Sprintf(`document.body.innerText.includes(%q)`, sentence)) {
		t.Error("it is said although storage works")
	}
}
