// Package gallery is a page that shows every part of Mayfly's page in every state, for designers, for checks of contrast,
// and for tests. The shipped client does not have it: cmd/mayfly/e2e/gallery builds a client of its own for it, and serves
// it.
//
// states.go lists the states. A new state of a part belongs there.
package gallery

import (
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app"
	"mayfly/app/dom"
	"mayfly/app/list"
	"mayfly/app/words"
)

// Register registers the gallery at "/", before go-app runs or serves.
func Register() { goapp.Route("/", func() goapp.Composer { return &gallery{} }) }

// A gallery draws the states one below the other.
type gallery struct{ goapp.Compo }

// handled lists the events that the parts of the page handle.
var handled = []string{"click", "mousedown", "input", "keydown", "keypress", "paste", "submit", "scroll",
	"change", "contextmenu", "pointerover", "pointerleave", "pointerdown"}

// OnMount draws the rows of the states that have messages, and writes who is typing. It also stops the events that the parts
// of the page handle, because their handlers need a client, and the client of the gallery does not run. Only links, the menu
// of rooms and the focus work.
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
		if s.shows&theMain != 0 {
			section = append(section, s.Main())
		}
		body = append(body, goapp.Elem("section").Class("gallery-state").Attr("id", sectionID(i)).Body(section...))
	}
	return goapp.Elem("div").Class("gallery").Body(body...)
}
