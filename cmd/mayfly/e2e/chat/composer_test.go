package chat_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

const (
	value   = rig.Composer + `.value`
	tally   = `document.getElementById('message-tally')`
	problem = `document.querySelector('form [role=alert]')`
)

func TestCounterNearTheLimit(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	tab.Until(`!!` + rig.Find(".note")) // the last that is drawn of an empty room
	tab.Script(watchVoices)
	// The header's word for the connection may change at any time.
	tab.Script(`window.changed = [];
		new MutationObserver(all => changed.push(...all.filter(r => !` + rig.Header + `.contains(r.target))
			.map(r => r.type + ' of ' + r.target.outerHTML)))
			.observe(document.documentElement, {subtree: true, childList: true, characterData: true, attributes: true})`)
	for range 10 {
		tab.Press("x")
	}
	tab.Do(rig.Type(strings.Repeat("🪰", wire.MaxText*9/10-11)))
	if changed := rig.Eval[[]string](tab, "changed"); len(changed) > 0 {
		t.Errorf("typing far from the limit changed the page: %q", changed)
	}
	tab.Press("x")
	tab.Until(tally + `.innerText === '3,600 of 4,000' && said.length === 1`)
	tab.Do(rig.Type(" \n"), chromedp.KeyEvent("x")) // white space at the ends of the text does not count
	tab.Until(tally + `.innerText === '3,603 of 4,000'`)
	tab.Do(rig.Type(strings.Repeat("y", 398)))
	tab.Until(tally + `.innerText === '4,001 of 4,000: 1 character too many' && said.length === 2`)
	tab.Do(rig.Enter())
	tab.Until(`[...document.querySelectorAll('p:not(.unseen)')].filter(p => p.innerText.includes('too many')).length === 1 &&
		` + rig.ByRole("button", "Send") + `.matches('[aria-disabled=true]:not(:disabled)') &&
			said.length === 3`) // the sentence is shown once and said again
	if got := rig.Eval[string](tab, value); strings.Count(got, "y") != 398 || len(tab.Messages()) != 0 {
		t.Errorf("%d messages are shown and %d characters left, want the text kept", len(tab.Messages()), len(got))
	}
	if !rig.Eval[bool](tab, rig.Composer+`.matches('[aria-invalid=true][aria-describedby~=message-tally]:focus')`) {
		t.Error("the field does not say that it is wrong and why, or has lost the focus")
	}
	tab.Press(kb.Backspace)
	tab.Until(problem + `.innerText === '' && ` + tally + `.innerText === '4,000 of 4,000' && said.length === 4 &&
		!` + rig.ByRole("button", "Send") + `.matches('[aria-disabled=true]')`)
	wantSaid(t, tab, "400 characters left", "1 character too many", "1 character too many\u00a0", "0 characters left")
	tab.Do(rig.Enter())
	tab.Until(value + ` === '' && ` + tally + `.innerText === ''`)
	tab.Shows("xxx")
}

func TestEnterWhileComposingDoesNotSend(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	tab.Script(`window.composing = []; addEventListener('keydown', e => composing.push(e.isComposing), true)`)
	tab.Compose("にほん")
	tab.Do(rig.Enter())
	if got := rig.Eval[[]bool](tab, "composing"); !slices.Equal(got, []bool{true}) {
		t.Fatalf("isComposing was %v: this tests nothing", got)
	}
	tab.Do(rig.Type("日本"))
	if got := rig.Eval[string](tab, value); got != "日本" || len(tab.Messages()) != 0 {
		t.Errorf("the composer holds %q, and %q is shown", got, tab.Messages())
	}
	tab.Do(rig.Enter())
	tab.Shows("日本")
}

// fixedField makes the browser one that doesn't make the field grow by itself.
const fixedField = `const supports = CSS.supports; CSS.supports = (...a) => a[0] !== 'field-sizing' &&
	supports.apply(CSS, a);
	addEventListener('focusin', e => e.target.style.fieldSizing = 'fixed');`

// TestComposerGrows types ten lines. Eight must be in sight, even in a browser that does not make the field grow by
// itself.
func TestComposerGrows(t *testing.T) {
	t.Parallel()
	const (
		lines = `Math.round((` + rig.Composer + `.getBoundingClientRect().height - empty) /
			parseFloat(getComputedStyle(` + rig.Composer + `).lineHeight)) + 1`
		scroll = rig.Composer + `.scrollHeight > ` + rig.Composer + `.clientHeight + 2`
	)
	server := rig.Serve(t)
	for name, script := range map[string]string{"by itself": ``, "as Mayfly makes it": fixedField} {
		t.Run(name, func(t *testing.T) {
			tab := rig.OpenBrowser(t).Tab("")
			tab.BeforeScripts(script)
			tab.Do(chromedp.Navigate(server.URL))
			tab.Ready()
			tab.Script(`window.empty = ` + rig.Composer + `.getBoundingClientRect().height`)
			for n := 2; n <= 10; n++ {
				tab.Do(rig.Enter(chromedp.ModifierShift), rig.Type("x"))
				tab.Until(fmt.Sprintf(`%s === %d && (%s) === %t`, lines, min(n, 8), scroll, n > 8))
			}
			tab.Do(rig.Enter())
			tab.Until(lines + ` === 1`)
		})
	}
}

// lines says how many lines of its text the composer shows, how many it has above them, and how wide the gap is between the
// edge of the field and the text.
type lines struct{ Shown, Above, Gap float64 }

const linesInSight = `(e => {
	const line = parseFloat(getComputedStyle(e).lineHeight), s = getComputedStyle(e);
	return {Shown: e.clientHeight / line, Above: e.scrollTop / line, Gap: parseFloat(s.borderTopWidth)};
})(` + rig.Composer + `)`

// TestComposerShowsWholeLines scrolls a long text to its ends: the lines that are in sight are whole, on any screen.
func TestComposerShowsWholeLines(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	for name, script := range map[string]string{"by itself": ``, "as Mayfly makes it": fixedField} {
		t.Run(name, func(t *testing.T) {
			tab := rig.OpenBrowser(t).Tab("")
			tab.BeforeScripts(script)
			tab.Do(chromedp.Navigate(server.URL))
			tab.Ready()
			for _, tt := range []struct {
				name       string
				size       func()
				all, shown int // lines of the text, and those in sight
			}{
				{"desktop, one line", func() {}, 1, 1},
				{"desktop, all in sight", func() {}, 8, 8},
				{"desktop", func() {}, 12, 8},
				{"desktop, a long text", func() {}, 30, 8},
				{"a low screen", func() { tab.Do(chromedp.EmulateViewport(640, 320)) }, 12, 4},
				{"a very low screen", func() { tab.Do(chromedp.EmulateViewport(320, 200)) }, 12, 2},
				{"a phone", tab.Phone, 12, 8},
				{"a phone with text at 200 %", func() { tab.Script(`document.documentElement.style.fontSize = '200%'`) },
					12, 6},
			} {
				tt.size()
				tab.Script(fmt.Sprintf(`%[1]s.value = Array.from({length: %[2]d}, (_, i) => i).join('\n');
					%[1]s.dispatchEvent(new Event('input', {bubbles: true}))`, rig.Composer, tt.all))
				for _, end := range []string{"0", rig.Composer + ".scrollHeight"} {
					tab.Script(rig.Composer + `.scrollTop = ` + end)
					got := rig.Eval[lines](tab, linesInSight)
					// pixels are rounded
					whole := func(lines float64) bool { return math.Abs(lines-math.Round(lines)) < 0.06 }
					if math.Round(got.Shown) != float64(tt.shown) || !whole(got.Shown) || !whole(got.Above) || got.Gap < 6 {
						t.Errorf("%s, scrolled to %s: %+v", tt.name, end, got)
					}
				}
			}
		})
	}
}

// TestTouchKeyboard writes on a phone: Enter begins a line, and the button sends.
func TestTouchKeyboard(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab("")
	tab.Phone()
	tab.Do(chromedp.Navigate(server.URL))
	tab.Ready()
	tab.Until(rig.Composer + `.enterKeyHint === 'enter' && ` + rig.Form + `.textContent.includes('Enter begins a new line, the button sends.')`)
	tab.Do(rig.Type("one"), rig.Enter(), rig.Type("two"))
	if got := rig.Eval[string](tab, value); got != "one\ntwo" || len(tab.Messages()) != 0 {
		t.Errorf("after Enter the composer holds %q, and %q is shown", got, tab.Messages())
	}
	tab.Click("button", "Send")
	tab.Shows("one\ntwo")
	tab.Do(rig.Type("three"), rig.Enter(chromedp.ModifierCtrl)) // as on a keyboard of keys
	tab.Shows("three")
	if got := rig.Eval[string](tab, value); got != "" {
		t.Errorf("after Ctrl+Enter the composer holds %q", got)
	}
}

func TestFilesAreRefused(t *testing.T) {
	t.Parallel()
	const sentence = "Mayfly sends text only: files are not supported."
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	paste := func(fill string) {
		tab.Script(`{ const data = new DataTransfer(); ` + fill + `
			const pasted = new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true});
			window.prevented = !` + rig.Composer + `.dispatchEvent(pasted); }`)
	}
	const file = `data.items.add(new File(['x'], 'x.png', {type: 'image/png'}));`
	paste(file)
	tab.Until(fmt.Sprintf(`prevented && %s.innerText === %q`, problem, sentence))
	tab.Do(rig.Type("x"))
	tab.Until(problem + `.innerText === ''`)
	paste(file + `data.setData('text/plain', 'cells');`)
	if rig.Eval[bool](tab, `prevented`) {
		t.Error("text that comes with its picture is refused")
	}

	dropped := filepath.Join(t.TempDir(), "x.txt")
	if err := os.WriteFile(dropped, []byte("not a chat"), 0o644); err != nil {
		t.Fatal(err)
	}
	tab.Script(rig.Composer + `.blur()`)
	for _, where := range []string{rig.Log, rig.Composer} {
		at := rig.Eval[[]float64](tab, `(r => [r.x + r.width / 2, r.y + r.height / 2])(`+where+`.getBoundingClientRect())`)
		drag := input.DispatchDragEventParams{X: at[0], Y: at[1], Data: &input.DragData{Items: []*input.DragDataItem{}, Files: []string{dropped}, DragOperationsMask: 1}}
		for _, drag.Type = range []input.DispatchDragEventType{input.DispatchDragEventTypeDragEnter, input.DispatchDragEventTypeDragOver, input.DispatchDragEventTypeDrop} {
			tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
				_, err := chromedp.Call(ctx, input.DispatchDragEvent, drag)
				return err
			}))
		}
		tab.Until(fmt.Sprintf(`%s?.innerText === %q && document.activeElement === %s`, problem, sentence, rig.Composer))
		tab.Do(rig.Type("y"))
		tab.Until(problem + `.innerText === ''`)
	}
	if got := rig.Eval[string](tab, `location.href + ' ' + `+value); got != server.URL+"/ xyy" {
		t.Errorf("page and text are %q", got)
	}
}

func TestControlCharactersArePastedAsWhatTheyShow(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	for _, tt := range []struct {
		pasted    string
		prevented bool // the page has prevented that the browser pastes the text itself
		want      string
	}{
		{`one\u000btwo\u000cthree\u0085four`, true, "one\ntwo\nthree\nfour"},
		{`a\u0003b\u001bc\u009bd`, true, "abcd"},
		{`Zeile\u2028Absatz\u2029.`, true, "Zeile\nAbsatz\n."},
		{`a\tb\r\nc`, false, ""},
	} {
		tab.Script(rig.Composer + `.value = 'now: ';
			` + rig.Composer + `.setSelectionRange(5, 5); {
			const data = new DataTransfer();
			data.setData('text/plain', '` + tt.pasted + `');
			const pasted = new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true});
			window.prevented = !` + rig.Composer + `.dispatchEvent(pasted); }`)
		if got := rig.Eval[bool](tab, `prevented`); got != tt.prevented {
			t.Errorf("%s: pasted by the page: %t, want %t", tt.pasted, got, tt.prevented)
		}
		if got, want := rig.Eval[string](tab, value), "now: "+tt.want; got != want {
			t.Errorf("pasted %s: the composer holds %q, want %q", tt.pasted, got, want)
		}
	}
	tab.Script(rig.Composer + `.value = 'dropped\u000b\u0003text'`)
	tab.Press(kb.Enter)
	tab.Shows("dropped\ntext")
}
