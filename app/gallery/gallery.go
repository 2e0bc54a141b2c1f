// Package gallery is a page that shows every part of Mayfly's page in every state, for designers, for checks of contrast,
// and for tests. Mayfly's own client does not contain the gallery: cmd/mayfly/e2e/gallery builds and serves a special client
// for it.
//
// states.go lists the states. If you add a state to a part of the page, add it there, too.
package gallery

import (
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app"
	"mayfly/app/dom"
	"mayfly/app/list"
	"mayfly/app/words"
)

// Register registers the gallery at "/". Call it before go-app runs in the browser or serves in the server.
func Register() { goapp.Route("/", func() goapp.Composer { return &gallery{} }) }

// A gallery draws the states one below the other.
type gallery struct{ goapp.Compo }

// handled lists the events that the parts of the page handle.
var handled = []string{"click", "mousedown", "input", "keydown", "keypress", "paste", "submit", "scroll",
	"change", "contextmenu", "pointerover", "pointerleave", "pointerdown"}

// OnMount runs when the browser shows the gallery. For each state it draws the rows of messages, and writes who is typing,
// and for how long the user can't write. It also stops the events in the variable handled before they reach the parts of the
// page: the handlers of these parts need a running client, and the gallery has none. Only links, the menu of rooms and the
// focus work.
func (g *gallery) OnMount(ctx goapp.Context) {
	stop := goapp.FuncOf(func(_ goapp.Value, args []goapp.Value) any {
		args[0].Call("stopPropagation")
		if args[0].Get("type").String() == "submit" {
			args[0].Call("preventDefault")
		}
		return nil
	})
	for _, event := range handled {
		goapp.Window().Call("addEventListener", event, stop, true)
	}
	ctx.Defer(func(goapp.Context) {
		for i, s := range states(time.Now()) {
			section := dom.ByID(sectionID(i))
			if line := section.Call("querySelector", ".typing"); line.Truthy() {
				line.Set("textContent", words.Typing(s.View.Typing))
			}
			if line := section.Call("querySelector", "#message-wait"); line.Truthy() {
				line.Set("textContent", words.Wait(s.View.Wait(time.Now())))
			}
			box := section.Call("querySelector", "#"+list.RowsID)
			if messages := s.View.Messages; box.Truthy() && len(messages) > 0 {
				l, divider := list.New(func() {}, app.Clock()), ""
				if s.Unread > 0 {
					divider = messages[len(messages)-s.Unread].Key
				}
				l.Mount(box)
				l.Draw(list.Content{Messages: messages, Divider: divider, Now: time.Now(),
					Emoji: s.View.Emoji, Known: known, Me: s.View.Me})
				if s.Actions {
					l.Menu(box.Call("querySelector", "article:last-child"))
				}
			}
		}
	})
}

// Render draws the gallery.
func (g *gallery) Render() goapp.UI {
	body := []goapp.UI{goapp.Elem("h1").Text("Every part in every state")}
	for i, s := range states(time.Now()) {
		section := []goapp.UI{goapp.Elem("h2").Text(s.name)}
		if s.shows&theHeader != 0 {
			section = append(section, s.Header())
		}
		if s.shows&theRooms != 0 {
			section = append(section, s.Rooms())
		}
		if s.shows&theMain != 0 {
			section = append(section, s.Main())
		}
		if dialog := s.Dialog(); dialog != nil {
			section = append(section, dialog)
		}
		body = append(body, goapp.Elem("section").Class("gallery-state").Attr("id", sectionID(i)).Body(section...))
	}
	return goapp.Elem("div").Class("gallery").Body(body...)
}
