package chat_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

// named is JavaScript for the rows whose face and name are in sight: a string such as "110", with 1 for such a row, 0 for a
// row that shows neither face nor name, and ? for a row that shows only the face or only the name.
const named = `[...` + rig.Rows + `].map(a => {
	const seen = e => e.getClientRects().length > 0;
	const name = seen(a.querySelector('.message-name')), face = seen(a.querySelector('.face'));
	return name === face ? Number(name) : '?';
}).join('')`

// TestGroupHandsItsNameOn: of three messages of one author the first row has face and name, until it expires. Then the next
// row has them. The text of the last row does not move, wherever the user reads.
func TestGroupHandsItsNameOn(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	browser := rig.OpenBrowser(t)
	rig.InTime(t, 2*time.Second, func(life time.Duration) bool {
		tab := shortLived(t, browser, server, lives(life, 0, 0), 3)
		tab.Script(`window.before = ` + named + `; window.labels = was.map(a => a.ariaLabel).join();
			window.text = was[2]?.querySelector('.message-text');
			window.y = text?.getBoundingClientRect().top`)
		if !rig.Eval[bool](tab, `was.length === 3 && was[0].isConnected`) {
			return false
		}
		if got := rig.Eval[string](tab, `before`); got != "100" {
			t.Errorf("of the rows of the group, %s show face and name, want 100", got)
		}
		tab.Until(rig.Gone("line", 1))
		if got := rig.Eval[string](tab, named); got != "10" {
			t.Errorf("once the first row has expired, %s show face and name, want 10", got)
		}
		if moved := rig.Eval[float64](tab, `text.getBoundingClientRect().top - y`); math.Abs(moved) > 1 {
			t.Errorf("the last row moved by %g px", moved)
		}
		if !rig.Eval[bool](tab, `labels.endsWith(was.slice(1).map(a => a.ariaLabel).join()) &&
			was.every(a => /^.+: line \d/.test(a.ariaLabel))`) {
			t.Errorf("not each row has its own sentence with the author: %s", rig.Eval[string](tab, `labels`))
		}
		return true
	})
}

// TestReadingBelowANameThatIsHandedOn: the user has scrolled up, and reads the row below a row that expires, or some rows
// farther down. If nothing is left above, the row below gets the name. The text that the user reads stays where it is, and
// the rows farther down are not written.
func TestReadingBelowANameThatIsHandedOn(t *testing.T) {
	t.Parallel()
	const n, gone = 60, 20
	server := rig.Serve(t, "-rate", "100000/1s")
	browser := rig.OpenBrowser(t)
	for _, tt := range []struct {
		name string
		row  int // the first row in sight
		from int // the first row that expires
	}{
		{"the next row is read", gone + 1, gone},
		{"a row in the middle is read", gone + 5, gone},
		{"all above is gone, and the next row is read", gone + 1, 0},
		{"all above is gone, and the user reads farther down", gone + 9, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rig.InTime(t, 3*time.Second, func(life time.Duration) bool {
				tab := shortLived(t, browser, server, func(i int) time.Duration {
					if i >= tt.from && i <= gone {
						return life
					}
					return 0
				}, n)
				tab.Script(fmt.Sprintf(`window.text = was[%d]?.querySelector('.message-text');
					text?.scrollIntoView(); window.y = text?.getBoundingClientRect().top;
					window.written = new Set();
					new MutationObserver(all => all.forEach(m => written.add(m.target)))
						.observe(%s, {attributes: true, subtree: true, attributeFilter: ['class']})`, tt.row, rig.Log))
				if !rig.Eval[bool](tab, fmt.Sprintf(`was.length === %d && was[%d].isConnected`, n, tt.from)) {
					return false
				}
				for i := tt.from; i <= gone; i++ {
					tab.Until(rig.Gone("line", i+1))
				}
				if moved := rig.Eval[float64](tab, `text.getBoundingClientRect().top - y`); math.Abs(moved) > 1 {
					t.Errorf("the text that is read moved by %g px", moved)
				}
				if got := rig.Eval[int](tab, `[...written].filter(e => e.isConnected).length`); got > 2 {
					t.Errorf("the classes of %d rows were written, want 2 at most", got)
				}
				return true
			})
		})
	}
}

// TestRingsStandInOneColumn: the rings of rows without a name stand below the ring of the row that has it.
func TestRingsStandInOneColumn(t *testing.T) {
	t.Parallel()
	tab := rig.OpenBrowser(t).Tab(rig.Serve(t).URL).Ready()
	for _, text := range []string{"one", "two", "three"} {
		tab.Say(text)
		tab.Shows(text)
	}
	tab.Until(`!` + rig.Find(rig.WaitingRow)) // such a row has no ring yet
	const ends = `[...` + rig.Rows + `].map(a => a.querySelector('` + rig.RowLeft + `'))
		.map(left => Math.round(left.getBoundingClientRect().right))`
	for _, screen := range []struct {
		name  string
		width int64
		how   []chromedp.EmulateViewportOption
	}{
		{"desktop", 1280, nil},
		{"narrow window", 390, nil},
		{"phone", 390, []chromedp.EmulateViewportOption{chromedp.EmulateMobile, chromedp.EmulateTouch}},
		{"tablet", 820, []chromedp.EmulateViewportOption{chromedp.EmulateMobile, chromedp.EmulateTouch}},
	} {
		tab.Do(chromedp.EmulateViewport(screen.width, 800, screen.how...))
		if at := rig.Eval[[]int](tab, ends); len(at) != 3 || at[1] != at[0] || at[2] != at[0] {
			t.Errorf("%s: the rings end at %d px", screen.name, at)
		}
	}
}

// TestTimeBesideARowOfAGroup: a row without a name shows its time in the place of the face, with the pointer or with the
// focus of the keyboard, and its text does not move for it.
func TestTimeBesideARowOfAGroup(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	rig.Fill(r, wire.DefaultRoom, "line", 3, nil)
	tab.Until(rig.Newest("line", 3))
	tab.Script(`window.was = [...` + rig.Rows + `];
		window.texts = () => was.map(a => Math.round(a.querySelector('.message-text').getBoundingClientRect().top)).join();
		window.y = texts();
		window.timed = () => was.map(a => {
			const time = a.querySelector('time'), at = time.getBoundingClientRect(), text = a.querySelector('.message-text');
			const shown = getComputedStyle(time, '::after').content;
			return /^"\d+:\d\d"$/.test(shown) && at.height > 0 && at.right <= text.getBoundingClientRect().left ? 1 : 0;
		}).join('')`)
	if got := rig.Eval[string](tab, `timed()`); got != "000" {
		t.Errorf("at rest %s show the time beside the text, want none", got)
	}
	point(tab, `was[1]`)
	tab.Until(`timed() === '010'`)
	tab.Script(rig.Log + `.focus()`)
	tab.Press(kb.ArrowUp)
	tab.Until(`document.activeElement === was[2] && timed() === '011'`)
	if !rig.Eval[bool](tab, `texts() === y`) {
		t.Error("the texts moved when the times appeared")
	}
}
