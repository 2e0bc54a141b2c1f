// Command client is the client of the gallery. The query of its address names the language, as in ?de.
package main

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app"
	"mayfly/app/gallery"
)

func main() {
	gallery.Register()
	app.Speak(goapp.Window().URL().RawQuery)
	goapp.RunWhenOnBrowser()
}
