package chat_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/uuid"

	"mayfly/app/browser"
	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

// notesBadge makes window.badge the number on the icon of the installed app.
const notesBadge = `
	window.badge = 0;
	navigator.setAppBadge = async n => { badge = n; };
	navigator.clearAppBadge = async () => { badge = 0; };`

// lobbyAndTea opens the lobby in a tab whose user is in the room tea, too.
func lobbyAndTea(t *testing.T) (*rig.Tab, *rig.Raw, *rig.Server) {
	t.Helper()
	server := rig.Serve(t, "-rate", "100000/1s", "-ttl", "1h")
	tab := rig.OpenBrowser(t).Tab("")
	tab.BeforeScripts(notesBadge)
	tab.Do(chromedp.Navigate(server.URL + "/r/tea"))
	tab.Ready()
	tab.Script(rig.ByRole("link", "Mayfly") + `.click()`)
	tab.Until(`location.pathname === '/' && document.title.startsWith('#lobby')`)
	return tab, rig.DialAnd(t, server, "tea"), server
}

// post posts a text in the room tea, and returns its seq.
func post(r *rig.Raw, text string) int64 {
	r.Send(wire.Post{ID: uuid.NewString(), Room: "tea", Text: text})
	return rig.Next[wire.Accepted](r).Seq
}

// TestUnreadInOtherRooms counts the messages of a room that is not shown: until they are gone, after a reload, and until the
// user reads them.
func TestUnreadInOtherRooms(t *testing.T) {
	t.Parallel()
	tab, r, _ := lobbyAndTea(t)
	first := post(r, "It is ready.")
	post(r, "Green or black?")
	tab.Until(`!!` + rig.ByRole("link", "#tea, 2 unread") + ` && badge === 2`)
	r.Send(wire.Remove{Room: "tea", Seq: first})
	tab.Until(`!!` + rig.ByRole("link", "#tea, 1 unread") + ` && badge === 1`)
	tab.Do(chromedp.Reload())
	tab.Until(`!!window.byRole && !!` + rig.ByRole("link", "#tea, 1 unread") + ` && badge === 1`)
	tab.Script(rig.ByRole("link", "#tea") + `.click()`)
	tab.Shows("Green or black?")
	tab.Until(`badge === 0 && !` + rig.ByRole("link", "unread"))
	tab.Until(belowDivider + ` === 'Green or black?'`)
	tab.Do(chromedp.Reload())
	tab.Shows("Green or black?")
	tab.Until(`badge === 0 && !` + rig.ByRole("link", "unread"))
}

// rooms is JavaScript for the names of the rooms in the list, from top to bottom.
const rooms = `[...document.querySelectorAll('nav li')].map(e => e.dataset.room).join()`

// TestMenuOfARoom pins, mutes and leaves a room with its menu. Another tab of the browser must show the same.
func TestMenuOfARoom(t *testing.T) {
	t.Parallel()
	tab, r, server := lobbyAndTea(t)
	other := tab.Sibling(server.URL).Ready()
	const open = `document.querySelector('nav [popover]:popover-open')`
	act := func(name string) {
		tab.Until(`!` + open) // or the click would close the menu
		tab.Click("button", "Actions for #tea")
		tab.Until(`!!` + open)
		tab.Script(`[...` + open + `.querySelectorAll('button')].find(b => b.innerText === '` + name + `').click()`)
	}
	act("Pin")
	tab.Until(rooms + ` === 'tea,lobby' && !!` + rig.ByRole("link", "#tea, pinned"))
	other.Until(rooms + ` === 'tea,lobby'`)
	act("Mute")
	post(r, "It is ready.")
	tab.Until(`!!` + rig.ByRole("link", "#tea, 1 unread, muted, pinned") + ` && badge === 0`)
	act("Unmute")
	tab.Until(`badge === 1`)
	act("Unpin")
	tab.Until(rooms + ` === 'tea,lobby'`) // the room with the newest message comes first
	act("Leave")
	tab.Until(rooms + ` === 'lobby' && badge === 0 && document.activeElement === ` + rig.ByRole("link", "#lobby"))
	other.Until(rooms + ` === 'lobby'`)
	tab.Until(`!localStorage['` + browser.RoomsKey + `'].includes('tea')`)
}

// TestReadInOneTabIsReadInAll: two tabs count the same message, until the user reads it in one of them.
func TestReadInOneTabIsReadInAll(t *testing.T) {
	t.Parallel()
	tab, r, server := lobbyAndTea(t)
	other := tab.Sibling(server.URL).Ready()
	post(r, "It is ready.")
	const unread = `!!document.querySelector('nav .rooms-count')`
	tab.Until(unread)
	other.Until(unread)
	tab.Script(rig.ByRole("link", "#tea") + `.click()`)
	tab.Shows("It is ready.")
	tab.Until(`!` + unread)
	other.Until(`!` + unread)
}
