package chat_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/uuid"

	"mayfly/app/client"
	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

// watchConnection lists in seen the texts of the connection's live region from now on, and counts in changed all changes of
// the header.
const watchConnection = `{
	window.seen = [];
	const status = byRole('status')[0];
	const all = {subtree: true, childList: true, characterData: true};
	new MutationObserver(() => seen.push(status.innerText)).observe(status, all);
	window.changed = 0;
	new MutationObserver(() => changed++).observe(` + rig.Header + `, {...all, attributes: true});
}`

// watchSockets runs before the page's scripts. It calls onSocket, if there is one, whenever the page begins a connection.
// It stores in outage how many milliseconds passed between the end of the last connection and the first frame on the
// next.
const watchSockets = `{
	let ended;
	window.WebSocket = class extends WebSocket {
		constructor(...args) {
			super(...args);
			window.onSocket?.();
			this.addEventListener('close', () => ended ??= performance.now());
			this.addEventListener('message', () => {
				if (ended) window.outage = performance.now() - ended;
				ended = undefined;
			});
		}
	};
}`

// TestShortOutageShowsNothing cuts the connection until the page has once connected again so soon that it must show
// nothing.
func TestShortOutageShowsNothing(t *testing.T) {
	t.Parallel()
	const short = 1500 // ms; after 2 s the page shows the outage
	server, proxy, url := rig.ServeBehindProxy(t)
	r := rig.DialAnd(t, server, wire.DefaultRoom) // before the tab, so that the number of people does not change
	tab := rig.OpenBrowser(t).Tab("")
	tab.BeforeScripts(watchSockets)
	tab.Do(chromedp.Navigate(url))
	tab.Ready()
	for try := 1; ; try++ {
		tab.Script(watchConnection + `; window.outage = undefined`)
		proxy.Cut()
		rig.Fill(r, wire.DefaultRoom, fmt.Sprintf("meanwhile %d", try), 1, nil)
		tab.Until(rig.Newest(fmt.Sprintf("meanwhile %d", try), 1))
		if rig.Eval[bool](tab, fmt.Sprintf("outage < %d", short)) {
			break
		}
		if try == 10 {
			t.Fatal("none of ten outages was short")
		}
		tab.Do(chromedp.Reload())
		tab.Ready()
	}
	if n := rig.Eval[int](tab, "changed"); n != 0 {
		t.Errorf("the header changed %d times", n)
	}
}

func TestReconnectingCountsDownUntilNow(t *testing.T) {
	t.Parallel()
	_, proxy, url := rig.ServeBehindProxy(t)
	tab := rig.OpenBrowser(t).Tab("")
	tab.BeforeScripts(watchSockets)
	tab.Do(chromedp.Navigate(url))
	tab.Ready()
	var (
		visible = rig.Find(".status") + `.innerText` // with the seconds, which the live region leaves out
		left    = `+(/^Reconnecting in (\d+) s\s+Now$/.exec(` + visible + `)?.[1] ?? 0)`
		now     = rig.ByRole("button", "Now")
	)
	tab.Do(rig.Type("kept"))
	tab.Script(watchConnection)
	tab.Script(`window.waits = []; new MutationObserver(() => waits.push(` + left + `))
		.observe(` + rig.Header + `, {subtree: true, childList: true, characterData: true})`)
	proxy.Refuse(true)
	proxy.Cut()
	tab.Until(secondBySecond(`waits`))
	// If the user presses the button while seconds are left, the attempt must begin before they have been counted down.
	// The wait grows with each attempt.
	tab.Script(`window.press = () => {
		window.onSocket = () => { window.at ??= waits.findLast(n => n > 0); };
		window.pressed = ` + left + `;
		` + now + `.click();
	}`)
	tab.Until(left + ` >= 4 && (press(), true)`)
	tab.Until(`window.at !== undefined`)
	if !rig.Eval[bool](tab, `at >= 2`) {
		t.Errorf("Now was pressed %d s before the next attempt, and one began only when %d s were left",
			rig.Eval[int](tab, `pressed`), rig.Eval[int](tab, `at`))
	}
	if got := rig.Eval[[]string](tab, "seen"); !slices.Equal(got, []string{"Reconnecting"}) {
		t.Errorf("said was %q, want it once and without the seconds", got)
	}
	tab.Until(left + ` > 0 && byRole('button', 'Now').length === 1`)
	proxy.Refuse(false)
	tab.Until(`(` + left + ` > 0 && ` + now + `?.click(), ` + rig.Connection + ` === 'Online')`)
	tab.Ready() // the composer has the focus, too
	if got := rig.Eval[string](tab, visible); got != "Online" {
		t.Errorf("the header says %q", got)
	}
	if got := rig.Eval[string](tab, rig.Composer+".value"); got != "kept" {
		t.Errorf("the composer holds %q, want what was in it", got)
	}
	if rig.Eval[bool](tab, `!!`+now) {
		t.Error("the button is still there")
	}
}

func TestOfflineIsSaidOnce(t *testing.T) {
	t.Parallel()
	_, proxy, url := rig.ServeBehindProxy(t)
	tab := rig.OpenBrowser(t).Tab(url).Ready()
	tab.Script(watchConnection)
	tab.Script(`dispatchEvent(new Event('offline'))`)
	proxy.Refuse(true)
	proxy.Cut()
	tab.Until(rig.Connection + ` === 'Offline. Messages will be sent later.'`)
	tab.Say("later")
	tab.Shows("later")
	proxy.Refuse(false)
	tab.Script(`dispatchEvent(new Event('online'))`)
	tab.Ready()
	tab.Until(`!` + rig.Rows + `[0].innerText.includes('Sending')`)
	// this state may be too short to be seen
	got := slices.DeleteFunc(rig.Eval[[]string](tab, "seen"), func(s string) bool { return s == "Reconnecting" })
	if !slices.Equal(got, []string{"Offline. Messages will be sent later.", "Online"}) {
		t.Errorf("said was %q", got)
	}
}

func TestEndedForGoodCanBeTriedAgain(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab("")
	tab.BeforeScripts(`{
		const send = WebSocket.prototype.send;
		WebSocket.prototype.send = function(m) { window.socket = this; send.call(this, m); };
	}`)
	tab.Do(chromedp.Navigate(server.URL))
	tab.Ready()
	tab.Script(`for (let i = 0; i < 3; i++) socket.send('{')`) // the third is one too many
	tab.Until(`!!` + rig.ByRole("button", "Try again"))
	if got := rig.Eval[string](tab, rig.Connection); got == "" || strings.Contains(strings.ToLower(got), "online") {
		t.Errorf("the status says %q", got)
	}
	tab.Click("button", "Try again")
	tab.Ready()
}

// TestUnansweredThenHealedIsSentOnce loses all bytes until the page says that a message has no answer. Then the network
// works again, and the message must be posted once.
func TestUnansweredThenHealedIsSentOnce(t *testing.T) {
	t.Parallel()
	const sentence = "Not sent. The server has not answered yet."
	server, proxy, url := rig.ServeBehindProxy(t)
	tab := rig.OpenBrowser(t).Tab(url).Ready()
	tab.Script(watchVoices)
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	proxy.Swallow(true)
	tab.Say("held up")
	tab.Until(rig.Rows + `[0]?.innerText.includes('Sending')`)
	tab.Age(unanswered)
	tab.Until(fmt.Sprintf(`%s[0].innerText.includes(%q) && %s.textContent === %[2]q`, rig.Rows, sentence, alert))
	if !rig.Eval[bool](tab, `document.activeElement === `+rig.Composer) {
		t.Error("the composer has lost the focus")
	}
	proxy.Swallow(false)
	proxy.Cut() // lost bytes do not come back
	tab.Until(`!` + rig.Rows + `[0].innerText.includes('Not sent')`)
	tab.Until(`said.includes('Sent') && ` + alert + `.textContent === ''`)
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

// TestSendAgainAndForget calls natively the functions behind the buttons of a failed message.
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
	states := func(all ...client.State) func(client.View) bool {
		return func(v client.View) bool {
			return slices.EqualFunc(v.Messages, all, func(m client.Message, s client.State) bool { return m.State == s })
		}
	}
	v := ann.Until("without an answer", states(client.Failed, client.Failed))
	ann.Resend(v.Messages[0].Key)
	ann.Discard(v.Messages[1].Key)
	ann.Until("one on its way and one forgotten", states(client.Sending))
	proxy.Swallow(false)
	proxy.Cut()
	ann.Until("sent", states(client.Sent))
	wantOnce(t, r, "again")
}

func TestRefusedForNowKeepsItsTextAndIsSentByItself(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-rate", "2/5s")
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	tab.Script(`window.refused = ''; new MutationObserver(() => {
		const last = [...` + rig.Rows + `].at(-1);
		const words = last?.innerText ?? '';
		if (words.includes('Sending') && words.includes('Slow down')) {
			refused = last.querySelector('` + rig.RowText + `').innerText;
		}
	}).observe(` + rig.Log + `, {subtree: true, childList: true, characterData: true})`)
	var text string
	for n := 0; ; n++ { // the third message is refused, unless this machine takes seconds to post three
		text = fmt.Sprintf("number %d.", n)
		tab.Say(text)
		tab.Until(fmt.Sprintf(`refused === %q || %s === %[1]q && !%[3]s`, text, lastRow, rig.Find(rig.WaitingRow)))
		if rig.Eval[bool](tab, `refused !== ''`) {
			break
		}
		if n == 50 {
			t.Fatal("fifty messages were taken, as fast as can be")
		}
	}
	tab.Do(rig.Type("next"))
	tab.Until(`!` + rig.Find(rig.WaitingRow))
	tab.Shows(text)
	if got := rig.Eval[string](tab, rig.Composer+".value"); got != "next" {
		t.Errorf("the composer holds %q", got)
	}
	tab.Ready()
}

// storageFails has scripts that make the browser's storage fail, by the name of the fault.
var storageFails = map[string]string{
	"denied": `for (const area of ['sessionStorage', 'localStorage'])
		Object.defineProperty(window, area, {configurable: true, get() {
			throw new DOMException('The operation is insecure.', 'SecurityError');
		}})`,
	"full": `Storage.prototype.setItem = () => { throw new DOMException('Full.', 'QuotaExceededError'); }`,
}

func TestStorageThatIsDeniedIsSaid(t *testing.T) {
	t.Parallel()
	const sentence = "This browser does not let Mayfly store anything: after a reload you are someone else here."
	server := rig.Serve(t)
	for name, script := range storageFails {
		t.Run(name, func(t *testing.T) {
			tab := rig.OpenBrowser(t).Tab("")
			tab.BeforeScripts(script)
			tab.Do(chromedp.Navigate(server.URL))
			tab.Ready()
			tab.Until(fmt.Sprintf(`%s.innerText.includes(%q)`, rig.Header, sentence))
			tab.Say("it works")
			tab.Shows("it works")
			tab.Click("button", "Dismiss")
			tab.Until(fmt.Sprintf(`!document.body.innerText.includes(%q)`, sentence))
			tab.Ready()
		})
	}
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	if rig.Eval[bool](tab, fmt.Sprintf(`document.body.innerText.includes(%q)`, sentence)) {
		t.Error("it is said although storage works")
	}
}
