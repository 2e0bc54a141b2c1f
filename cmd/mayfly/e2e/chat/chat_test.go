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
	browser := rig.OpenBrowser(t)
	rig.InTime(t, 3*time.Second, func(life time.Duration) bool {
		server := rig.Serve(t, "-ttl", life.String())
		ann, ben := browser.Tab(server.URL).Ready(), browser.Tab(server.URL).Ready()
		ann.Say("lunch?")
		gone := time.Now().Add(life)
		for _, tab := range []*rig.Tab{ann, ben} {
			if !tab.Before(gone, rig.Shown+`.some(m => m.includes('lunch?') && m.includes(' (guest)'))`) {
				return false
			}
		}
		ann.ShowsNot("lunch?")
		ben.ShowsNot("lunch?")
		late := browser.Tab(server.URL).Ready()
		if got := late.Messages(); len(got) != 0 {
			t.Errorf("a user who comes afterwards sees %q", got)
		}
		words := "vanish after "
		if life < time.Minute {
			words += fmt.Sprintf("%d seconds", life/time.Second)
		}
		late.Until(fmt.Sprintf("%s.innerText.includes(%q)", rig.ByRole("main", ""), words))
		return true
	})
}

func TestRoomsAreApart(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	browser := rig.OpenBrowser(t)
	lobby, tea := browser.Tab(server.URL).Ready(), browser.Tab(server.URL+"/r/tea").Ready()
	alsoTea := rig.DialAnd(t, server, "tea")
	tea.Say("milk first")
	if got := rig.Next[wire.Posted](alsoTea).Text; got != "milk first" {
		t.Errorf("another user in the room got %q", got)
	}
	lobby.Say("hello")
	lobby.Shows("hello")
	if got := lobby.Messages(); len(got) != 1 {
		t.Errorf("the lobby shows %q, want its own message alone", got)
	}
	for tab, want := range map[*rig.Tab]string{lobby: "#lobby – Mayfly", tea: "#tea – Mayfly"} {
		tab.Until(fmt.Sprintf("document.title === %q", want))
	}
	tea.Do(chromedp.Navigate(server.URL + "/r/No%20Such%20Room!"))
	tea.Until(`/a-z, 0-9/.test(` + rig.ByRole("main", "") + `?.innerText) && !` + rig.ByRole("textbox", "Message"))
}

func TestComposer(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	tab.Until(rig.Composer + `.placeholder === 'Message'`)
	tab.Say("   ") // a text of white space is not sent
	tab.Script(rig.Composer + `.value = ''`)
	tab.Do(rig.Type("one"), rig.Enter(chromedp.ModifierShift), rig.Type("two"))
	if got := rig.Eval[string](tab, rig.Composer+`.value`); got != "one\ntwo" {
		t.Errorf("the composer holds %q after Shift+Enter, want two lines", got)
	}
	tab.Do(rig.Enter())
	tab.Shows("one\ntwo")
	tab.Until(rig.Composer + `.value === '' && document.activeElement === ` + rig.Composer)
	tab.Do(rig.Type("by button"))
	tab.Click("button", "Send")
	tab.Shows("by button")
	tab.Until(`document.activeElement === ` + rig.Composer)
	if got := tab.Messages(); len(got) != 2 {
		t.Errorf("on screen: %q, want two messages", got)
	}
	tab.Until(rig.ByRole("time", "") + `.title !== ''`) // the server has accepted the message
	if got := rig.Eval[string](tab, rig.ByRole("time", "")+`.title`); !sentAt(got) {
		t.Errorf("the time's tooltip is %q, want one like Sent at 2:05:09 PM", got)
	}
}

// sentAt reports whether s says when a message was sent, in the form that is usual in the United States, because that is
// the browser's language.
func sentAt(s string) bool {
	_, err := time.Parse("Sent at 3:04:05\u00a0PM", s)
	return err == nil
}

func TestTextIsTextWhateverItHolds(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	hostile := `<img src=x onerror="document.title='owned'"> & <b>bold</b>`
	long := strings.Repeat("w", 500)
	tab.Say(hostile)
	tab.Say(long)
	say(r, hostile)
	say(r, long)
	tab.Until(fmt.Sprintf(`[%q, %q].every(text => %s.filter(m => m.includes(text)).length === 2)`, hostile, long, rig.Shown))
	if rig.Eval[bool](tab, `document.documentElement.scrollWidth > innerWidth || !!document.querySelector('article img')`) {
		t.Error("a text got out of its place")
	}
}

// TestStaysAtTheEndOnlyIfItWasThere scrolls up in the log while messages come.
func TestStaysAtTheEndOnlyIfItWasThere(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-rate", "1000/1s")
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	rig.Fill(r, wire.DefaultRoom, "line", 40, nil)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	tab.Until(rig.Newest("line", 40) + ` && ` + belowSight + ` < 2`) // a room opens at its newest message
	rig.Fill(r, wire.DefaultRoom, "next", 1, nil)
	tab.Until(rig.Newest("next", 1) + ` && ` + belowSight + ` < 2`)
	tab.Script(rig.Log + `.scrollTop = 0`)
	tab.Until(jump + `?.innerText === 'Jump to latest'`)
	rig.Fill(r, wire.DefaultRoom, "more", 1, nil)
	tab.Until(rig.Newest("more", 1))
	if top := rig.Eval[float64](tab, rig.Log+`.scrollTop`); top != 0 {
		t.Errorf("the user who reads up was moved to %g", top)
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
		tab.Until(`!` + rig.Connection + `.toLowerCase().includes('online')`)
		tab.Shows("before")
	}
	server.Start()
	ann.Ready()
	ben.Ready()
	for _, tab := range []*rig.Tab{ann, ben} {
		tab.Shows("before") // the message still lives, although the server has lost it
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
	if log := server.Log(); strings.Contains(log, "before") {
		t.Errorf("the log holds a text: %s", log)
	}
}

func TestSamePersonAfterReload(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	const name = rig.Header + `.innerText.match(/\w+ \(guest\)/)[0]`
	before := rig.Eval[string](tab, name)
	tab.Say("mine")
	tab.Shows("mine")
	tab.Do(chromedp.Reload())
	tab.Ready()
	tab.Shows("mine")
	if after := rig.Eval[string](tab, name); after != before {
		t.Errorf("%q is %q after a reload", before, after)
	}
	tab.Until(rig.Header + `.innerText.toLowerCase().includes('not signed in')`)
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
		untilAccessible(t, tab, fmt.Sprintf("a %s with the name %q", want.role, want.name), func() bool {
			return nodes(tab, want.role, want.name) > 0
		})
	}
}
