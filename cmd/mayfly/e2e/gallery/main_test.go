package main

import (
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"

	"mayfly/app/words"
	"mayfly/cmd/mayfly/e2e/rig"
)

func TestMain(m *testing.M) { rig.Main(m) }

// clipped lists the texts that do not fit: the texts of elements whose content is wider than the element, and the texts that
// leave the section, a control or another element that cuts them off. It leaves out the elements in the constant may. Some
// of these are only for assistive technology, and the page cuts off the text of others on purpose. For example, long names
// and quotes end in an ellipsis, and the field for the life of a message shows only a clock.
const clipped = `(() => {
	const may = '.unseen, .who-before:has(+ :not(:empty)), .who:has(+ .status-busy), .skip, .room, .who-name, ' +
		'.status-good:not(:has(#status-tail:not(:empty))), .message-quote, ' +
		'.composer-life, option, .rooms-link, .rooms-actions, .message-cut, h2, .message-piled';
	const all = [...document.querySelectorAll('.gallery-state *')].filter(e => !e.closest(may) && e.checkVisibility());
	const wide = all.filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 &&
		getComputedStyle(e).display !== 'inline').map(e => [e, e]);
	const out = [];
	for (const e of all) {
		for (const text of e.childNodes) {
			if (text.nodeType !== Node.TEXT_NODE || !text.data.trim()) continue;
			const range = document.createRange();
			range.selectNodeContents(text);
			const r = range.getBoundingClientRect();
			for (const within of [e.closest('section.gallery-state'), e.closest('button, .typing')]) {
				const box = within?.getBoundingClientRect();
				if (!box) continue;
				const beside = r.left < box.left - 1 || r.right > box.right + 1;
				const beyond = r.top < box.top - 1 || r.bottom > box.bottom + 1;
				if (beside || beyond && within.localName === 'button') out.push([e, within]);
			}
		}
	}
	return [...wide, ...out].map(([e, within]) => e.closest('section.gallery-state').firstChild.textContent + ': <' +
		e.localName + ' class="' + e.className + '"> in <' + within.className + '>: ' + e.textContent.slice(0, 60));
})()`

// TestEveryTextFits shows the gallery in each language at three widths.
func TestEveryTextFits(t *testing.T) {
	handler, err := build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	tab := rig.OpenBrowser(t).Tab("")
	for _, l := range words.Languages() {
		tab.Do(chromedp.Navigate(server.URL + "/?" + l.Tag))
		tab.Until(`document.querySelectorAll('.gallery-state .message').length > 20`)
		got := rig.Eval[string](tab, `document.documentElement.lang + ' ' + document.documentElement.dir`)
		if got != l.Tag+" "+l.Dir {
			t.Errorf("the document is in %s, want %s %s", got, l.Tag, l.Dir)
		}
		for _, width := range []int64{320, 390, 1280} {
			tab.Do(chromedp.EmulateViewport(width, 800))
			for _, problem := range rig.Eval[[]string](tab, clipped) {
				t.Errorf("%s, %d px: %s", l.Tag, width, problem)
			}
		}
	}
}
