// Command client is the WebAssembly client of package bare: a page with one text field, with which a test compares Mayfly's
// start.
package main

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/cmd/mayfly/e2e/measure/bare"
)

func main() {
	bare.Register()
	goapp.RunWhenOnBrowser()
}
