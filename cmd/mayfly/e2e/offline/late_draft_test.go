package offline_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"mayfly/cmd/mayfly/e2e/rig"
)

// lateDevice is a script that delays the database in which the page stores drafts. In each page that is loaded while
// sessionStorage.late is set, the database opens only once release() is called.
const lateDevice = `{
	const open = IDBFactory.prototype.open;
	const released = new Promise(done => window.release = done);
	IDBFactory.prototype.open = function(name, ...version) {
		const real = open.call(this, name, ...version);
		if (name !== 'mayfly-device' || !sessionStorage.late) return real;
		const late = {};
		for (const kind of ['success', 'error']) real.addEventListener(kind, event => released.then(() => {
			late.result = real.result;
			late['on' + kind]?.(event);
		}));
		return late;
	};
}`

// field is a JavaScript expression: the text in the composer.
const field = rig.Composer + `?.value`

// writtenHalf opens /r/x, writes "half written" into the composer and loads the page again. The draft comes back only
// after release().
func writtenHalf(tab *rig.Tab, url string) {
	tab.BeforeScripts(lateDevice)
	tab.Do(chromedp.Navigate(url + "/r/x"))
	tab.Ready()
	tab.Do(rig.Type("half written"))
	keeps(tab, "half written")
	tab.Do(chromedp.Evaluate[chromedp.Void](`sessionStorage.late = 'yes'`), chromedp.Reload())
	tab.Until(rig.MayWrite)
}

// painted waits until the page has drawn its current state.
func painted(tab *rig.Tab) {
	rig.Eval[bool](tab, `new Promise(done =>
		requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(true)))))`)
}

// goTo goes to another room without loading the page.
func goTo(tab *rig.Tab, path string) {
	tab.Do(chromedp.Evaluate[chromedp.Void](`{
		const link = document.querySelector('a.brand');
		link.href = '` + path + `';
		link.click();
	}`))
}

func release(tab *rig.Tab) { tab.Script(`release()`) }

// TestLateDraftFillsAFieldWithoutTheFocus: a late draft goes into an empty field that does not have the focus, even long
// after the page came online.
func TestLateDraftFillsAFieldWithoutTheFocus(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab("")
	writtenHalf(tab, server.URL)
	tab.Ready()
	if got := written(tab); got != "" {
		t.Fatalf("before the device answers the composer has %q", got)
	}
	tab.Script(rig.Composer + `.blur()`)
	release(tab)
	tab.Until(field + ` === 'half written'`)
	keeps(tab, "half written")
}

// onOffer is a JavaScript expression: the text of the offer above the composer, "" if there is none.
const onOffer = `document.getElementById('message-offer').textContent`

// caret is a JavaScript expression: the text in the composer, with | at both ends of the selection.
const caret = `(c => c.value.slice(0, c.selectionStart) + '|' + c.value.slice(c.selectionStart, c.selectionEnd) + '|' +
	c.value.slice(c.selectionEnd))(` + rig.Composer + `)`

// TestLateDraftIsOffered: a draft comes while the user is about to write, writes, selects or composes. The field stays as
// it is, and the draft is offered.
func TestLateDraftIsOffered(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	for _, tt := range []struct {
		name  string
		write func(tab *rig.Tab)
		want  string // the value of caret
		press string // the button of the offer
		after string // the text after the button was pressed
	}{
		{"the field has the focus", func(*rig.Tab) {}, "||", "Insert", "half written"},
		{"the caret is in the middle", func(tab *rig.Tab) {
			tab.Do(rig.Type("mine"), chromedp.KeyEvent(kb.ArrowLeft))
		}, "min||e", "Insert", "mine\nhalf written"},
		{"all is selected", func(tab *rig.Tab) {
			tab.Do(rig.Type("mine"))
			tab.Script(rig.Composer + `.select()`)
		}, "|mine|", "Discard", "mine"},
		{"an input method composes", func(tab *rig.Tab) {
			tab.Compose("한")
		}, "한||", "Discard", "한"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tab := rig.OpenBrowser(t).Tab("")
			writtenHalf(tab, server.URL)
			tt.write(tab)
			tab.Script(`window.cut = 0; addEventListener('compositionend', () => cut++, true)`)
			release(tab)
			tab.Until(onOffer + `.startsWith('You left a draft here: “half written”')`)
			painted(tab)
			if got := rig.Eval[string](tab, caret); got != tt.want || rig.Eval[int](tab, `cut`) != 0 {
				t.Errorf("the field holds %q, want %q; %d compositions were cut", got, tt.want, rig.Eval[int](tab, `cut`))
			}
			tab.Click("button", tt.press+" “half written”")
			tab.Until(fmt.Sprintf(`%s === %q && %s === '' && document.activeElement === %s`, field, tt.after, onOffer, rig.Composer))
			keeps(tab, tt.after)
		})
	}
}

// TestLateDraftWaitsForWhatTheUserWrites: the draft stays offered when the user sends the text in the field. Enter never
// sends the draft.
func TestLateDraftWaitsForWhatTheUserWrites(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab("")
	writtenHalf(tab, server.URL)
	tab.Do(rig.Type("mine"))
	release(tab)
	keeps(tab, "mine\nhalf written") // so that nothing is lost if the page ends now
	painted(tab)
	if got := written(tab); got != "mine" {
		t.Fatalf("a draft that comes late makes %q of what the user writes", got)
	}
	tab.Do(rig.Type(" too"))
	keeps(tab, "mine too\nhalf written")
	tab.Ready()
	tab.Script(`for (let i = 0; i < 3; i++) ` + rig.Composer + `
		.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', bubbles: true, cancelable: true}))`)
	tab.Shows("mine too")
	keeps(tab, "half written")
	tab.Click("button", "Insert “half written”")
	tab.Until(field + ` === 'half written'`)
	keeps(tab, "half written")
	if got := tab.Messages(); len(got) != 1 {
		t.Errorf("sent were %q", got)
	}
}

// TestLateDraftLeavesAnEmptiedFieldAlone: the user has emptied the field, so the draft is offered and not put into it. It
// is offered again when the user comes back to the room.
func TestLateDraftLeavesAnEmptiedFieldAlone(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab("")
	writtenHalf(tab, server.URL)
	tab.Do(rig.Type("x"), chromedp.KeyEvent(kb.Backspace))
	release(tab)
	tab.Ready()
	keeps(tab, "half written")
	painted(tab)
	if got := written(tab); got != "" {
		t.Fatalf("a field that the user has emptied holds %q", got)
	}
	goTo(tab, "/r/y")
	tab.Until(`document.title.startsWith('#y')`)
	tab.Do(rig.Type("for y"))
	goTo(tab, "/r/x")
	draft(tab, "half written")
	goTo(tab, "/r/y")
	draft(tab, "for y")
}

// TestLateDraftOfARoomThatTheUserHasLeft: a draft of a room that the user has left does not go into the field of another
// room.
func TestLateDraftOfARoomThatTheUserHasLeft(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab("")
	writtenHalf(tab, server.URL)
	goTo(tab, "/r/y")
	tab.Until(`document.title.startsWith('#y')`)
	release(tab)
	tab.Ready()
	tab.Do(rig.Type("for y"))
	tab.Until(`(` + rig.Device + `).then(kept => Object.values(kept).length === 2)`)
	if got := written(tab); got != "for y" {
		t.Errorf("in the other room the composer has %q", got)
	}
	tab.Do(chromedp.Evaluate[chromedp.Void](`history.back()`))
	draft(tab, "half written")
}

// TestWrittenOnTheWayBackFromSigningIn: the user writes before the page knows the room.
func TestWrittenOnTheWayBackFromSigningIn(t *testing.T) {
	t.Parallel()
	server := rig.Dev(t)
	tab := rig.OpenBrowser(t).Tab("")
	tab.BeforeScripts(`{ // the provider answers the request for tokens once answer() is called
		const real = window.fetch;
		const answered = new Promise(done => window.answer = done);
		window.fetch = async (url, options) => {
			if (options?.method === 'POST') await answered;
			return real(url, options);
		};
	}`)
	tab.Do(chromedp.Navigate(server.URL + "/r/x"))
	tab.Ready()
	tab.Do(rig.Type("half written"))
	keeps(tab, "half written")
	tab.Click("button", "Sign in")
	tab.Click("button", "Ada Lovelace")
	tab.Until(`location.pathname === '/login/callback' && ` + rig.MayWrite)
	tab.Do(rig.Type("mine"), chromedp.Evaluate[chromedp.Void](`answer()`))
	tab.Until(`location.pathname === '/r/x' && ` + rig.Header + `.innerText.includes('Signed in as')`)
	tab.Ready()
	painted(tab)
	if got := written(tab); got != "mine" {
		t.Fatalf("after signing in the composer has %q", got)
	}
	keeps(tab, "mine\nhalf written")
	painted(tab)
	if got := written(tab); got != "mine" {
		t.Fatalf("once the draft is back the composer has %q", got)
	}
	tab.Do(rig.Enter())
	tab.Shows("mine")
	draft(tab, "half written")
	if got := tab.Messages(); len(got) != 1 {
		t.Errorf("sent were %q", got)
	}
}
