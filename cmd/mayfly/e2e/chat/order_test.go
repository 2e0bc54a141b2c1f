package chat_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"mayfly/cmd/mayfly/e2e/rig"
)

const (
	orderBar = `document.getElementById('message-order')`
	waiting  = `document.getElementById('message-wait').textContent`
	sendDims = `document.getElementById('message-send').ariaDisabled === 'true'`
)

// courtroom starts a server, and opens the lobby twice: for Grace, a moderator, and for a guest. The guest says text.
func courtroom(t *testing.T, text string) (grace, ben *rig.Tab) {
	t.Helper()
	server := rig.Dev(t, "-rate", "1000/1s")
	browser := rig.OpenBrowser(t)
	grace, ben = browser.Tab(server.URL).Ready(), browser.Tab(server.URL).Ready()
	grace.Click("button", "Sign in")
	grace.Click("button", "Grace Hopper")
	grace.Until(signedIn("Grace Hopper"))
	grace.Ready()
	ben.Say(text)
	grace.Shows(text)
	return grace, ben
}

// tells waits until the bar above the composer tells that, and a screen reader says it.
func tells(tab *rig.Tab, said string) {
	bare := func(text string) string { return text + `.replace(/[\u2068\u2069\u00a0]/g, '')` }
	tab.Until(fmt.Sprintf(`%s.includes(%q)`, bare(orderBar+`.textContent`), said))
	tab.Until(fmt.Sprintf(`%s.includes(%q)`, bare(polite+`.textContent`), said))
}

// TestModeratorMutesBansAndLifts has Grace use the mouse. The guest learns of each act, and keeps what cannot be sent.
func TestModeratorMutesBansAndLifts(t *testing.T) {
	t.Parallel()
	grace, ben := courtroom(t, "spam")
	name := rig.Eval[string](ben, ownName)
	act(grace, "spam", "Mute or ban")
	grace.Until(fmt.Sprintf(`%s?.computedName === %q`, rig.ByRole("dialog", ""), "Mute or ban "+name+" (guest)"))
	grace.Click("button", "Mute")
	tells(grace, "Grace Hopper muted "+name+" (guest) for 10 minutes.")
	tells(ben, "Grace Hopper muted "+name+" (guest) for 10 minutes.")
	ben.Until(waiting + ` === 'A moderator has muted you here. You can write again in 10 minutes.' && ` + sendDims)
	if rig.Eval[bool](ben, `!!`+rig.ByRole("button", "Undo")) {
		t.Error("the guest can undo the mute")
	}
	ben.Say("more spam")
	ben.Until(polite + `.textContent.includes('A moderator has muted you here.') && ` + rig.Composer +
		`.value === 'more spam'`)
	grace.Click("button", "Undo")
	tells(ben, "Grace Hopper lifted the mute or ban of "+name+" (guest).")
	ben.Until(waiting + ` === '' && !(` + sendDims + `)`)
	ben.Do(rig.Enter())
	grace.Shows("more spam")

	toPeople(grace)
	grace.Until(panel + `.textContent.includes('moderator') && byRole('button', 'Mute or ban').length === 1`)
	grace.Click("button", "Mute or ban")
	grace.Until(`!!` + rig.ByRole("dialog", "Mute or ban"))
	grace.Script(`document.getElementById('bar-length').selectedIndex = 2`)
	grace.Click("button", "Ban")
	tells(grace, "Grace Hopper banned "+name+" (guest) for 1 day.")
	ben.Until(rig.Log + `.innerText.includes('A moderator has banned you from this room.') && ` +
		waiting + ` === 'You can come back in 1 day.' && ` + rig.Connection + ` === 'Online'`)
	ben.ShowsNot("spam")
	grace.Click("button", "Undo")
	tells(grace, "Grace Hopper lifted the mute or ban of "+name+" (guest).")
	ben.Do(chromedp.Reload())
	ben.Ready()
	ben.Say("sorry")
	grace.Shows("sorry")

	act(grace, "sorry", "Take back")
	grace.Until(`!` + row("sorry") + ` && ` + polite + `.textContent === 'The message is taken back.'`)
	ben.ShowsNot("sorry")
	act(grace, "spam", "Mute or ban")
	grace.Until(`!!` + rig.ByRole("dialog", "Mute or ban"))
	grace.Press(kb.Escape)
	grace.Until(`!` + rig.ByRole("dialog", ""))
}
