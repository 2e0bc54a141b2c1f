package chat_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"mayfly/app/browser"
	"mayfly/app/words"
	"mayfly/cmd/mayfly/e2e/rig"
)

const (
	dialog   = `theOne('dialog', 'Settings')`
	noDialog = `!document.querySelector('dialog')`
)

var openSettings = rig.ByRole("button", "Settings")

// toSettings opens the settings by keyboard.
func toSettings(tab *rig.Tab) {
	tab.Script(openSettings + `.focus()`)
	tab.Do(rig.Enter())
	tab.Until(dialog + `.matches(':modal') && document.activeElement === ` + dialog)
}

// chooses presses the radio button or the checkbox with that name.
func chooses(tab *rig.Tab, role, name string) {
	tab.Until(`!!` + rig.ByRole(role, name))
	tab.Script(rig.ByRole(role, name) + `.click()`)
}

// colours is a JavaScript expression: the ground of the page, and the colour of the window's frame.
const colours = `[getComputedStyle(document.body).backgroundColor,
	[...document.querySelectorAll('meta[name=theme-color]')].map(m => m.content).join()].join()`

// TestSettingsDialog opens the settings by keyboard and by mouse. They take the focus and give it back, and nothing behind
// them has it.
func TestSettingsDialog(t *testing.T) {
	t.Parallel()
	tab := rig.OpenBrowser(t).Tab(rig.Serve(t).URL).Ready()
	toSettings(tab)
	wantNodes(t, tab, 1, "dialog", "Settings")
	wantNodes(t, tab, 5, "group", "") // each has a name
	tab.Until(`['Theme', 'Text size', 'Time left', 'Enter key', 'Notifications'].every(name =>
		byRole('group', name).length + byRole('radiogroup', name).length === 1)`)
	for range 12 {
		tab.Press(kb.Tab)
		if at := rig.Eval[string](tab, `document.activeElement.outerHTML`); !rig.Eval[bool](tab,
			`document.activeElement === document.body || `+dialog+`.contains(document.activeElement)`) {
			t.Errorf("behind the settings the focus is on %s", at)
		}
	}
	tab.Press(kb.Escape)
	tab.Until(noDialog + ` && document.activeElement === ` + openSettings)
	tab.Click("button", "Settings")
	tab.Click("button", "Close")
	tab.Until(noDialog + ` && document.activeElement === ` + openSettings)
	tab.Until(`!document.querySelector('dialog')`)
}

// TestEverySettingSurvivesAReload chooses another value for each setting. It applies at once, in the other tab too, and
// after a reload: the theme and the size of the text before the first frame.
func TestEverySettingSurvivesAReload(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-ttl", "1h")
	tab := rig.OpenBrowser(t).Tab("")
	tab.BeforeScripts(`{
		window.grounds = new Set();
		const look = () => {
			if (document.body) grounds.add(getComputedStyle(document.documentElement).colorScheme + ' ' +
				getComputedStyle(document.documentElement).fontSize);
			requestAnimationFrame(look);
		};
		requestAnimationFrame(look);
	}`)
	tab.Do(chromedp.Navigate(server.URL))
	tab.Ready()
	tab.Dark(false)
	tab.Say("hello")
	tab.Shows("hello")
	other := tab.Sibling(server.URL).Ready()
	other.Shows("hello")
	tab.Until(colours + ` === 'rgb(246, 244, 238),#f6f4ee,#0f2733'`)
	toSettings(tab)
	chooses(tab, "radio", "Dark")
	chooses(tab, "radio", "Very large")
	chooses(tab, "radio", "Numbers")
	chooses(tab, "radio", "Begins a new line")
	chooses(tab, "checkbox", "Show who is typing")
	field := rig.ByRole("combobox", "Language")
	tab.Script(`{const f = ` + field + `; f.value = 'de'; f.dispatchEvent(new Event('change', {bubbles: true}))}`)
	german := func(k words.Key) string { return words.In(1, k) }
	holds := func(tab *rig.Tab) {
		t.Helper()
		tab.Until(colours + ` === 'rgb(15, 39, 51),#0f2733,#0f2733'`)
		tab.Until(`getComputedStyle(document.documentElement).fontSize === '22.4px'`)
		tab.Until(`/^\d+:\d\d$/.test(document.querySelector('` + rig.RowLeft + `').textContent) &&
			getComputedStyle(document.querySelector('` + rig.RowLeft + `'), '::after').display === 'none'`)
		tab.Until(fmt.Sprintf(`document.querySelector('textarea').enterKeyHint === 'enter' &&
			document.querySelector('form.composer > .unseen').textContent === %q`, german(words.ComposerHintBreaks)))
		tab.Until(fmt.Sprintf(`document.documentElement.lang === 'de' &&
			document.querySelector('textarea').placeholder === %q`,
			german(words.ComposerPlaceholder)))
	}
	holds(tab)
	holds(other)
	tab.Do(chromedp.Reload())
	holds(tab)
	if got := rig.Eval[string](tab, `[...grounds].join()`); got != "dark 22.4px" {
		t.Errorf("frames had the looks %q", got)
	}
	tab.Until(rig.MayWrite)
	tab.Do(rig.Type("one"), rig.Enter())
	tab.Until(`document.querySelector('textarea').value === 'one\n'`)
	tab.Do(rig.Enter(chromedp.ModifierCtrl))
	tab.Shows("one")
	tab.Script(rig.ByRole("button", german(words.Settings)) + `.click()`)
	tab.Until(`document.querySelector('dialog[open] :is([name=typing], [value=off])') &&
		['dark', 'largest', 'numbers', 'break'].join() === [...document.querySelectorAll('dialog [type=radio]:checked')]
			.map(r => r.value).join() && !document.querySelector('[name=typing]').checked`)
	other.Script(`localStorage.setItem('` + browser.SettingsKey + `', '{"theme":"light","left":"off"}')`)
	tab.Until(colours + ` === 'rgb(246, 244, 238),#f6f4ee,#f6f4ee' && document.querySelector('[value=off]').checked &&
		document.querySelector('` + rig.RowLeft + `').textContent === '' && document.documentElement.lang === 'en'`)
}

// TestSettingsWithoutStorage has a browser that denies storage, or whose storage is full. The user's choice applies to this
// page, and the dialog says that the choice is gone after a reload.
func TestSettingsWithoutStorage(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	for name, script := range storageFails {
		t.Run(name, func(t *testing.T) {
			tab := rig.OpenBrowser(t).Tab("")
			tab.BeforeScripts(script)
			tab.Do(chromedp.Navigate(server.URL))
			tab.Ready()
			tab.Dark(false)
			toSettings(tab)
			chooses(tab, "radio", "Dark")
			tab.Until(colours + ` === 'rgb(15, 39, 51),#0f2733,#0f2733' &&
				` + dialog + `.innerText.includes('` + words.In(0, words.SettingsLost) + `')`)
			tab.Do(chromedp.Reload())
			tab.Ready()
			if got := rig.Eval[string](tab, colours); strings.HasPrefix(got, "rgb(15, 39, 51)") {
				t.Errorf("after a reload the page is still dark: %s", got)
			}
		})
	}
}

// TestSettingsLook holds the dialog at its narrowest, with the largest and the smallest text: nothing is cut off or needs
// sideways scrolling, and every control can be hit by a finger.
func TestSettingsLook(t *testing.T) {
	t.Parallel()
	tab := rig.OpenBrowser(t).Tab(rig.Serve(t).URL).Ready()
	toSettings(tab)
	for _, size := range []string{"Very large", "Small"} {
		tab.Do(chromedp.EmulateViewport(1280, 800))
		chooses(tab, "radio", size)
		tab.Do(chromedp.EmulateViewport(320, 480, chromedp.EmulateMobile, chromedp.EmulateTouch))
		tab.Until(`innerWidth === 320 && ` + dialog + `.clientWidth <= 320`)
		bad := rig.Eval[[]string](tab, `[
			...[`+dialog+`, ...`+dialog+`.querySelectorAll('form, fieldset, label, select, p')]
				.filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth).map(e => 'cut off: ' + e.textContent),
			...[...`+dialog+`.querySelectorAll('label, button, select')].filter(e => e.getBoundingClientRect().height < 43.5)
				.map(e => 'too low: ' + e.textContent),
		]`)
		for _, each := range bad {
			t.Errorf("%s: %s", size, each)
		}
	}
}
