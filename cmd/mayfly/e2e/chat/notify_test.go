package chat_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/google/uuid"

	"mayfly/app/words"
	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

// A crowd is two hidden tabs of one browser, and another user. Each tab is a guest of its own, shows the room tea, is in the
// lobby, too, and has turned on notifications.
type crowd struct {
	tab, other *rig.Tab
	worker     *rig.Worker
	server     *rig.Server
	*rig.Raw
	guests []string // the ids of both tabs' guests
}

// newCrowd opens the tabs. It switches the notifications on in one of them.
func newCrowd(t *testing.T) *crowd {
	t.Helper()
	c := &crowd{server: rig.Serve(t, "-rate", "100000/1s", "-ttl", "1h")}
	c.tab = rig.OwnBrowser(t).Tab(c.server.URL).Ready().Installed()
	c.tab.Permit(browser.PermissionSettingGranted)
	c.worker = c.tab.Worker(c.server)
	c.worker.KeepNotifications()
	toSettings(c.tab)
	c.tab.Click("button", "Turn on notifications")
	c.tab.Until(dialog + `.innerText.includes('Notifications are on.')`)
	c.tab.Click("button", "Close")
	c.tab.Script(`history.pushState(null, '', '/r/tea'); dispatchEvent(new PopStateEvent('popstate'))`)
	c.tab.Until(`document.title.startsWith('#tea')`)
	c.other = c.tab.Sibling(c.server.URL + "/r/tea").Ready().Installed()
	c.Raw = rig.Dial(t, c.server)
	c.Hello(uuid.NewString(), wire.Join{Room: "lobby"}, wire.Join{Room: "tea"})
	rig.Next[wire.Joined](c.Raw)
	c.Send(wire.Who{Room: "tea"})
	for _, u := range rig.Next[wire.People](c.Raw).Users {
		c.guests = append(c.guests, u.ID)
	}
	c.tab.Minimize()
	c.other.Minimize()
	return c
}

// says posts a text. If the text begins with @, it mentions both guests. The message lives for brief if life is
// "short". says returns the message's seq.
func (c *crowd) says(room, text string, life ...string) int64 {
	p := wire.Post{ID: uuid.NewString(), Room: room, Text: text}
	if text[0] == '@' {
		p.Mentions = c.guests
	}
	if len(life) > 0 {
		p.TTL = brief.Milliseconds()
	}
	c.Send(p)
	return rig.Next[wire.Accepted](c.Raw).Seq
}

// shows waits until the browser shows these notifications. Each of wants is a part of a notification.
func (c *crowd) shows(t *testing.T, wants ...string) {
	t.Helper()
	is := fmt.Sprintf(`all => (all ? all.split('; ') : []).length === %d`, len(wants))
	for _, want := range wants {
		is += ` && all.includes(` + strconv.Quote(want) + `)`
	}
	c.worker.Until(rig.Notifications + `.then(` + is + `)`)
}

// choose presses a button in the menu of a room, in the first tab, and waits until the other tab follows.
func (c *crowd) choose(room, name string) {
	c.tab.Restore()
	c.tab.Click("button", "Actions for #"+room)
	c.tab.Until(`!!document.querySelector('nav [popover]:popover-open')`)
	item := `[data-room=` + room + `]`
	button := `[...document.querySelectorAll('` + item + ` [popover] button')].find(b => b.innerText === '` + name + `')`
	c.tab.Until(`!!` + button)
	c.tab.Script(button + `.click()`)
	c.tab.Until(`!document.querySelector('nav [popover]:popover-open')`)
	c.tab.Minimize()
	c.other.Until(`document.querySelector('` + item + ` [aria-pressed=true]')?.textContent === '` + name + `' ||
		'` + name + `' === 'Mute' && !!document.querySelector('` + item + `.rooms-muted')`)
}

const mention = " mentioned you in #"

// TestNotificationIsShownOnce: two hidden tabs get the same mention. The browser shows one notification, without the text,
// until the message is taken back or has expired, or until the user has read it in either tab.
func TestNotificationIsShownOnce(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	c.shows(t)
	seq := c.says("tea", "@all The first secret")
	c.shows(t, mention+"tea")
	if got := rig.Eval[string](c.worker.Tab, rig.Notifications); len(got) > 60 {
		t.Errorf("the notification shows %q", got)
	}
	c.Send(wire.Remove{Room: "tea", Seq: seq})
	c.shows(t)
	c.says("tea", "@all The second", "short")
	c.shows(t, mention+"tea")
	c.says("lobby", "@all And another room")
	c.shows(t, mention+"tea", mention+"lobby")
	for _, tab := range []*rig.Tab{c.tab, c.other} {
		tab.Outlive(brief, c.Raw, "tea")
	}
	c.shows(t, mention+"lobby")
	c.says("tea", "@all The third")
	c.shows(t, mention+"tea", mention+"lobby")
	c.other.Restore() // it shows the room tea
	c.shows(t, mention+"lobby")
}

// TestClosedNotificationStaysClosed: the browser has frozen one of the tabs when the mention comes. The user closes the
// notification. Then the frozen tab runs again, and finds the mention; the user is not told again.
func TestClosedNotificationStaysClosed(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	c.other.Freeze()
	c.says("tea", "@all")
	c.shows(t, mention+"tea")
	c.worker.Script(`registration.getNotifications().then(([n]) => n.close())`)
	c.shows(t)
	c.other.Thaw()
	c.other.Until(`!!document.querySelector('[data-room=tea] .rooms-for-me')`)
	c.says("lobby", "@all")
	c.other.Until(`!!document.querySelector('[data-room=lobby] .rooms-for-me')`)
	c.shows(t, mention+"lobby")
}

// TestNotificationsOfARoom: of which messages the browser tells the user. A message in the lobby comes after each, so that
// the browser must have decided about the first.
func TestNotificationsOfARoom(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	lobby := int64(0)
	afterThat := func(text string, wants ...string) {
		t.Helper()
		if lobby != 0 {
			c.Send(wire.Remove{Room: "lobby", Seq: lobby})
			c.shows(t)
		}
		seq := c.says("tea", text)
		lobby = c.says("lobby", "@all")
		c.shows(t, append(wants, mention+"lobby")...)
		c.Send(wire.Remove{Room: "tea", Seq: seq})
	}
	afterThat("To nobody")
	afterThat("@all", mention+"tea")
	c.choose("tea", "Notify me: everything")
	afterThat("To nobody", "New message in #tea")
	c.choose("tea", "Notify me: nothing")
	afterThat("@all")
	c.choose("tea", "Notify me: mentions, replies")
	afterThat("@all", mention+"tea")
	c.choose("tea", "Mute")
	afterThat("@all")
}

// TestMutingClosesTheNotification: the user mutes a room that has a notification. It goes, although no new view comes.
func TestMutingClosesTheNotification(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	c.says("lobby", "@all")
	c.shows(t, mention+"lobby")
	c.choose("lobby", "Mute")
	c.shows(t)
}

// TestNotificationOfAVisiblePage: there is none while one of the tabs is visible, not even in a tab that is hidden.
func TestNotificationOfAVisiblePage(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	c.other.Restore()
	c.says("lobby", "@all Unseen")
	for _, tab := range []*rig.Tab{c.tab, c.other} {
		tab.Until(`!!document.querySelector('[data-room=lobby] .rooms-for-me')`)
	}
	c.other.Minimize()
	c.says("tea", "@all Seen")
	c.shows(t, mention+"tea")
}

// TestTextOfANotification: the text of the message is in the notification only if the user has chosen that.
func TestTextOfANotification(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	c.tab.Restore()
	toSettings(c.tab)
	chooses(c.tab, "checkbox", "Show the text of the message")
	c.tab.Click("button", "Close")
	c.tab.Minimize()
	c.other.Until(`localStorage['mayfly-settings'].includes('"text"')`)
	c.says("tea", "@all **No** secret")
	c.shows(t, mention+"tea: @all No secret")
}

// TestNoNotificationIsLeftAtTheStart: while no tab had the client, a notification has stayed. It goes when a tab begins.
func TestNoNotificationIsLeftAtTheStart(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	c.tab.Do(chromedp.Navigate("about:blank"))
	c.other.Do(chromedp.Navigate(c.server.URL + "/robots.txt")) // a page of the same origin, without the client
	// The worker may still have a message of a page that has ended, and close the notification: then it is shown again.
	c.worker.Until(`registration.showNotification('Old', {tag: 'tea'}).then(() => ` + rig.Notifications + `)
		.then(all => all === '#tea: Old')`)
	c.other.Do(chromedp.Navigate(c.server.URL + "/r/tea"))
	c.shows(t)
}

// TestClickOnANotification opens its room, in the tab that the user has used last.
func TestClickOnANotification(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	c.says("lobby", "@all")
	c.shows(t, mention+"lobby")
	c.worker.ClickNotification("lobby")
	c.shows(t)
	c.other.Until(`location.pathname === '/' && document.title.includes('#lobby')`)
	if got := rig.Eval[string](c.tab, `location.pathname`); got != "/r/tea" {
		t.Errorf("the other tab is at %s", got)
	}
}

// asks counts how often the page asks for the permission.
const asks = `window.asked = 0;
	const ask = Notification.requestPermission;
	Notification.requestPermission = (...all) => { asked++; return ask.apply(Notification, all); };`

// TestA33PermissionIsAskedAfterAnExplanation: the browser asks the user only after a press of the button that an explanation
// describes.
func TestA33PermissionIsAskedAfterAnExplanation(t *testing.T) {
	t.Parallel()
	tab := rig.WholeBrowser(t).Tab("")
	tab.BeforeScripts(asks)
	tab.Do(chromedp.Navigate(rig.Serve(t).URL))
	tab.Ready().Installed()
	toSettings(tab)
	says := func(k words.Key) {
		t.Helper()
		tab.Until(dialog + `.querySelector('.setting-state').textContent === ` + strconv.Quote(words.In(0, k)))
	}
	says(words.NotifyIsOff)
	turnOn := rig.ByRole("button", "Turn on notifications")
	tab.Until(`document.getElementById(` + turnOn + `.getAttribute('aria-describedby')).textContent === ` +
		strconv.Quote(words.In(0, words.NotifyHint)) + ` && asked === 0`)
	tab.Script(turnOn + `.focus()`)
	tab.Do(rig.Enter())
	says(words.NotifyDenied)
	tab.Until(`asked === 1 && document.activeElement === ` + turnOn)
	tab.Permit(browser.PermissionSettingGranted)
	tab.Do(rig.Enter())
	says(words.NotifyIsOn)
	turnOff := rig.ByRole("button", "Turn off notifications")
	tab.Until(`document.activeElement === ` + turnOff + ` && !!` + rig.ByRole("checkbox", "Show the text of the message"))
	tab.Do(rig.Enter())
	says(words.NotifyIsOff)
	tab.Until(`document.activeElement === ` + turnOn + ` && asked === 2`)
}

// TestNotificationsWithoutAWorker: the browser has no service workers, as over plain http. The settings say that the browser
// can't show notifications, and offer nothing.
func TestNotificationsWithoutAWorker(t *testing.T) {
	t.Parallel()
	tab := rig.OpenBrowser(t).Tab("")
	tab.BeforeScripts(`delete Navigator.prototype.serviceWorker`)
	tab.Do(chromedp.Navigate(rig.Serve(t).URL))
	tab.Ready()
	toSettings(tab)
	tab.Until(dialog + `.querySelector('.setting-state').textContent === ` +
		strconv.Quote(words.In(0, words.NotifyUnsupported)) + ` && !` + rig.ByRole("button", "notifications"))
}
