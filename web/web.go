// Package web hands the browser everything but the conversation: the page, the client's wasm, its styles and icons, the
// manifest and the service worker. It leaves what is said to package server, and what is drawn to package app.
//
// All of it but one thing is known when the program starts, so New makes each answer once and then only serves bytes. (The one
// is where the sign-in provider's endpoints are, which the provider says: if they are elsewhere than was thought, all is made
// once more.) In particular the page is drawn once, for "/", and is the same for every path and every person: a worker may cache it, and nothing of a
// request can get into its HTML. The client draws the real page as soon as it runs.
//
// The rest follows from caching. Files under /web/ are named by their content and never change, so a browser asks for each
// once. Everything else is revalidated, and carries the version: a hash of all that a browser can get, headers included.
// The service worker takes its files from one version only, and is replaced when the version changes.
//
// The client is built by go generate and embedded (see web/gen). A fresh clone compiles without it, but New then says
// ErrNoClient.
package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

//go:generate go run ./gen

//go:embed static
var embedded embed.FS

// Config is what New needs to know of the program around it.
type Config struct {
	Version   string   // the program's
	PublicURL string   // where people open Mayfly, such as https://chat.example.com; https makes browsers insist on it
	Origins   []string // more origins it is opened at, such as http://192.168.1.7:8080
	Pages     []string // the pages beside "/", as http.ServeMux patterns without a method, such as "/r/"
	Callback  string   // the page that a sign-in provider sends people back to, with a code in its query that nobody is to keep

	SignIn func() []string // the origins that a browser calls to sign in, as far as they are known now; nil: there is no sign-in
}

// Handler serves the page and its files. Use New.
type Handler struct {
	cfg   Config // static
	files *files // static

	making  sync.Mutex // held while an edition is made
	edition atomic.Pointer[edition]
}

// edition is all answers as they are while sign-in has the same origins. The service worker keeps the page with its headers, so
// other headers are another version.
type edition struct {
	signIn  []string
	version string
	headers http.Header
	mux     *http.ServeMux
}

// New returns the handler of the client that was built in. Register the pages with go-app first: New draws "/". It returns
// ErrNoClient when go generate has not been run.
func New(cfg Config) (*Handler, error) {
	static, err := fs.Sub(embedded, "static")
	if err != nil {
		return nil, err
	}
	return newHandler(cfg, static)
}

func newHandler(cfg Config, static fs.FS) (*Handler, error) {
	if cfg.SignIn == nil {
		cfg.SignIn = func() []string { return nil }
	}
	files, err := load(static)
	if err != nil {
		return nil, err
	}
	first, err := makeEdition(cfg, files, cfg.SignIn())
	if err != nil {
		return nil, err
	}
	h := &Handler{cfg: cfg, files: files}
	h.edition.Store(first)
	return h, nil
}

func makeEdition(cfg Config, files *files, signIn []string) (*edition, error) {
	headers, err := securityHeaders(cfg, signIn)
	if err != nil {
		return nil, err
	}
	// The version is part of several answers, so they are made twice: with a stand-in to find it, then with it.
	draft, err := assemble(cfg, files, "draft")
	if err != nil {
		return nil, err
	}
	version := versionOf(cfg, headers, draft)
	answers, err := assemble(cfg, files, version)
	if err != nil {
		return nil, err
	}
	e := &edition{signIn: signIn, version: version, headers: headers, mux: http.NewServeMux()}
	for path, a := range answers {
		e.mux.Handle("GET "+path, a)
	}
	for _, pattern := range cfg.Pages {
		e.mux.Handle("GET "+pattern, answers[page])
	}
	if cfg.Callback != "" {
		e.mux.Handle("GET "+cfg.Callback, answers[page].unkept())
	}
	return e, nil
}

// now returns the edition for the origins that sign-in has now.
func (h *Handler) now() *edition {
	signIn, e := h.cfg.SignIn(), h.edition.Load()
	if slices.Equal(signIn, e.signIn) {
		return e
	}
	h.making.Lock()
	defer h.making.Unlock()
	if e = h.edition.Load(); slices.Equal(signIn, e.signIn) {
		return e
	}
	next, err := makeEdition(h.cfg, h.files, signIn)
	if err != nil {
		return e // made of what New has made one of
	}
	h.edition.Store(next)
	return next
}

// Version names this client in this configuration: the same build, configured alike, has the same on every node.
func (h *Handler) Version() string { return h.now().version }

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e := h.now()
	e.setHeaders(w)
	e.mux.ServeHTTP(w, r)
}

// versionOf hashes all that a browser can get. Answers whose name is not a hash of their content are told apart by ETag.
func versionOf(cfg Config, headers http.Header, answers map[string]*asset) string {
	hash := sha256.New()
	fmt.Fprintf(hash, "%q %q %q\n", cfg.Version, cfg.Pages, cfg.Callback)
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		fmt.Fprintf(hash, "%q %q\n", name, headers[name])
	}
	for _, path := range slices.Sorted(maps.Keys(answers)) {
		a := answers[path]
		fmt.Fprintf(hash, "%q %q %q", path, a.contentType, a.cache)
		for _, f := range a.forms {
			fmt.Fprintf(hash, " %s", f.etag)
		}
		fmt.Fprintln(hash)
	}
	return hex.EncodeToString(hash.Sum(nil))[:16]
}

// hashOf is the short name of some content: of 64 bits, for files that we made ourselves.
func hashOf(parts ...[]byte) string {
	hash := sha256.New()
	for _, p := range parts {
		hash.Write(p)
	}
	return hex.EncodeToString(hash.Sum(nil))[:16]
}

// hashedName puts the hash before the extension: /web/app.wasm becomes /web/app.0123456789abcdef.wasm.
func hashedName(path, hash string) string {
	dot := strings.LastIndexByte(path, '.')
	if dot <= strings.LastIndexByte(path, '/') {
		return path + "." + hash
	}
	return path[:dot] + "." + hash + path[dot:]
}
