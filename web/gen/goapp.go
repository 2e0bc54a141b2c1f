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

// go-app's package for pages is its package for servers too, and so brings net/http and with it TLS, X.509 and all their
// algorithms to the browser, which uses none of it but keeps what their package variables need: 1.6 MB of wasm, 0.34 MB after
// brotli, more than a fifth of the download. So the client is built with a copy of go-app, made anew each time, whose server is left
// out by edits: the page's code is go-app's to the letter. Every edit must find its place exactly once, so that another version
// of go-app fails here, loudly, instead of being built in part.

const goApp = "github.com/maxence-charriere/go-app/v10"

// leaner is where the copy goes, from the module's root. The name ends up in the wasm, so it is the same on every machine. A
// module of its own, it is none of Mayfly's packages.
const leaner = "web/gen/goapp"

// edit puts one text into the place of another.
type edit struct{ file, old, new string }

var edits = []edit{
	{"pkg/app/http.go", "package app\n", "//go:build !wasm\n\npackage app\n"}, // the handler
	{"pkg/app/wasm.go", "func wasmExecJS() string {", "type Handler struct{} // of GenerateStaticWebsite's signature\n\nfunc wasmExecJS() string {"},
	{"pkg/app/resource.go", "\t\"net/http\"\n", ""},
	{"pkg/app/resource.go", "\t\tHandler:   http.FileServer(http.Dir(directory)),\n", ""},
	{"pkg/app/resource.go", "\thttp.Handler\n", ""},
}

// leanGoApp makes the copy, and returns a go.mod for go build's -modfile that has it take go-app's place.
func leanGoApp(root string) (modfile string, err error) {
	if _, err := output(root, "go", "mod", "download", goApp); err != nil {
		return "", err
	}
	original, err := output(root, "go", "list", "-m", "-f", "{{.Dir}}", goApp)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(root, leaner)
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
	return replacing(root, dir)
}

// copyModule copies what the client needs of go-app.
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
		return fmt.Errorf("go-app's %s has %q %d times, once was expected: it is another version than web/gen/goapp.go was made for", e.file, e.old, n)
	}
	b = bytes.Replace(b, []byte(e.old), []byte(e.new), 1)
	return errors.Join(os.Chmod(name, 0o644), os.WriteFile(name, b, 0o644))
}

// replacing writes a go.mod like root's in which the copy takes go-app's place, with its go.sum.
func replacing(root, dir string) (modfile string, err error) {
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
	_, err = output(root, "go", "mod", "edit", "-replace="+goApp+"=./"+leaner, modfile)
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
