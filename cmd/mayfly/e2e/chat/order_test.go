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
	chip     = `document.querySelector('.life').textContent`
	sendDims = `document.getElementById('message-send').ariaDisabled === 'true'`
)

// courtroom starts a server, and opens the lobby twice: for Grace, a moderator, and for a guest. The guest says text.
func courtroom(t *testing.T, text string) (grace, ben *rig.Tab) {
	t.Helper()
	server := rig.Dev(t, "-rate", "1000/1s")
	browser := rig.OpenBrowser(t)
	grace, ben = browser.Tab(server.URL).Ready(), browser.Tab(server.URL).Ready()
	grace.SignIn("Grace Hopper")
	ben.Say(text)
	grace.Shows(text)
	for _, tab := range []*rig.Tab{grace, ben} {
		tab.Script(watchVoices)
	}
	return grace, ben
}

// tells waits until the bar above the composer tells that, and a screen reader says it.
func tells(tab *rig.Tab, text string) {
	tab.Until(fmt.Sprintf(`%s.textContent.replace(/[\u2068\u2069\u00a0]/g, '').includes(%q)`, orderBar, text))
	tab.Until(hears(text))
}

// hears returns a JavaScript condition: a screen reader has said text.
func hears(text string) string {
	return fmt.Sprintf(`said.some(s => s.replace(/[\u2068\u2069\u00a0]/g, '').includes(%q))`, text)
}

// TestModeratorMutesBansAndLifts has Grace use the mouse. The guest learns of each act, and keeps what cannot be sent.
func TestModeratorMutesBansAndLifts(t *testing.T) {
	t.Parallel()
	grace, ben := courtroom(t, "spam")
	name := rig.Eval[string](ben, ownName)
	grace.Act("spam", "Mute or ban")
	grace.Until(fmt.Sprintf(`%s?.computedName === %q`, rig.ByRole("dialog", ""), "Mute or ban "+name+" (guest)"))
	grace.Click("button", "Mute")
	tells(grace, "Grace Hopper muted "+name+" (guest) for 10 minutes.")
	tells(ben, "Grace Hopper muted you for 10 minutes.")
	ben.Until(waiting + ` === 'A moderator has muted you here. You can write again in 10 minutes.' && ` + sendDims)
	if rig.Eval[bool](ben, `!!`+rig.ByRole("button", "Undo")) {
		t.Error("the guest can undo the mute")
	}
	ben.Say("more spam")
	ben.Until(hears("A moderator has muted you here.") + ` && ` + rig.Composer +
		`.value === 'more spam'`)
	grace.Click("button", "Undo")
	tells(ben, "Grace Hopper lifted your mute.")
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

	grace.Act("sorry", "Take back")
	grace.Until(`!` + rig.Row("sorry") + ` && ` + hears("The message is taken back."))
	ben.ShowsNot("sorry")
	grace.Act("spam", "Mute or ban")
	grace.Until(`!!` + rig.ByRole("dialog", "Mute or ban"))
	grace.Press(kb.Escape)
	grace.Until(`!` + rig.ByRole("dialog", ""))
}

// TestModeratorByKeyboardAlone has Grace use no mouse: Grace mutes, undoes that, sets slow mode and the life of messages,
// undoes that, too, sets them again, and clears the room.
func TestModeratorByKeyboardAlone(t *testing.T) {
	t.Parallel()
	grace, ben := courtroom(t, "spam")
	grace.TabBackTo(rig.Log)
	grace.Press(kb.ArrowDown)
	grace.Press(kb.Home)
	grace.Until(rig.Row("spam") + ` === document.activeElement`)
	grace.Do(rig.Enter())
	grace.Until(`!!document.activeElement.closest('.message-actions')`)
	grace.Press(kb.End)
	grace.Until(`document.activeElement.textContent === 'Mute or ban'`)
	grace.Do(rig.Enter())
	grace.Until(rig.ByRole("dialog", "Mute or ban") + `?.contains(document.activeElement)`)
	grace.TabTo(`document.getElementById('bar-length')`)
	grace.Press(kb.ArrowDown)
	grace.TabTo(rig.ByRole("button", "Mute"))
	grace.Do(rig.Enter())
	tells(grace, "(guest) for 1 hour.")
	grace.Until(`!document.querySelector('dialog') && document.activeElement !== document.body`)
	ben.Until(waiting + `.startsWith('A moderator has muted you here.')`)
	grace.Script(rig.Composer + `.focus()`)
	grace.Press(kb.Tab, rig.Shift)
	grace.Until(`document.activeElement.textContent === 'Undo'`)
	grace.Do(rig.Enter())
	ben.Until(waiting + ` === ''`)
	grace.Until(rig.Composer + ` === document.activeElement`)

	toRoom := func() {
		grace.Press("k", chromedp.KeyModifiers(chromedp.ModifierCtrl))
		grace.Until(paletteOpen)
		grace.Press("moderate")
		grace.Until(atEnter + `?.computedName === 'Moderate #lobby'`)
		grace.Do(rig.Enter())
		grace.Until(rig.ByRole("dialog", "Moderate #lobby") + `?.contains(document.activeElement)`)
	}
	for _, undone := range []bool{true, false} {
		toRoom()
		grace.TabTo(`document.getElementById('slow-mode')`)
		grace.Press(kb.ArrowDown)
		grace.TabTo(`document.getElementById('room-life')`)
		grace.Press(kb.ArrowDown)
		grace.TabTo(rig.ByRole("button", "Apply"))
		grace.Do(rig.Enter())
		for _, tab := range []*rig.Tab{grace, ben} {
			tells(tab, "Grace Hopper turned on slow mode: one message in 10 seconds.")
			tab.Until(chip + `.includes('1 h') && ` + chip + `.includes('Slow mode: one message in 10 seconds')`)
		}
		if !undone {
			break
		}
		grace.TabBackTo(rig.ByRole("button", "Undo"))
		grace.Do(rig.Enter())
		for _, tab := range []*rig.Tab{grace, ben} {
			tab.Until(chip + `.includes('5 min') && !` + chip + `.includes('Slow mode')`)
		}
	}
	ben.Until(waiting + ` === ''`) // Ben has posted less than 10 seconds ago
	ben.Say("slowly")
	grace.Shows("slowly")
	ben.Until(`/^Slow mode: you can write again in \d+ seconds?\.$/.test(` + waiting + `)`)
	ben.Say("too early")
	ben.Until(rig.Composer + `.value === 'too early' && ` + hears("Slow mode: you can write again"))
	ben.Until(waiting + ` === ''`)
	ben.Do(rig.Enter())
	grace.Shows("too early")

	toRoom()
	grace.TabTo(rig.ByRole("button", "Clear the room"))
	grace.Do(rig.Enter())
	grace.Until(`document.activeElement.textContent === 'Take back all messages' &&
		document.activeElement.ariaDescribedByElements[0].textContent.includes('Nothing brings them back')`)
	grace.Do(rig.Enter())
	tells(ben, "Grace Hopper took back all messages here.")
	ben.ShowsNot("spam")
	grace.ShowsNot("spam")
	grace.Until(rig.Composer + ` === document.activeElement`)
}

// TestModeratorsLook checks the dialogs and the bar in both themes, at the width of a phone, and by touch.
func TestModeratorsLook(t *testing.T) {
	t.Parallel()
	grace, ben := courtroom(t, "spam")
	look := func(when string, phone bool) {
		t.Helper()
		for _, dark := range []bool{false, true} {
			for _, tab := range []*rig.Tab{grace, ben} {
				tab.Dark(dark)
				for _, script := range []string{contrasts, cramped} {
					if bad := rig.Eval[[]string](tab, script); len(bad) > 0 {
						t.Errorf("%s, dark %v: %q", when, dark, bad)
					}
				}
			}
		}
		if bad := small(grace, map[bool]int{false: 24, true: 44}[phone]); len(bad) > 0 {
			t.Errorf("%s: too small: %q", when, bad)
		}
		if bad := rig.Eval[[]string](grace, `[...document.querySelectorAll('dialog, dialog *')]
			.filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth && getComputedStyle(e).display !== 'inline')
			.map(e => e.className + ' ' + e.textContent)`); len(bad) > 0 {
			t.Errorf("%s: cut off: %q", when, bad)
		}
	}
	for _, phone := range []bool{false, true} {
		if phone {
			grace.Phone()
			ben.Phone()
		}
		grace.Act("spam", "Mute or ban")
		grace.Until(`!!` + rig.ByRole("dialog", "Mute or ban"))
		look("the dialog about a person", phone)
		grace.Click("button", "Mute")
		tells(ben, "for 10 minutes.")
		ben.Until(waiting + ` !== ''`)
		look("a mute", phone)
		grace.Script(`document.querySelector('[data-do=order]').click()`)
		grace.Until(`!!` + rig.ByRole("dialog", "Moderate #lobby") + ` && ` + rig.ByRole("dialog", "") +
			`.textContent.includes('is muted for')`)
		look("the dialog about the room", phone)
		grace.Click("button", "Lift")
		ben.Until(waiting + ` === ''`)
	}
}
