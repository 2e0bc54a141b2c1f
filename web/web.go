// Package web serves the browser everything but the conversation: the page, the client's wasm, its styles and icons, the
// manifest and the service worker. Package server serves the conversation, and package app draws the page.
//
// New makes all answers when the program starts. After that the handler only serves bytes, with one exception. The headers
// name the sign-in provider's origins, so the handler makes all answers again when Config.SignIn returns other origins. The
// page that the server sends is drawn for "/", and is the same for every path and every user. So a service worker may cache
// the page, and nothing from a request can get into its HTML. In the browser, the client then draws what the user sees.
//
// Caching works as follows. The page names each file under /web/ with the hash of its content. A file with such a name
// never changes, so a browser fetches it once. The answer for a path at which there is nothing is not stored, nor is
// the page at Config.Callback. Browsers revalidate all other answers. These have the version of the client in a header.
// The version is a hash of all answers that a browser may store, headers included. The service worker caches files of
// one version only, and is replaced when the version changes.
//
// go generate builds the client, which is then embedded (see web/gen). A fresh clone compiles without it, but then New
// returns ErrNoClient.
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
	"time"
)

//go:generate go run ./gen

//go:embed static
var embedded embed.FS

// Config holds what New needs to know about the program.
type Config struct {
	Version   string        // the version of the program
	PublicURL string        // where users open Mayfly, such as https://chat.example.com; https turns on HSTS
	Origins   []string      // more origins at which users open Mayfly, such as http://192.168.1.7:8080
	Pages     []string      // the pages beside "/", as http.ServeMux patterns without a method, such as "/r/"
	Life      time.Duration // how long a message lives; the page says so before the client runs
	Brand     Brand         // the name and the look of the chat
	Callback  string        // the path to which the sign-in provider sends users back; caches must not store the page there

	// SignIn returns the origins that a browser calls when a user signs in, as far as the server knows them now. SignIn is
	// nil if users cannot sign in.
	SignIn func() []string
}

// Handler serves the page and its files. Make it with New.
type Handler struct {
	cfg   Config // does not change after New
	files *files // does not change after New

	missing *missing // does not change after New

	making  sync.Mutex // held while a new edition is made, so that only one request at a time makes an edition
	edition atomic.Pointer[edition]
}

// edition contains all answers for one list of sign-in origins (signIn). The headers of each answer name these origins, and
// the service worker caches the page together with its headers. So if the origins change, the version must change, too:
// otherwise the worker would keep the old headers.
type edition struct {
	signIn  []string
	version string
	headers http.Header
	mux     *http.ServeMux
}

// New returns the handler for the embedded client. Register the pages with go-app first, because New draws "/". It returns
// ErrNoClient if the binary was built without the client.
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
	if err := cfg.Brand.apply(files, static); err != nil {
		return nil, err
	}
	first, err := makeEdition(cfg, files, cfg.SignIn())
	if err != nil {
		return nil, err
	}
	h := &Handler{cfg: cfg, files: files, missing: newMissing(files, &cfg.Brand)}
	h.edition.Store(first)
	return h, nil
}

func makeEdition(cfg Config, files *files, signIn []string) (*edition, error) {
	// Several answers contain the version, which is a hash of all answers. So all answers are made twice: first with a
	// placeholder, from which the version is computed, and then with the version.
	draft, scripts, err := assemble(cfg, files, "draft")
	if err != nil {
		return nil, err
	}
	headers, err := securityHeaders(cfg, signIn, scripts)
	if err != nil {
		return nil, err
	}
	version := versionOf(cfg, headers, draft)
	answers, _, err := assemble(cfg, files, version)
	if err != nil {
		return nil, err
	}
	e := &edition{signIn: signIn, version: version, headers: headers, mux: http.NewServeMux()}
	for path, a := range answers {
		e.mux.Handle("GET "+path, a)
	}
	for _, pattern := range cfg.Pages {
		e.mux.Handle("GET "+pattern, answers[pagePath])
	}
	if cfg.Callback != "" {
		e.mux.Handle("GET "+cfg.Callback, answers[pagePath].notStored())
	}
	return e, nil
}

// current returns the edition for the origins that Config.SignIn returns now. If these have changed, it makes a new edition.
func (h *Handler) current() *edition {
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
		return e // not expected: New has made an edition from the same files
	}
	h.edition.Store(next)
	return next
}

// Version returns the version of this client in this configuration. It is the same on all nodes with the same build and
// configuration.
func (h *Handler) Version() string { return h.current().version }

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e := h.current()
	e.setHeaders(w)
	answer, pattern := e.mux.Handler(r)
	if pattern == "" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		answer = h.missing
	}
	answer.ServeHTTP(w, r)
}

// versionOf returns a hash of all answers that a browser may store, and of their headers. It hashes the ETags instead
// of the bodies, because an ETag already contains the hash of its body.
func versionOf(cfg Config, headers http.Header, answers map[string]*asset) string {
	hash := sha256.New()
	fmt.Fprintf(hash, "%q %q %q\n", cfg.Version, cfg.Pages, cfg.Callback)
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		fmt.Fprintf(hash, "%q %q\n", name, headers[name])
	}
	for _, path := range slices.Sorted(maps.Keys(answers)) {
		a := answers[path]
		fmt.Fprintf(hash, "%q %q %q", path, a.contentType, a.cache)
		for _, f := range a.variants {
			fmt.Fprintf(hash, " %s", f.etag)
		}
		fmt.Fprintln(hash)
	}
	return hex.EncodeToString(hash.Sum(nil))[:16]
}

// hashOf returns a hash of 64 bits. That is enough for Mayfly's own files: no attacker can choose their content to make two
// hashes equal.
func hashOf(parts ...[]byte) string {
	hash := sha256.New()
	for _, p := range parts {
		hash.Write(p)
	}
	return hex.EncodeToString(hash.Sum(nil))[:16]
}

// hashedName inserts the hash before the extension: /web/app.wasm becomes /web/app.0123456789abcdef.wasm.
func hashedName(path, hash string) string {
	dot := strings.LastIndexByte(path, '.')
	if dot <= strings.LastIndexByte(path, '/') {
		return path + "." + hash
	}
	return path[:dot] + "." + hash + path[dot:]
}
