// Command client is the client of package bare.
package main

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/cmd/mayfly/e2e/measure/bare"
)

func main() {
	bare.Register()
	goapp.RunWhenOnBrowser()
}
