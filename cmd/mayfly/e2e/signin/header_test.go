package signin_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

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
	signIn(tab, "Ada Lovelace")
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
