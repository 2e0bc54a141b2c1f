// Package bare is a go-app page with one text field and nothing else. A test in e2e/measure compares Mayfly's start with the
// start of this page. Its client is in the folder client; the test itself is its server.
package bare

import goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

const messageID = "message"

// Register registers the page with go-app. Call it before go-app runs or serves.
func Register() { goapp.Route("/", func() goapp.Composer { return &page{} }) }

type page struct{ goapp.Compo }

// OnMount puts the focus into the text field, in the same way as Mayfly puts it into its composer.
func (p *page) OnMount(ctx goapp.Context) {
	ctx.Defer(func(goapp.Context) { goapp.Window().GetElementByID(messageID).Call("focus") })
}

// Render draws the page.
func (p *page) Render() goapp.UI { return goapp.Main().Body(goapp.Textarea().ID(messageID)) }
