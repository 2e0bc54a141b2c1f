package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// goPackage is go list's description of a package.
type goPackage struct {
	ImportPath, Name string
	Standard         bool
	Imports, Deps    []string
	Dir, Export      string // Export is the file of the compiler's export data, with the flag -export
	GoFiles          []string
}

// listed are the fields that goPackage has.
const listed = "ImportPath,Name,Standard,Imports,Deps,Dir,Export,GoFiles"

// list returns go list's description of the packages, for one operating system and architecture.
func list(t *testing.T, goos, goarch string, args ...string) []goPackage {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-e", "-json=" + listed}, args...)...)
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

// drawing finds the floors in docs/architecture.md, and floorLine each of them.
var (
	drawing   = regexp.MustCompile("(?s)```text\n(\\d  cmd/.*?)```")
	floorLine = regexp.MustCompile(`(?m)^(\d)  (.*)$`)
)

// floors returns on which floor each package is drawn. "A over B" draws A above B on the same floor: B is half a floor down.
func floors(t *testing.T) map[string]float64 {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(root, "docs/architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	drawn := drawing.FindSubmatch(page)
	if drawn == nil {
		t.Fatal("docs/architecture.md has no drawing of the floors")
	}
	all := map[string]float64{}
	for _, line := range floorLine.FindAllStringSubmatch(string(drawn[1]), -1) {
		floor := float64(line[1][0] - '0')
		for _, name := range strings.FieldsFunc(line[2], func(r rune) bool { return r == ',' || r == '·' }) {
			upper, lower, _ := strings.Cut(name, " over ")
			all["mayfly/"+strings.TrimSpace(upper)] = floor
			if lower != "" {
				all["mayfly/"+strings.TrimSpace(lower)] = floor - 0.5
			}
		}
	}
	return all
}

// apart are folders that don't import each other, on any floor.
var apart = []string{"mayfly/app", "mayfly/server", "mayfly/web"}

// wordsFolder has the sentences that people read, those of the page that package web serves too.
const wordsFolder = "mayfly/app/words"

// testOnly are the packages for tests. They may import each other, and those of cmd/mayfly/e2e may import them. Any other
// package may import them only in its tests.
var testOnly = []string{"mayfly/server/authtest", "mayfly/server/servertest", "mayfly/server/stream/streamtest",
	"mayfly/server/stream/natstest", "mayfly/server/certs/certstest", "mayfly/server/tcptest"}

// fences says which packages may import a third-party package. No other package may.
var fences = map[string][]string{
	"github.com/maxence-charriere/go-app": {"mayfly/app", "mayfly/web", "mayfly/cmd"},
	"github.com/nats-io":                  {"mayfly/server/stream"},
	"github.com/andybalholm/brotli":       {"mayfly/web/gen"},
	"github.com/chromedp":                 {"mayfly/cmd/mayfly/e2e"},
	"rsc.io/qr":                           {"mayfly/app"},
	"syscall/js":                          {"mayfly/app/browser"},
	"github.com/coder/websocket":          {"mayfly/server/conn", "mayfly/app/client/transport"},
	"github.com/prometheus":               {"mayfly/server", "mayfly/cmd/mayfly"},
	"github.com/coreos/go-oidc":           {"mayfly/server/auth"},
	"github.com/go-jose/go-jose":          {"mayfly/server/auth", "mayfly/server/authtest", "mayfly/server/devidp"},
	"github.com/zitadel":                  {"mayfly/server/devidp"},
	"go.yaml.in/yaml":                     {"mayfly/cmd/mayfly"},
	"golang.org/x/text":                   {"mayfly/server/names/spelling"},
	"golang.org/x/crypto/acme":            {"mayfly/server/certs"},
	"golang.org/x/sys":                    {"mayfly/server/conn"},
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
	floors := floors(t)
	checked, seen := 0, []string{}
	for _, p := range append(list(t, "linux", "amd64", "mayfly/..."), list(t, "js", "wasm", "mayfly/app/...", "mayfly/shared/...", "mayfly/cmd/mayfly-web")...) {
		seen = append(seen, p.ImportPath)
		floor, drawn := floors[p.ImportPath]
		beside := slices.Contains(testOnly, p.ImportPath) || within(p.ImportPath, "mayfly/cmd/mayfly/e2e")
		if !drawn && !beside {
			t.Errorf("%s is not drawn in docs/architecture.md", p.ImportPath)
			continue
		}
		for _, imported := range p.Imports {
			checked++
			if at, ours := floors[imported]; ours && !beside {
				if at >= floor {
					t.Errorf("%s, on floor %g, imports %s, on floor %g: it may import lower floors", p.ImportPath, floor, imported, at)
				}
				for _, folder := range apart {
					if imported != wordsFolder && within(imported, folder) && !within(p.ImportPath, folder) &&
						anyWithin(p.ImportPath, apart) {
						t.Errorf("%s imports %s: only cmd brings them together", p.ImportPath, imported)
					}
				}
			}
			if slices.Contains(testOnly, imported) && !beside {
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
	for _, path := range slices.AppendSeq(slices.Clone(testOnly), maps.Keys(floors)) {
		if !slices.Contains(seen, path) {
			t.Errorf("there is no %s: go list found too little, or it is drawn or listed in vain", path)
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
