package chat_test

import (
	"bytes"
	"fmt"
	"image/png"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	qrreader "github.com/piglig/go-qr"

	"mayfly/cmd/mayfly/e2e/rig"
)

const (
	helping  = `byRole('dialog', 'Help')[0]?.open === true`
	inviting = `byRole('dialog', 'Invite to #')[0]?.open === true`
	focused  = `document.activeElement`
)

// TestHelpByKeyboard opens the help from the composer, where ? is text, and from the log; elsewhere ? does nothing.
func TestHelpByKeyboard(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	tab.Do(rig.Type("why?"))
	tab.Until(rig.Composer + `.value === 'why?' && !document.querySelector('dialog')`)
	tab.Press("/", chromedp.KeyModifiers(chromedp.ModifierCtrl))
	tab.Until(helping + ` && document.querySelector('dialog').contains(` + focused + `) &&
		` + focused + `.closest('dialog').innerText.includes('vanishes for everyone')`)
	tab.Press(kb.F6) // leads nowhere while the dialog is open
	tab.Until(`document.querySelector('dialog').contains(` + focused + `)`)
	tab.Press(kb.Escape)
	tab.Until(`!document.querySelector('dialog') && ` + focused + ` === ` + rig.Composer)
	tab.Press(kb.Tab, rig.Shift)
	tab.Script(rig.ByRole("link", "#lobby") + `.focus()`)
	tab.Press("?")
	tab.Press(kb.Tab)
	tab.Until(focused + ` !== ` + rig.ByRole("link", "#lobby") + ` && !document.querySelector('dialog')`)
	tab.Script(rig.Log + `.focus()`)
	tab.Press("?")
	tab.Until(helping)
	tab.Until(focused + ` === document.querySelector('dialog')`)
	tab.Press(kb.Tab)
	tab.Until(focused + `.textContent === 'Close'`)
	tab.Do(rig.Enter())
	tab.Until(`!document.querySelector('dialog') && ` + focused + ` === ` + rig.Log)
}

// TestA20F6GoesFromRegionToRegion goes round the page in both directions, with the people beside the log.
func TestA20F6GoesFromRegionToRegion(t *testing.T) {
	t.Parallel()
	tab, _ := open(t)
	toPeople(tab)
	const inHeader = rig.Header + `.contains(` + focused + `) && ` + focused + `.matches(':focus-visible')`
	inRooms := focused + ` === ` + rig.ByRole("link", "#lobby")
	stops := []string{inHeader, inRooms, focused + ` === ` + rig.Log, focused + ` === ` + rig.Composer,
		focused + ` === ` + panel}
	for i := range stops {
		tab.Press(kb.F6)
		tab.Until(stops[i])
	}
	for i := range stops {
		tab.Press(kb.F6, rig.Shift)
		tab.Until(stops[(2*len(stops)-2-i)%len(stops)])
	}
	// On a phone the panel covers the log.
	tab.Phone()
	tab.Script(rig.Composer + `.focus()`)
	tab.Press(kb.F6)
	tab.Until(focused + ` === ` + panel)
	tab.Press(kb.F6)
	tab.Until(inHeader)
	tab.Press(kb.F6)
	tab.Until(focused + ` === ` + rig.Composer)
}

// TestInvitation reads the QR code on the screen as a camera does, in both themes.
func TestInvitation(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL + "/r/team").Ready()
	name := rig.Eval[string](tab, ownName)
	tab.Until(fmt.Sprintf(`byRole('main')[0].innerText.replace(/\s+/g, ' ').includes(%q)`, "You are "+name+" (guest)."))
	for _, dark := range []bool{false, true} {
		tab.Dark(dark)
		tab.Script(`byRole('button', 'Invite people')[0].focus()`)
		tab.Do(rig.Enter())
		tab.Until(inviting + ` && ` + focused + `.textContent === 'Copy link'`)
		link := server.URL + "/r/team"
		tab.Until(fmt.Sprintf(`byRole('textbox', 'Link to the room')[0].value === %q`, link))
		image := chromedp.CSS(`[aria-label="QR code of the link to #team"]`)
		picture, err := chromedp.Run(tab.Ctx, chromedp.Screenshot(image))
		if err != nil {
			t.Fatal(err)
		}
		code, err := png.Decode(bytes.NewReader(picture))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := qrreader.Decode(code); err != nil || got != link {
			t.Errorf("dark %v: the code reads %q, %v, want %q", dark, got, err, link)
		}
		tab.Click("button", "Copy link")
		tab.Until(`/copied/i.test(document.querySelector('dialog [role=status]').textContent)`)
		tab.Press(kb.Escape)
		tab.Until(`!document.querySelector('dialog') && ` + focused + `.textContent === 'Invite people'`)
	}
}

// TestFirstVisit opens a room with a message: a browser that has not been here reads one sentence, until it has sent a
// message, and never again.
func TestFirstVisit(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	browser := rig.OpenBrowser(t)
	browser.Tab(server.URL).Ready().Say("lunch?")
	tab := browser.Tab(server.URL)
	const welcome = `byRole('region', 'Welcome').length === 1`
	tab.Until(welcome)
	tab.Ready()
	tab.Say("yes")
	tab.Shows("yes")
	tab.Until(`!(` + welcome + `)`)
	again := tab.Sibling(server.URL).Ready()
	again.Shows("yes")
	if rig.Eval[bool](again, welcome) {
		t.Error("the sentence of the first visit came again")
	}
}
