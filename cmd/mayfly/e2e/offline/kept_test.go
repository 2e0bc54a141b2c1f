package offline_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"mayfly/app/browser"
	"mayfly/app/client"
	"mayfly/cmd/mayfly/e2e/rig"
)

// waiting is a JavaScript expression: how many messages on the screen wait for a connection.
const waiting = rig.Shown + `.filter(m => m.includes('Waiting for a connection')).length`

// sent waits until that many messages are on screen and all of them have been accepted.
func sent(tab *rig.Tab, n int) {
	tab.Until(fmt.Sprintf(`%s.length === %d && !%s`, rig.Rows, n, rig.Find(rig.WaitingRow)))
}

// online is true while the header says so.
const online = rig.Connection + ` === 'Online'`

// draft waits until the composer holds text. On a slow machine the page may offer the text above the composer: then draft
// inserts it.
func draft(tab *rig.Tab, text string) {
	tab.Until(fmt.Sprintf(`%s?.value === %q || (%s?.click(), false)`, rig.Composer, text, rig.ByRole("button", "Insert")))
}

// keeps waits until the device has stored these texts, and no others.
func keeps(tab *rig.Tab, texts ...string) {
	slices.Sort(texts)
	wanted, _ := json.Marshal(append([]string{}, texts...)) // Marshal of strings never fails
	tab.Until(rig.Device + `.then(kept => Object.values(kept).map(record => JSON.parse(record).text).sort())
		.then(texts => JSON.stringify(texts) === JSON.stringify(` + string(wanted) + `))`)
}

// postsBefore lets reader, who was in the room before the first message, post "the end". It returns the texts that the
// room got before that.
func postsBefore(reader *rig.Person) []string {
	reader.Say("the end")
	v := reader.Until("told of the end", func(v client.View) bool { return slices.Contains(rig.Texts(v), "the end") })
	texts := rig.Texts(v)
	return texts[:len(texts)-1]
}

// losesWrites is a script that makes the browser drop everything that the page asks IndexedDB to store while losing is true,
// as it may when the page ends. After a reload it does nothing.
const losesWrites = `if (!sessionStorage.reloaded) {
	const commit = IDBTransaction.prototype.commit;
	IDBTransaction.prototype.commit = function() { window.losing ? this.abort() : commit.call(this); };
	addEventListener('pagehide', () => { sessionStorage.reloaded = losing = true; }, true);
}`

// TestReloadKeepsWhatIsNotStoredYet loads the page again before the browser has stored what the user has written.
func TestReloadKeepsWhatIsNotStoredYet(t *testing.T) {
	t.Parallel()
	server, chromium := rig.Serve(t), rig.OpenBrowser(t)
	tab := chromium.Tab("")
	tab.BeforeScripts(losesWrites)
	tab.Do(chromedp.Navigate(server.URL))
	tab.Ready()
	tab.Installed()
	server.Kill()
	tab.Script(`window.losing = true`)
	tab.Say("sent right before")
	tab.Do(rig.Type("half written"), chromedp.Reload())
	server.Start()
	chromium.Tab(server.URL).Ready().Shows("sent right before")
	tab.Ready()
	tab.Until(rig.Composer + `.value === 'half written' || ` + onOffer + `.includes('half written')`)
	tab.Until(`sessionStorage['` + browser.NotesKey + `'] === undefined`)
}

// TestWrittenOfflineOutlivesAKilledBrowser: once the page shows a message as waiting, the message is on the device, and a
// killed browser does not lose it.
func TestWrittenOfflineOutlivesAKilledBrowser(t *testing.T) {
	t.Parallel()
	const one, two, half = "written without a network", "and one more", "half written"
	server := rig.Serve(t, "-ttl", "1h")
	first := rig.OwnBrowser(t)
	tab := first.Profile(server.URL).Ready().Installed()
	say(t, server, "received-by-the-tab", 0)
	tab.Shows("received-by-the-tab")
	server.Kill()
	tab.Until(`!(` + online + `)`)
	tab.Say(one)
	tab.Say(two)
	tab.Until(waiting + ` === 2`)
	tab.Until(rig.Header + `.innerText.includes('2 waiting')`)
	keeps(tab, one, two)
	tab.Do(rig.Type(half))
	keeps(tab, one, two, half)
	wantOnlyOwn(t, tab)
	first.Kill()

	tab = rig.OwnBrowserIn(t, first.Dir).Profile(server.URL)
	tab.Until(waiting + ` === 2`)
	draft(tab, half)
	tab.Until(`document.activeElement === ` + rig.Composer)
	server.Start()
	cleo := rig.NewPerson(t, "cleo", server.SocketURL())
	cleo.Until("online", rig.Online)
	tab.Ready()
	sent(tab, 2)
	if got := postsBefore(cleo); !slices.Equal(got, []string{one, two}) {
		t.Errorf("posted was %q, want %q", got, []string{one, two})
	}
	tab.Shows("the end")
	keeps(tab, half)
	tab.Script(rig.Composer + `.select()`)
	tab.Press(kb.Backspace)
	keeps(tab)
	wantOnlyOwn(t, tab)
}

// wantOnlyOwn fails if the browser has stored anything that the tab has received.
func wantOnlyOwn(t *testing.T, tab *rig.Tab) {
	t.Helper()
	for where, what := range tab.Kept() {
		if where != "the page" && (strings.Contains(what, "received-by-the-tab") || strings.Contains(what, "the end")) {
			t.Errorf("%s holds what was received", where)
		}
	}
}

// TestDraftsStayInTheirRoom writes in two rooms, and changes between them, reloads and kills the browser.
func TestDraftsStayInTheirRoom(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-ttl", "1h")
	first := rig.OwnBrowser(t)
	tab := first.Profile(server.URL).Ready()
	tab.Do(rig.Type("for the lobby"))
	brand := rig.ByRole("link", "Mayfly")
	tab.Script(brand + `.href = '/r/tea'; ` + brand + `.click()`)
	tab.Until(`document.title.startsWith('#tea')`)
	draft(tab, "")
	tab.Until(`document.activeElement === ` + rig.Composer)
	tab.Do(rig.Type("for tea"))
	tab.Script(`history.back()`)
	tab.Until(`document.title.startsWith('#lobby')`)
	draft(tab, "for the lobby")
	tab.Do(chromedp.Navigate(server.URL + "/r/tea"))
	draft(tab, "for tea")
	keeps(tab, "for the lobby", "for tea")
	first.Kill()
	tab = rig.OwnBrowserIn(t, first.Dir).Profile(server.URL)
	draft(tab, "for the lobby")
	tab.Ready().Do(rig.Enter())
	tab.Shows("for the lobby")
	draft(tab, "")
	keeps(tab, "for tea")
}

// TestOpenTabsSendTheirOwn writes in two tabs of one user without a network. Each message must be sent once.
func TestOpenTabsSendTheirOwn(t *testing.T) {
	t.Parallel()
	server, proxy, url := rig.ServeBehindProxy(t, "-ttl", "1h")
	one := rig.OpenBrowser(t).Tab(url).Ready()
	two := one.Sibling(url).Ready()
	cleo := rig.NewPerson(t, "cleo", server.SocketURL())
	cleo.Until("online", rig.Online)
	proxy.Refuse(true)
	proxy.Cut()
	for i, tab := range []*rig.Tab{one, two} {
		tab.Until(`!(` + online + `)`)
		tab.Script(rig.Composer + `.focus()`)
		tab.Say(fmt.Sprintf("from tab %d", i))
		tab.Until(waiting + ` === 1`)
	}
	proxy.Refuse(false)
	for _, tab := range []*rig.Tab{one, two} {
		sent(tab, 2)
	}
	got := postsBefore(cleo)
	slices.Sort(got)
	if want := []string{"from tab 0", "from tab 1"}; !slices.Equal(got, want) {
		t.Errorf("posted was %q, want %q", got, want)
	}
}
