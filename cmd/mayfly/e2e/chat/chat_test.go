package chat_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

func TestSecondTabSeesMessageThenItVanishes(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-ttl", "3s")
	browser := rig.OpenBrowser(t)
	ann, ben := browser.Tab(server.URL).Ready(), browser.Tab(server.URL).Ready()
	ann.Say("lunch?")
	ann.Shows("lunch?")
	ben.Shows("lunch?")
	ben.Shows("Anonymous ")
	ann.ShowsNot("lunch?")
	ben.ShowsNot("lunch?")
	late := browser.Tab(server.URL).Ready()
	if got := late.Messages(); len(got) != 0 {
		t.Errorf("who comes afterwards sees %q", got)
	}
	late.Until(`document.querySelector('main').innerText.includes('vanish after 3 seconds')`)
}

func TestRoomsAreApart(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	browser := rig.OpenBrowser(t)
	lobby, tea, alsoTea := browser.Tab(server.URL).Ready(), browser.Tab(server.URL+"/r/tea").Ready(), browser.Tab(server.URL+"/r/tea").Ready()
	tea.Say("milk first")
	alsoTea.Shows("milk first")
	lobby.Say("hello")
	lobby.Shows("hello")
	if got := lobby.Messages(); len(got) != 1 {
		t.Errorf("the lobby shows %q, want its own message alone", got)
	}
	for tab, want := range map[*rig.Tab]string{lobby: "#lobby – Mayfly", tea: "#tea – Mayfly"} {
		tab.Until(fmt.Sprintf("document.title === %q", want))
	}
	bad := browser.Tab(server.URL + "/r/No%20Such%20Room!")
	bad.Until(`/a-z, 0-9/.test(document.querySelector('main').innerText) && !document.querySelector('textarea')`)
}

func TestComposer(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	tab.Until(`document.querySelector('textarea').placeholder === 'Type your message'`)
	tab.Say("   ") // nothing empty is sent
	tab.Do(chromedp.Evaluate[chromedp.Void](`document.querySelector('textarea').value = ''`))
	tab.Do(rig.Type("one"), rig.Enter(chromedp.ModifierShift), rig.Type("two"))
	if got := rig.Eval[string](tab, `document.querySelector('textarea').value`); got != "one\ntwo" {
		t.Errorf("the composer holds %q after Shift+Enter, want two lines", got)
	}
	tab.Do(rig.Enter())
	tab.Shows("one\ntwo")
	tab.Until(`document.querySelector('textarea').value === '' && document.activeElement.tagName === 'TEXTAREA'`)
	tab.Do(rig.Type("by button"), chromedp.Click(chromedp.CSS("form.composer button")))
	tab.Shows("by button")
	tab.Until(`document.activeElement.tagName === 'TEXTAREA'`)
	if got := tab.Messages(); len(got) != 2 {
		t.Errorf("on screen: %q, want two messages", got)
	}
	if got := rig.Eval[string](tab, `document.querySelector('article time').title || document.querySelector('article [title]').title`); !sentAt(got) {
		t.Errorf("the time's tooltip is %q, want one like Sent at 14:05:09", got)
	}
}

func sentAt(s string) bool {
	_, err := time.Parse("Sent at 15:04:05", s)
	return err == nil
}

func TestTextIsTextWhateverItHolds(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	browser := rig.OpenBrowser(t)
	ann, ben := browser.Tab(server.URL).Ready(), browser.Tab(server.URL).Ready()
	hostile := `<img src=x onerror="document.title='owned'"> & <b>bold</b>`
	ann.Say(hostile)
	ann.Say(strings.Repeat("w", 500))
	ben.Shows(strings.Repeat("w", 500))
	ben.Shows(hostile)
	if rig.Eval[bool](ben, `document.documentElement.scrollWidth > innerWidth || !!document.querySelector('article img')`) {
		t.Error("a text got out of its place")
	}
}

// TestStaysAtTheEndOnlyIfItWasThere reads up in the log while messages come.
func TestStaysAtTheEndOnlyIfItWasThere(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-rate", "1000/1s")
	browser := rig.OpenBrowser(t)
	ann := browser.Tab(server.URL).Ready()
	for i := range 40 {
		ann.Say(fmt.Sprintf("line %d.", i))
	}
	ben := browser.Tab(server.URL).Ready()
	ben.Shows("line 39.")
	const distance = `(l => l.scrollHeight - l.scrollTop - l.clientHeight)(document.querySelector('[role=log]'))`
	ben.Until(distance + ` < 2`) // it opens at the newest
	ann.Say("the end.")
	ben.Shows("the end.")
	ben.Until(distance + ` < 2`)
	ben.Do(chromedp.Evaluate[chromedp.Void](`document.querySelector('[role=log]').scrollTop = 0`))
	ben.Until(distance + ` > 100`)
	ann.Say("more.")
	ben.Shows("more.")
	if top := rig.Eval[float64](ben, `document.querySelector('[role=log]').scrollTop`); top != 0 {
		t.Errorf("who reads up was moved to %g", top)
	}
}

func TestServerKilledAndStartedAgain(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	browser := rig.OpenBrowser(t)
	ann, ben := browser.Tab(server.URL).Ready(), browser.Tab(server.URL).Ready()
	ann.Say("before")
	ben.Shows("before")
	server.Kill()
	for _, tab := range []*rig.Tab{ann, ben} {
		tab.Until(`!document.querySelector('[role=status]').innerText.toLowerCase().includes('online')`)
		tab.Shows("before")
	}
	server.Start()
	ann.Ready()
	ben.Ready()
	for _, tab := range []*rig.Tab{ann, ben} {
		tab.Shows("before") // it lives, although the server forgot it
	}
	ann.Say("after")
	ben.Shows("after")
	ben.Say("and back")
	ann.Shows("and back")
	for name, tab := range map[string]*rig.Tab{"ann": ann, "ben": ben} {
		if got := tab.Messages(); len(got) != 3 {
			t.Errorf("%s sees %q, want three messages", name, got)
		}
	}
	if one, two := rig.Eval[string](ann, `document.querySelector('header').innerText`), server.Log(); strings.Contains(two, "before") {
		t.Errorf("the log holds a text: %s (%s)", two, one)
	}
}

func TestSamePersonAfterReload(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	const who = `document.querySelector('header').innerText.match(/Anonymous \w+/)[0]`
	before := rig.Eval[string](tab, who)
	tab.Say("mine")
	tab.Shows("mine")
	tab.Do(chromedp.Reload())
	tab.Ready()
	tab.Shows("mine")
	if after := rig.Eval[string](tab, who); after != before {
		t.Errorf("%q is %q after a reload", before, after)
	}
	tab.Until(`document.querySelector('header').innerText.toLowerCase().includes('not signed in')`)
}

func TestSamePostThreeTimesIsOnScreenOnce(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	post := wire.Post{ID: "0190a8f0-0000-7000-8000-000000000001", Room: wire.DefaultRoom, Text: "only once"}
	var repeats []bool
	for range 3 {
		r.Send(post)
		a := rig.Next[wire.Accepted](r)
		if a.ID != post.ID || a.Seq == 0 {
			t.Errorf("accepted = %+v", a)
		}
		repeats = append(repeats, a.Repeat)
	}
	if !slices.Equal(repeats, []bool{false, true, true}) {
		t.Errorf("repeats = %v, want false, true, true", repeats)
	}
	r.Send(wire.Post{ID: "0190a8f0-0000-7000-8000-000000000002", Room: wire.DefaultRoom, Text: "the next"})
	tab.Shows("the next")
	if got := tab.Messages(); len(got) != 2 || !strings.Contains(got[0], "only once") {
		t.Errorf("on screen: %q, want each once", got)
	}
}

func TestAccessibleNames(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	tab.Say("named")
	tab.Shows("named")
	for _, want := range []struct{ role, name string }{
		{"log", "Messages in #lobby"}, {"textbox", "Message"}, {"button", "Send"}, {"status", ""}, {"article", ""},
	} {
		if !named(tab, want.role, want.name) {
			t.Errorf("nothing has the role %s and the name %q", want.role, want.name)
		}
	}
}

// named reports whether the accessibility tree holds a node of that role and name; any name will do if it is empty.
func named(tab *rig.Tab, role, name string) bool {
	for _, n := range rig.Accessible(tab) {
		if n.Role == role && (name == "" || n.Name == name) {
			return true
		}
	}
	return false
}
