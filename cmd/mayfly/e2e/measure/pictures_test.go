package measure_test

import (
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/uuid"

	pagebrowser "mayfly/app/browser"
	"mayfly/app/words"
	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

// into is relative to the repository, as make runs there.
var into = flag.String("into", "", "where to write the pictures; none: into a folder that is deleted, only to see that they can be taken")

// modal is a JavaScript condition: a dialog is open.
const modal = `document.querySelector('dialog')?.matches(':modal') === true`

// TestPictures takes the screenshots of the documentation and of the manifest.
func TestPictures(t *testing.T) {
	dir := t.TempDir()
	screens := dir // for the manifest, which gives the size of each
	if *into != "" {
		root := filepath.Join("..", "..", "..", "..")
		dir, screens = filepath.Join(root, *into), filepath.Join(root, "web", "static", "screenshots")
	}
	addr := rig.FreeAddr(t)
	url := "http://localhost" + addr[strings.LastIndexByte(addr, ':'):]
	server := rig.Dev(t, "-rate", "100000/1s", "-public-url", url)
	proxy := rig.NewProxy(t, addr, server.Addr())
	browser := rig.WholeBrowser(t)
	ada := browser.Tab(url + "/r/music").Ready()
	ada.SignIn("Ada Lovelace")
	for _, room := range []string{"garden", "lunch"} {
		ada.Do(chromedp.Navigate(url + "/r/" + room))
		ada.Ready()
	}
	take := func(name string) { ada.Picture(filepath.Join(dir, name+".png")) }
	take("chat-empty")

	grace := browser.Tab(url + "/r/lunch").Ready()
	grace.SignIn("Grace Hopper")
	sam := browser.Tab("")
	sam.BeforeScripts(fmt.Sprintf(`sessionStorage[%q] = 'Sam'`, pagebrowser.NameKey))
	sam.Do(chromedp.Navigate(url + "/r/lunch"))
	sam.Ready()
	pictureTalk(ada, grace, sam)
	garden := rig.DialAnd(t, server, "garden")
	for _, text := range []string{"The tomatoes need water.", "I can do that tonight."} {
		garden.Send(wire.Post{ID: uuid.NewString(), Room: "garden", Text: text})
		rig.Next[wire.Accepted](garden)
	}
	ada.Until(`!!` + rig.ByRole("link", "#garden, 2 unread"))
	ada.Until(`!!` + rig.ByRole("button", "3 people"))
	ada.Do(rig.Type("I'll bring the vouchers"))
	sam.Do(rig.Type("Save"))
	ada.Until(`document.body.innerText.includes('is typing')`)
	take("chat")
	ada.Picture(filepath.Join(screens, "wide.png"))
	ada.Do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch))
	ada.Picture(filepath.Join(screens, "narrow.png"))
	ada.Do(chromedp.EmulateViewport(1280, 800))
	ada.Dark(true)
	take("chat-dark")
	ada.Phone()
	take("chat-phone-dark")
	ada.Dark(false)
	take("chat-phone")
	ada.Click("button", "Rooms")
	take("rooms-phone")
	ada.Press(kb.Escape)
	pictureDialogs(ada, take)
	pictureOrder(grace, sam, func(tab *rig.Tab, name string) { tab.Picture(filepath.Join(dir, name+".png")) })
	busy := browser.Tab(url + "/r/lunch").Ready()
	pictureBusy(t, server, grace, busy)
	busy.Picture(filepath.Join(dir, "chat-busy.png"))

	ada.Do(chromedp.EmulateViewport(1280, 800))
	proxy.Swallow(true)
	ada.Click("button", "Send") // the tab still has a touch keyboard, on which Enter begins a line
	ada.Until(`!!document.querySelector('.message-failed')`)
	take("chat-failed")
	proxy.Refuse(true)
	proxy.Swallow(false)
	proxy.Cut()
	ada.Until(`document.querySelector('header').innerText.includes('Now')`)
	take("chat-reconnecting")
}

// pictureTalk lets three people plan their lunch, in a room that all three are in.
func pictureTalk(ada, grace, sam *rig.Tab) {
	say := func(tab *rig.Tab, text, shown string) {
		tab.Do(rig.Type(text), rig.Enter())
		for _, t := range []*rig.Tab{ada, grace, sam} {
			t.Until(`!!` + rig.Row(shown))
		}
	}
	const question, place = "Anyone for lunch?", "The place by the river is open again 🎉 https://example.com/menu"
	say(ada, question, question)
	say(grace, "The place **by the river** is open again 🎉 https://example.com/menu", place)
	sam.Act(place, "Reply")
	sam.Until(rig.MayWrite)
	say(sam, "Is there a table for five?", "Is there a table for five?")
	for _, tab := range []*rig.Tab{grace, sam} {
		tab.Act(question, "👍")
	}
	ada.Act(place, "🎉")
	say(grace, "Yes, on the terrace. The gate's code is `4711#`.", "Yes, on the terrace. The gate's code is 4711#.")
	say(ada, "See you downstairs in ten minutes, then.", "See you downstairs in ten minutes, then.")
	say(sam, "👍", "👍")
	ada.Until(`document.querySelectorAll('.reaction').length === 2 &&
		document.querySelector('.reaction').textContent.includes('2')`)
}

// pictureOrder takes the pictures of what a moderator can do to a person and to a room, and of what people see of it.
func pictureOrder(grace, sam *rig.Tab, take func(tab *rig.Tab, name string)) {
	grace.Act("Is there a table for five?", "Mute or ban")
	grace.Until(modal)
	take(grace, "moderate-person")
	grace.Click("button", "Mute")
	sam.Until(`document.getElementById('message-wait').textContent !== ''`)
	take(sam, "muted")
	grace.Press("k", chromedp.KeyModifiers(chromedp.ModifierCtrl))
	grace.Until(modal)
	grace.Press("moderate")
	grace.Until(`document.querySelector('dialog').innerText.includes('Moderate #lunch')`)
	grace.Do(rig.Enter())
	grace.Until(`!!` + rig.ByRole("dialog", "Moderate #lunch"))
	take(grace, "moderate-room")
	grace.Click("button", "Lift")
	sam.Until(`document.getElementById('message-wait').textContent === ''`)
	grace.Press(kb.Escape)
	grace.Until(`!document.querySelector('dialog')`)
}

// pictureBusy fills the room #lunch with talk, some of which vanishes soon, while the user of tab reads what came before.
func pictureBusy(t *testing.T, server *rig.Server, grace, tab *rig.Tab) {
	r, other := rig.DialAnd(t, server, "lunch"), rig.DialAnd(t, server, "lunch")
	post := func(text string, life time.Duration) {
		r.Send(wire.Post{ID: uuid.NewString(), Room: "lunch", Text: text, TTL: life.Milliseconds()})
		rig.Next[wire.Accepted](r)
		r, other = other, r
	}
	for i := range 60 {
		var life time.Duration // 0: as long as the room's
		if i%5 == 3 {
			life = 45 * time.Second
		}
		post(talk[i%len(talk)], life)
	}
	grace.Say("Wait for me!")
	tab.Shows("Wait for me!")
	// A message that comes meanwhile leads back to the end.
	tab.Until(`document.querySelector('[role=log]').scrollTop = 1200, !!document.querySelector('.jump')`)
	post("One more.", 0)
	tab.Until(`document.querySelector('.jump').innerText === '1 new message' &&
		[...document.querySelectorAll('.left')].some(l => l.innerText.includes(' s'))`)
}

// pictureDialogs takes the pictures of the dialogs, of other sizes of the window, and of the page from right to left.
func pictureDialogs(tab *rig.Tab, take func(name string)) {
	open := func(button string) {
		tab.Click("button", button)
		tab.Until(modal)
	}
	shut := func() {
		tab.Script(`document.querySelector('dialog').close()`)
		tab.Until(`!document.querySelector('dialog')`)
	}
	speak := func(language string) {
		tab.Script(`{const f = document.querySelector('dialog select'); f.value = '` + language + `';
			f.dispatchEvent(new Event('change', {bubbles: true}))}`)
		tab.Until(`document.documentElement.lang === '` + language + `'`)
	}
	tab.Do(chromedp.EmulateViewport(1280, 800))
	for _, button := range []string{"Settings", "Help", "Invite"} {
		open(button)
		take(strings.ToLower(button))
		shut()
	}
	open("Go to")
	take("palette")
	shut()
	tab.Do(chromedp.EmulateViewport(820, 1180))
	take("chat-tablet")
	tab.Do(chromedp.EmulateViewport(1920, 1080))
	tab.Click("button", "people")
	take("chat-wide")
	tab.Click("button", "people")
	tab.Do(chromedp.EmulateViewport(1280, 800))
	open("Settings")
	speak("ar")
	shut()
	take("chat-rtl")
	open(words.In(len(words.Languages())-1, words.Settings)) // Arabic is the last of the languages
	speak("en")
	shut()
}

// talk is the conversation of a busy room.
var talk = []string{
	"Is there a table for nine?", "There is one in the garden.", "In this weather?", "It has a roof :)", "Then I'm in.",
	"Could someone print the plan for this afternoon?", "On your desk.", "You're the best.",
}
