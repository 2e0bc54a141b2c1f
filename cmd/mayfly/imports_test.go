package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// goPackage is go list's description of a package.
type goPackage struct {
	ImportPath, Name string
	Standard         bool
	Imports, Deps    []string
}

// list returns go list's description of the packages, for one operating system and architecture.
func list(t *testing.T, goos, goarch string, args ...string) []goPackage {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-e", "-json=ImportPath,Name,Standard,Imports,Deps"}, args...)...)
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	var packages []goPackage
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

type direction struct {
	folder string
	may    []string
}

// directions says which of Mayfly's packages the packages in a folder may import. The first matching line counts. A folder
// with a slash at its end means only the folders below it.
var directions = []direction{
	{"mayfly/app/", []string{"mayfly/shared/wire"}},
	{"mayfly/app", []string{"mayfly/app", "mayfly/shared/wire"}},
	{"mayfly/cmd", []string{"mayfly"}},
	{"mayfly/server", []string{"mayfly/server", "mayfly/shared/wire"}},
	{"mayfly/shared", nil},
	{"mayfly/web", nil},
}

// testOnly are the packages for tests. They may import each other. Any other package may import them only in its tests.
var testOnly = []string{"mayfly/server/authtest", "mayfly/server/servertest", "mayfly/server/stream/streamtest"}

// fences says which packages may import a third-party package. No other package may.
var fences = map[string][]string{
	"github.com/maxence-charriere/go-app": {"mayfly/app", "mayfly/web", "mayfly/cmd"},
	"github.com/nats-io":                  {"mayfly/server/stream"},
	"github.com/andybalholm/brotli":       {"mayfly/web/gen"},
	"github.com/chromedp":                 {"mayfly/cmd/mayfly/e2e"},
	"syscall/js":                          {"mayfly/app/browser"},
	"github.com/coder/websocket":          {"mayfly/server", "mayfly/app/client"},
	"github.com/prometheus":               {"mayfly/server", "mayfly/cmd/mayfly"},
	"github.com/coreos/go-oidc":           {"mayfly/server/auth"},
	"github.com/go-jose/go-jose":          {"mayfly/server/auth", "mayfly/server/authtest", "mayfly/server/devidp"},
	"github.com/zitadel":                  {"mayfly/server/devidp"},
	"golang.org/x/text":                   {"mayfly/server/auth"},
	"golang.org/x/sys":                    {"mayfly/server"},
}

// within reports whether path is prefix or below it.
func within(path, prefix string) bool {
	return path == prefix || strings.HasPrefix(path, strings.TrimSuffix(prefix, "/")+"/")
}

func anyWithin(p string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return within(p, prefix) })
}

// TestImports checks the directions of imports: the folders are the architecture, and this test enforces it.
func TestImports(t *testing.T) {
	checked, seen := 0, []string{}
	for _, p := range append(list(t, "linux", "amd64", "mayfly/..."), list(t, "js", "wasm", "mayfly/app/...", "mayfly/shared/...", "mayfly/cmd/mayfly-web")...) {
		seen = append(seen, p.ImportPath)
		i := slices.IndexFunc(directions, func(d direction) bool { return within(p.ImportPath, d.folder) })
		if i < 0 {
			t.Errorf("%s is in no folder of directions", p.ImportPath)
			continue
		}
		allowed := directions[i].may
		for _, imported := range p.Imports {
			checked++
			if within(imported, "mayfly") && !anyWithin(imported, allowed) {
				t.Errorf("%s imports %s: it may import %v of ours", p.ImportPath, imported, allowed)
			}
			if slices.Contains(testOnly, imported) && !slices.Contains(testOnly, p.ImportPath) {
				t.Errorf("%s imports %s: only tests may", p.ImportPath, imported)
			}
			for fenced, may := range fences {
				if within(imported, fenced) && !anyWithin(p.ImportPath, may) {
					t.Errorf("%s imports %s: only %v may", p.ImportPath, imported, may)
				}
			}
			if p.ImportPath == "mayfly/server" && strings.Contains(imported, "mayfly/server/stream") {
				t.Errorf("%s imports %s: cmd hands it the stream", p.ImportPath, imported)
			}
			if within(p.ImportPath, "mayfly/shared") && strings.Contains(strings.SplitN(imported, "/", 2)[0], ".") {
				t.Errorf("%s imports %s: shared has the standard library only", p.ImportPath, imported)
			}
		}
	}
	if checked < 100 {
		t.Errorf("checked %d imports only: go list found too little", checked)
	}
	for _, path := range testOnly {
		if !slices.Contains(seen, path) {
			t.Errorf("there is no %s: go list found too little, or the list is out of date", path)
		}
	}
}

// TestHubKnowsNoTransport checks that the hub imports no transport, so that all of it can be tested under synctest.
func TestHubKnowsNoTransport(t *testing.T) {
	deny(t, list(t, "linux", "amd64", "mayfly/server/hub"), "net/http", "github.com/nats-io", "github.com/coder/websocket", "github.com/prometheus")
}

// TestClientStaysSmall checks that the client has no dependency that makes the browser's download much larger.
func TestClientStaysSmall(t *testing.T) {
	deny(t, list(t, "js", "wasm", "mayfly/cmd/mayfly-web"), "mayfly/server", "mayfly/web", "github.com/nats-io", "github.com/coder/websocket",
		"github.com/prometheus", "golang.org/x/oauth2", "golang.org/x/text", "github.com/coreos/go-oidc", "github.com/go-jose", "github.com/zitadel", "html/template", "text/template")
}

func deny(t *testing.T, packages []goPackage, denied ...string) {
	t.Helper()
	for _, p := range packages {
		if len(p.Deps) == 0 {
			t.Errorf("%s has no dependencies: go list found nothing", p.ImportPath)
		}
		for _, dep := range p.Deps {
			if anyWithin(dep, denied) {
				t.Errorf("%s reaches %s", p.ImportPath, dep)
			}
		}
	}
}
