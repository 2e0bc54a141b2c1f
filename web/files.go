package web

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// ErrNoClient is the error of New if the binary was built without the client in static/build. Its text says what to do.
var ErrNoClient = errors.New(
	"this binary was built without the web client: run `go generate ./...`, then `go build ./cmd/mayfly` again")

// files holds the files of the folder static. It implements go-app's ResourceResolver: go-app calls Resolve for each path
// that it writes into the page.
type files struct {
	assets map[string]*asset // maps the path at which an asset is served to the asset
	hashed map[string]string // maps the path of a file under /web/ to the file's other path, which contains the file's hash
}

// atRoot has the files that browsers and crawlers expect at the top of the host. All other files are under /web/.
var atRoot = map[string]bool{"favicon.ico": true, "robots.txt": true}

// contentTypes maps each file extension to its content type. Package mime is not used, because its types depend on the
// machine.
var contentTypes = map[string]string{
	".css":   "text/css; charset=utf-8",
	".ico":   "image/x-icon",
	".js":    "text/javascript; charset=utf-8",
	".png":   "image/png",
	".svg":   "image/svg+xml",
	".txt":   "text/plain; charset=utf-8",
	".woff2": "font/woff2",
}

func load(static fs.FS) (*files, error) {
	f := &files{assets: map[string]*asset{}, hashed: map[string]string{}}
	if err := f.addClient(static); err != nil {
		return nil, err
	}
	err := fs.WalkDir(static, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name == "build":
			return fs.SkipDir
		case d.IsDir():
			return nil
		}
		return f.addFile(static, name)
	})
	return f, err
}

// addClient adds the files of the client that web/gen has built. It also reads build.json, but only to check that web/gen
// has finished: web/gen writes build.json last.
func (f *files) addClient(static fs.FS) error {
	var bodies [4][]byte
	for i, name := range []string{"build.json", "app.wasm.br", "app.wasm.gz", "wasm_exec.js"} {
		b, err := fs.ReadFile(static, path.Join("build", name))
		if errors.Is(err, fs.ErrNotExist) || err == nil && len(b) == 0 {
			return ErrNoClient
		}
		if err != nil {
			return fmt.Errorf("read the web client: %w", err)
		}
		bodies[i] = b
	}
	wasm, err := newPrecompressedAsset("application/wasm", bodies[1], bodies[2])
	if err != nil {
		return fmt.Errorf("read the web client: app.wasm.gz: %w", err)
	}
	f.add("/web/app.wasm", wasm)
	glue, err := newAsset(contentTypes[".js"], bodies[3])
	if err != nil {
		return err
	}
	f.assets["/wasm_exec.js"] = glue // go-app's page loads the file from this path
	return nil
}

func (f *files) addFile(static fs.FS, name string) error {
	contentType, ok := contentTypes[path.Ext(name)]
	if !ok {
		return fmt.Errorf("web/static/%s: the content type of %q is not known, add it to contentTypes", name, path.Ext(name))
	}
	b, err := fs.ReadFile(static, name)
	if err != nil {
		return err
	}
	a, err := newAsset(contentType, b)
	if err != nil {
		return err
	}
	f.put(name, a)
	return nil
}

// put adds the asset a for the file in static with this name, in the place of the one that f has.
func (f *files) put(name string, a *asset) {
	if atRoot[name] {
		f.assets["/"+name] = a
		return
	}
	f.add("/web/"+name, a)
}

// add adds the asset a under its own name and under the name that contains its hash.
func (f *files) add(name string, a *asset) {
	hash, _, _ := strings.Cut(a.variants[0].etag, "-")
	f.hashed[name] = hashedName(name, hash)
	f.assets[name] = a
	f.assets[f.hashed[name]] = a.hashed(hash)
}

// Resolve adds the hash of the file to the path of a file under /web/. It returns other paths unchanged. The client in the
// browser cannot call Resolve, so it requests files by paths without a hash. The browser must revalidate such a file on each
// use, and cannot use it offline.
func (f *files) Resolve(location string) string {
	if name, ok := f.hashed[location]; ok {
		return name
	}
	return location
}
