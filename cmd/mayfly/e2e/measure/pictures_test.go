package measure_test

import (
	"flag"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/uuid"

	"mayfly/app/words"
	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

// into is relative to the repository, as make runs there.
var into = flag.String("into", "", "where to write the pictures; none: into a folder that is deleted, only to see that they can be taken")

func TestPictures(t *testing.T) {
	dir := t.TempDir()
	screens := dir // for the manifest, which gives the size of each
	if *into != "" {
		root := filepath.Join("..", "..", "..", "..")
		dir, screens = filepath.Join(root, *into), filepath.Join(root, "web", "static", "screenshots")
	}
	addr := rig.FreeAddr(t)
	server := rig.Serve(t, "-rate", "100000/1s", "-ttl", "1m", "-public-url", "http://"+addr)
	proxy := rig.NewProxy(t, addr, server.Addr())
	browser := rig.OpenBrowser(t)
	url := server.URL + "/r/lunch"
	one := browser.Tab(server.URL + "/r/music").Ready()
	for _, address := range []string{server.URL + "/r/garden", url} {
		one.Do(chromedp.Navigate(address))
		one.Ready()
	}
	take := func(name string) { one.Picture(filepath.Join(dir, name+".png")) }
	take("chat-empty")

	two, three := browser.Tab(url).Ready(), browser.Tab(url).Ready()
	for _, line := range []struct {
		tab  *rig.Tab
		text string
	}{
		{one, "Anyone for lunch?"},
		{two, "Yes! The place by the river is open again 🎉 https://example.com/menu"},
		{three, "Their soup is very good:\n– leek and potato\n– whatever they call \"the green one\""},
		{one, "See you downstairs in ten minutes, then."},
		{two, "👍"},
	} {
		line.tab.Do(rig.Type(line.text), rig.Enter())
		first, _, _ := strings.Cut(line.text, "\n")
		one.Shows(first)
	}
	garden := rig.DialAnd(t, server, "garden")
	for _, text := range []string{"The tomatoes need water.", "I can do that tonight."} {
		garden.Send(wire.Post{ID: uuid.NewString(), Room: "garden", Text: text})
		rig.Next[wire.Accepted](garden)
	}
	one.Until(`!!` + rig.ByRole("link", "#garden, 2 unread"))
	one.Until(`!!` + rig.ByRole("button", "3 people"))
	one.Do(rig.Type("I'll bring the vouchers"))
	take("chat")
	one.Picture(filepath.Join(screens, "wide.png"))
	one.Do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch))
	one.Picture(filepath.Join(screens, "narrow.png"))
	one.Do(chromedp.EmulateViewport(1280, 800))
	one.Dark(true)
	take("chat-dark")
	one.Phone()
	take("chat-phone-dark")
	one.Dark(false)
	take("chat-phone")
	one.Click("button", "Rooms")
	take("rooms-phone")
	one.Press(kb.Escape)
	pictureDialogs(one, take)

	desk := one
	one = browser.Tab(url).Ready() // later, in a room full of talk, some of which vanishes soon
	r, other := rig.DialAnd(t, server, "lunch"), rig.DialAnd(t, server, "lunch")
	for i := range 60 {
		r, other = other, r
		r.Send(wire.Post{ID: uuid.NewString(), Room: "lunch", Text: talk[i%len(talk)], TTL: (25*time.Second + time.Duration(i)*500*time.Millisecond).Milliseconds()})
		rig.Next[wire.Accepted](r)
	}
	two.Say("Wait for me!")
	one.Shows("Wait for me!")
	one.Until(`document.querySelector('[role=log]').scrollTop = 1200, !!document.querySelector('.jump')`) // a message that comes meanwhile leads back to the end
	r.Send(wire.Post{ID: uuid.NewString(), Room: "lunch", Text: "One more."})
	one.Until(`document.querySelector('.jump').innerText === '1 new message' && [...document.querySelectorAll('.left')].some(l => l.innerText.includes(' s'))`)
	take("chat-busy")

	one = desk
	one.Do(chromedp.EmulateViewport(1280, 800))
	proxy.Swallow(true)
	one.Click("button", "Send") // the tab still has a touch keyboard, on which Enter begins a line
	one.Until(`!!document.querySelector('.message-failed')`)
	take("chat-failed")
	proxy.Refuse(true)
	proxy.Swallow(false)
	proxy.Cut()
	one.Until(`document.querySelector('header').innerText.includes('Now')`)
	take("chat-reconnecting")
}

// pictureDialogs takes the pictures of the dialogs, of other sizes of the window, and of the page from right to left.
func pictureDialogs(tab *rig.Tab, take func(name string)) {
	open := func(button string) {
		tab.Click("button", button)
		tab.Until(`document.querySelector('dialog')?.matches(':modal') === true`)
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
