//go:build !js

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "mayfly-web runs in a browser: build it with go generate ./..., then run mayfly")
	os.Exit(2)
}
