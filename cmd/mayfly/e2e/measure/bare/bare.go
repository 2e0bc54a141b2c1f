// Package bare is a go-app page that can do nothing but be written in: what Mayfly's start is compared with. Its client is
// in the folder client; its server is the test.
package bare

import goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

const messageID = "message"

// Register registers the page, before go-app runs or serves.
func Register() { goapp.Route("/", func() goapp.Composer { return &page{} }) }

type page struct{ goapp.Compo }

// OnMount puts the focus where Mayfly puts it, by the same means.
func (p *page) OnMount(ctx goapp.Context) {
	ctx.Defer(func(goapp.Context) { goapp.Window().GetElementByID(messageID).Call("focus") })
}

// Render draws the page.
func (p *page) Render() goapp.UI { return goapp.Main().Body(goapp.Textarea().ID(messageID)) }
