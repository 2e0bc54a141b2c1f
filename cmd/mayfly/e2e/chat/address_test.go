package chat_test

import (
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"

	"mayfly/cmd/mayfly/e2e/rig"
)

// TestARoomHasOneAddress opens a room by other ways to write its address: the address is corrected in place.
func TestARoomHasOneAddress(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	for path, want := range map[string]string{
		"/r/team/": "/r/team", "/r/Team": "/r/team", "/r/": "/", "/r/lobby": "/", "/r/team": "/r/team",
		"/#team": "/r/team", "/#Team": "/r/team", "/#lobby": "/", "/r/tea#team": "/r/tea#team",
		"/#message": "/#message", "/#BAD!!": "/#BAD!!", "/#100%": "/#100%25", "/#%zz": "/#%25zz", "/#state=x": "/#state=x",
	} {
		tab := rig.OpenBrowser(t).Tab(server.URL + path).Ready()
		tab.Until(`location.pathname + location.hash === '` + want + `'`)
		if n := rig.Eval[int](tab, `history.length`); n > 2 { // the empty tab and the page
			t.Errorf("%s leads to %s by %d entries of the history", path, want, n)
		}
	}
}

// TestFragmentIsChanged changes the fragment of an open page, as a user does in the address bar.
func TestFragmentIsChanged(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	for hash, want := range map[string]string{"100%": "#lobby", "%zz": "#lobby", "BAD!!": "#lobby", "message": "#lobby",
		"team": "#team"} {
		tab.Do(chromedp.Navigate(server.URL))
		tab.Ready()
		tab.Script(`location.hash = '` + hash + `'`)
		tab.Until(`document.querySelector('h1').textContent === '` + want + `'`)
		tab.Say("at " + hash)
		tab.Shows("at " + hash)
		if got := rig.Eval[string](tab, `document.querySelector('h1').textContent`); got != want {
			t.Errorf("the fragment %s leads to %s, want %s", hash, got, want)
		}
	}
}

// TestOpenARoom types names of rooms in the ways that users write them, and a name that no room can have: beside the log,
// and on a phone in the drawer.
func TestOpenARoom(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	field := rig.ByRole("textbox", "Open a room")
	open := func(text string) {
		tab.Until(field + `?.checkVisibility() === true`)
		tab.Script(field + `.value = ` + strconv.Quote(text))
		tab.Script(field + `.dispatchEvent(new Event('input', {bubbles: true}))`)
		tab.Script(field + `.form.requestSubmit()`)
	}
	for text, path := range map[string]string{" Team ": "/r/team", "#coffee": "/r/coffee", server.URL + "/r/Tea/?x": "/r/tea"} {
		open(text)
		tab.Until(`location.pathname === '` + path + `'`)
	}
	before := rig.Eval[string](tab, `location.pathname`)
	tab.Phone()
	tab.Click("button", "Rooms")
	open("my team")
	tab.Until(field + `.validationMessage.includes("No room can have that name")`)
	if got := rig.Eval[string](tab, `location.pathname`); got != before {
		t.Errorf("a name that no room can have leads to %s", got)
	}
	open("soup")
	tab.Until(`location.pathname === '/r/soup' && !` + field + `?.checkVisibility()`)
}

// TestClicksThatTheBrowserTakes checks that a click on a link with a key such as Shift does not open the link in this
// tab.
func TestClicksThatTheBrowserTakes(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL + "/r/team").Ready()
	brand := rig.ByRole("link", "Mayfly")
	for _, keys := range []string{`shiftKey: true`, `altKey: true`, `ctrlKey: true`, `metaKey: true`, `button: 1`} {
		// What the browser itself would do is prevented, so that no window opens; go-app does not look at that.
		tab.Script(brand + `.addEventListener('click', e => e.preventDefault(), {once: true})`)
		tab.Script(brand + `.dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true, ` + keys + `}))`)
		tab.Say("with " + keys)
		tab.Shows("with " + keys)
		if got := rig.Eval[string](tab, `location.pathname`); got != "/r/team" {
			t.Fatalf("a click with %s leads to %s in place", keys, got)
		}
	}
	tab.Script(brand + `.click()`)
	tab.Until(`location.pathname === '/'`)
}
