package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// The client is built with a copy of go-app that lacks what the browser does not use: its server, and two features of its
// pages. go-app has one package for pages and servers. It imports net/http, and so TLS, X.509 and all their algorithms. The
// linker keeps the code that their package variables need: 1.6 MB of wasm, 0.34 MB after brotli. A route can be a regular
// expression: 0.5 MB of wasm, with the tables of all scripts of Unicode. A page can encrypt its values. Each build makes the
// copy again with a few edits; the other code for pages is unchanged. Every edit must match exactly once, so that the build
// fails for a version of go-app that the edits do not fit.

const goApp = "github.com/maxence-charriere/go-app/v10"

// copyDir is the folder of the copy, relative to the module's root. The wasm contains this name, so it is the same on every
// machine. The copy is a module of its own and so not one of Mayfly's packages.
const copyDir = "web/gen/goapp"

// edit replaces the text old, which must occur exactly once in file, by new.
type edit struct{ file, old, new string }

var edits = []edit{
	{"pkg/app/http.go", "package app\n", "//go:build !wasm\n\npackage app\n"}, // go-app's HTTP handler
	{"pkg/app/wasm.go", "func wasmExecJS() string {",
		"type Handler struct{} // of GenerateStaticWebsite's signature\n\n" + noCrypto + "func wasmExecJS() string {"},
	{"pkg/app/crypto.go", "package app\n", "//go:build !wasm\n\npackage app\n"},
	{"pkg/app/route.go", "\t\"regexp\"\n", "\t\"strings\"\n"},
	{"pkg/app/route.go", "regexp.MustCompile(pattern)", "prefixOf(pattern)"},
	{"pkg/app/route.go", "*regexp.Regexp", "prefix"},
	{"pkg/app/route.go", "type regexpRoute struct {", prefixes + "type regexpRoute struct {"},
	{"pkg/app/resource.go", "\t\"net/http\"\n", ""},
	{"pkg/app/resource.go", "\t\tHandler:   http.FileServer(http.Dir(directory)),\n", ""},
	{"pkg/app/resource.go", "\thttp.Handler\n", ""},
}

// prefixes is the code for routes in the place of regular expressions: in the browser, a pattern is ^ and a prefix.
const prefixes = `type prefix string

func prefixOf(pattern string) prefix {
	p, ok := strings.CutPrefix(pattern, "^")
	if !ok || strings.ContainsAny(p, "\\.+*?()|[]{}^$") {
		panic("a route in the browser is ^ and a prefix: " + pattern)
	}
	return prefix(p)
}

func (p prefix) MatchString(path string) bool { return strings.HasPrefix(path, string(p)) }

`

// noCrypto is the code for a page that encrypts or decrypts a value, in the place of AES.
const noCrypto = `func encrypt(string, []byte) ([]byte, error) { return nil, errors.New("no encryption in the browser") }

func decrypt(string, []byte) ([]byte, error) { return nil, errors.New("no encryption in the browser") }

`

// leanGoApp makes the copy. It returns the path of a go.mod for go build -modfile, in which the copy replaces go-app.
func leanGoApp(root string) (modfile string, err error) {
	if _, err := output(root, "go", "mod", "download", goApp); err != nil {
		return "", err
	}
	original, err := output(root, "go", "list", "-m", "-f", "{{.Dir}}", goApp)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(root, copyDir)
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	if err := copyModule(original, dir); err != nil {
		return "", err
	}
	for _, e := range edits {
		if err := e.apply(dir); err != nil {
			return "", err
		}
	}
	return writeModfile(root, dir)
}

// copyModule copies the parts of go-app that the client needs.
func copyModule(from, to string) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	mod, err := os.ReadFile(filepath.Join(from, "go.mod"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(to, "go.mod"), mod, 0o644); err != nil {
		return err
	}
	for _, pkg := range []string{"pkg/app", "pkg/errors"} {
		if err := os.CopyFS(filepath.Join(to, pkg), os.DirFS(filepath.Join(from, pkg))); err != nil {
			return err
		}
	}
	return nil
}

func (e edit) apply(dir string) error {
	name := filepath.Join(dir, e.file)
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if n := bytes.Count(b, []byte(e.old)); n != 1 {
		return fmt.Errorf("go-app's %s has %q %d times, want once: adapt web/gen/goapp.go to this version of go-app",
			e.file, e.old, n)
	}
	b = bytes.Replace(b, []byte(e.old), []byte(e.new), 1)
	return errors.Join(os.Chmod(name, 0o644), os.WriteFile(name, b, 0o644))
}

// writeModfile writes a copy of the go.mod in root into dir, and its go.sum. In the new go.mod, the copy in dir
// replaces go-app. writeModfile returns the path of the new go.mod.
func writeModfile(root, dir string) (modfile string, err error) {
	modfile = filepath.Join(dir, "mayfly.mod")
	for from, to := range map[string]string{"go.mod": modfile, "go.sum": filepath.Join(dir, "mayfly.sum")} {
		b, err := os.ReadFile(filepath.Join(root, from))
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(to, b, 0o644); err != nil {
			return "", err
		}
	}
	_, err = output(root, "go", "mod", "edit", "-replace="+goApp+"=./"+copyDir, modfile)
	return modfile, err
}

// output runs a command in dir and returns what it prints, without the newline at the end.
func output(dir, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("run %s %s: %w", name, strings.Join(args, " "), err)
	}
	return strings.TrimRight(string(out), "\r\n"), nil
}
