package chat_test

import (
	"strconv"
	"testing"

	"mayfly/cmd/mayfly/e2e/rig"
)

// TestARoomHasOneAddress opens a room by other ways to write its address: the address is corrected in place.
func TestARoomHasOneAddress(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	for path, want := range map[string]string{"/r/team/": "/r/team", "/r/Team": "/r/team", "/r/": "/", "/r/lobby": "/", "/r/team": "/r/team"} {
		tab := rig.OpenBrowser(t).Tab(server.URL + path).Ready()
		tab.Until(`location.pathname === '` + want + `'`)
		if n := rig.Eval[int](tab, `history.length`); n > 2 { // the empty tab and the page
			t.Errorf("%s leads to %s by %d entries of the history", path, want, n)
		}
	}
}

// TestOpenARoom types names of rooms in the ways that users write them, and one that no room can have.
func TestOpenARoom(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	field := rig.ByRole("textbox", "Open a room")
	open := func(text string) {
		tab.Click("button", "Rooms")
		tab.Until(`document.activeElement.closest('nav') !== null || ` + field + ` !== undefined`)
		tab.Script(field + `.value = ` + strconv.Quote(text))
		tab.Script(field + `.form.requestSubmit()`)
	}
	for text, path := range map[string]string{" Team ": "/r/team", "#coffee": "/r/coffee", server.URL + "/r/Tea/?x": "/r/tea"} {
		open(text)
		tab.Until(`location.pathname === '` + path + `'`)
	}
	before := rig.Eval[string](tab, `location.pathname`)
	open("my team")
	tab.Until(field + `.validationMessage.includes("No room can have that name")`)
	if got := rig.Eval[string](tab, `location.pathname`); got != before {
		t.Errorf("a name that no room can have leads to %s", got)
	}
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
