// Command client is the client of the gallery.
package main

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/gallery"
)

func main() {
	gallery.Register()
	goapp.RunWhenOnBrowser()
}
