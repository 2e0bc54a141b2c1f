// Package pictures_test takes the screenshots of the documentation from the running product: make pictures.
package pictures_test

import (
	"flag"
	"path/filepath"
	"strings"
	"testing"

	"mayfly/cmd/mayfly/e2e/rig"
)

func TestMain(m *testing.M) { rig.Main(m) }

// into is relative to the repository, as make runs there.
var into = flag.String("into", "", "where to write the pictures; none: into a folder that is deleted, only to see that they can be taken")

func TestPictures(t *testing.T) {
	dir := t.TempDir()
	if *into != "" {
		dir = filepath.Join("..", "..", "..", "..", *into)
	}
	server := rig.Serve(t)
	browser := rig.OpenBrowser(t)
	url := server.URL + "/r/lunch"
	one, two, three := browser.Tab(url).Ready(), browser.Tab(url).Ready(), browser.Tab(url).Ready()
	for _, line := range []struct {
		tab  *rig.Tab
		text string
	}{
		{one, "Anyone for lunch?"},
		{two, "Yes! The place by the river is open again 🎉"},
		{three, "Their soup is very good:\n– leek and potato\n– whatever they call \"the green one\""},
		{one, "See you downstairs in ten minutes, then."},
		{two, "👍"},
	} {
		line.tab.Do(rig.Type(line.text), rig.Enter())
		first, _, _ := strings.Cut(line.text, "\n")
		one.Shows(first)
	}
	take := func(name string) { one.Picture(filepath.Join(dir, name+".png")) }
	one.Do(rig.Type("I'll bring the vouchers"))
	take("chat")
	one.Dark(true)
	one.Phone()
	take("chat-phone-dark")
}
