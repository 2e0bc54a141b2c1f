package signin_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"mayfly/app/words"
	"mayfly/cmd/mayfly/e2e/rig"
)

// TestButtonsOfTheHeaderStandApart kills the server while a signed-in user's message waits. Then the header has more to say
// than fits into a line, and no button may cover another.
func TestButtonsOfTheHeaderStandApart(t *testing.T) {
	t.Parallel()
	const covered = `(() => {
		const boxes = [...` + rig.Header + `.querySelectorAll('button')].filter(b => b.checkVisibility())
			.map(b => [b.innerText, b.getBoundingClientRect()]);
		return boxes.flatMap(([name, a], i) => boxes.slice(i + 1).filter(([, b]) =>
			a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom).map(([other]) => name + ' and ' + other));
	})()`
	server := rig.Dev(t)
	tab := rig.OpenBrowser(t).Tab(server.URL + "/r/walk").Ready()
	tab.SignIn("Ada Lovelace")
	server.Kill()
	tab.Until(rig.Connection + ` !== 'Online'`)
	tab.Do(rig.Type("waits"), rig.Enter())
	for _, text := range []string{"100%", "200%"} {
		tab.Script(`document.documentElement.style.fontSize = '` + text + `'`)
		for _, width := range []int64{320, 360, 390, 641, 720, 768, 1280} {
			tab.Do(chromedp.EmulateViewport(width, 800))
			tab.Until(`/ in \d+ s/.test(` + rig.Header + `.innerText) && ` + rig.Header + `.innerText.includes('1 waiting')`)
			if both := rig.Eval[[]string](tab, covered); len(both) > 0 {
				t.Errorf("%d px wide, text of %s: %s cover each other", width, text, strings.Join(both, ", "))
			}
		}
	}
}

// TestHeaderOfAPhoneHasTwoLines looks at the header as a guest and as a user who is signed in, in each language.
func TestHeaderOfAPhoneHasTwoLines(t *testing.T) {
	t.Parallel()
	server := rig.Dev(t)
	const threeLines = rig.Header + `.getBoundingClientRect().height > 92`
	for _, l := range words.Languages() {
		tab := rig.OpenBrowser(t).Tab("")
		tab.BeforeScripts(`Object.defineProperty(navigator, 'languages', {value: ['` + l.Tag + `']})`)
		tab.Phone()
		look := func(who string) {
			t.Helper()
			tab.Until(`!!document.querySelector('#people-count') && !!document.querySelector('.status-good') &&
				!!document.querySelector('#account') && document.querySelector('.who-name').textContent !== ''`)
			for _, width := range []int64{360, 390} {
				tab.Do(chromedp.EmulateViewport(width, 800, chromedp.EmulateMobile, chromedp.EmulateTouch))
				if rig.Eval[bool](tab, threeLines) {
					t.Errorf("%s, %s, %d px: the header has more than two lines", l.Tag, who, width)
				}
			}
		}
		tab.Do(chromedp.Navigate(server.URL + "/r/walk"))
		look("a guest")
		if l.Tag == "en" { // signIn knows the English button
			tab.Do(chromedp.EmulateViewport(390, 844))
			tab.SignIn("Ada Lovelace")
			look("signed in")
		}
	}
}
