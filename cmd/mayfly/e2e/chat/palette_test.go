package chat_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"mayfly/cmd/mayfly/e2e/rig"
)

const (
	typed = `document.querySelector('dialog[open] input')`
	// paletteOpen also holds what a combobox needs.
	paletteOpen = `byRole('dialog', 'Go to')[0]?.matches(':modal') && document.activeElement === ` + typed + ` &&
		` + typed + `.matches('[aria-autocomplete=list][aria-haspopup=listbox]') &&
		` + typed + `.computedRole === 'combobox' && ` + typed + `.computedName === 'Room, person or action'`
	offered = `[...document.querySelectorAll('dialog [role=option]')].map(o => o.computedName).join()`
	atEnter = `document.getElementById(` + typed + `?.getAttribute('aria-activedescendant'))`
)

// TestPaletteByKeyboard opens the palette from the composer, and goes to a room, to a new room, to a person and to the help.
func TestPaletteByKeyboard(t *testing.T) {
	t.Parallel()
	tab, _, _ := lobbyAndTea(t)
	tab.Until(count + `?.computedName === '1 person'`)
	ctrlK := func() {
		t.Helper()
		tab.Press("k", chromedp.KeyModifiers(chromedp.ModifierCtrl))
	}
	shows := func(want string) {
		t.Helper()
		tab.Until(fmt.Sprintf(`%s === %q && %s?.computedName === %[2]q.split(',')[0]`, offered, want, atEnter))
	}
	const over = `!document.querySelector('dialog') && document.activeElement === ` + rig.Composer
	tab.Do(rig.Type("hello "))
	ctrlK()
	tab.Until(paletteOpen)
	tab.Until(offered + `.startsWith('# tea,# lobby,Invite people,') && ` + atEnter + `?.computedName === '# tea'`)
	tab.Press(kb.ArrowUp) // goes round
	tab.Until(atEnter + ` === [...document.querySelectorAll('dialog [role=option]')].at(-1) &&
		` + atEnter + ` === document.querySelector('dialog [aria-selected=true]') && ` +
		typed + `.matches('[aria-expanded=true]')`)
	tab.Press(kb.Escape)
	tab.Until(over + ` && ` + rig.Composer + `.value === 'hello '`)
	ctrlK()
	tab.Until(paletteOpen)
	ctrlK()
	tab.Until(over)

	ctrlK()
	tab.Until(paletteOpen)
	tab.Do(rig.Type("TE"))
	shows("# tea,Invite people,Open #te")
	tab.Until(`theOne('dialog').querySelector('[role=status]').textContent === '3 results'`)
	tab.Do(rig.Enter())
	tab.Until(over + ` && location.pathname === '/r/tea' && ` + rig.Composer + `.value === ''`)
	ctrlK()
	tab.Until(paletteOpen)
	tab.Do(rig.Type("garden"))
	shows("Open #garden")
	tab.Do(rig.Enter())
	tab.Until(over + ` && location.pathname === '/r/garden' && !!` + rig.ByRole("link", "#garden"))

	ctrlK()
	tab.Until(paletteOpen)
	tab.Do(rig.Type("?!"))
	tab.Until(`theOne('dialog').querySelector('[role=status]').innerText.startsWith('Nothing here') &&
		` + typed + `.matches('[aria-expanded=false]:not([aria-activedescendant])')`)
	tab.Do(rig.Enter())
	tab.Script(typed + `.select()`)
	tab.Do(rig.Type("help"))
	shows("Help,Open #help")
	tab.Do(rig.Enter())
	tab.Until(helping)
	tab.Press(kb.Escape)
	tab.Until(over)
}

// TestPaletteAddressesAPerson uses a mouse, and then a finger.
func TestPaletteAddressesAPerson(t *testing.T) {
	t.Parallel()
	ann, ben := strangers(t)
	name := rig.Eval[string](ben, ownName)
	ann.Until(count + `?.computedName === '2 people'`)
	toPeople(ann) // the list of people has come
	ann.Until(panel + `.querySelectorAll('li').length === 2`)
	ann.Script(field + `.focus()`)
	ann.Do(rig.Type("hi"))
	ann.Click("button", "Go to")
	ann.Until(paletteOpen)
	ann.Do(rig.Type("@"))
	ann.Until(fmt.Sprintf(`%s === %q`, offered, name+" guest"))
	ann.Do(chromedp.Click(chromedp.CSS(`dialog [role=option]`)))
	ann.Until(fmt.Sprintf(`!document.querySelector('dialog') && document.activeElement === %s && %[1]s.value === %q`, field,
		"hi @"+name+" "))
	ann.Until(closed)

	ann.Phone()
	ann.Click("button", "Menu")
	ann.Click("button", "Go to")
	ann.Until(paletteOpen + ` && byRole('dialog')[0].scrollWidth <= innerWidth`)
	low := rig.Eval[[]string](ann, `[...document.querySelectorAll('dialog [role=option], dialog input')]
		.filter(e => e.getBoundingClientRect().height < 43.5).map(e => e.outerHTML)`)
	if len(low) > 0 {
		t.Errorf("a finger cannot hit %q", low)
	}
	ann.Do(rig.Type("show"))
	ann.Until(offered + ` === 'Show people,Open #show'`)
	ann.Script(`document.querySelector('dialog [role=option]').click()`)
	ann.Until(`!document.querySelector('dialog') && document.activeElement === ` + panel)
}
