package web

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"
)

const (
	title       = "Mayfly"
	description = "A chat whose messages live for a while and are then gone, everywhere."

	page   = "/{$}" // the path of the page's asset, as http.ServeMux writes it
	styles = "/web/mayfly.css"

	// versionHeader lets the service worker see that all it caches is ours, and of one version: what is named by its hash
	// has that for a version.
	versionHeader = "Mayfly-Version"
)

// workerJS is the service worker, in which go-app fills in the version and the files to cache.
//
//go:embed worker.js
var workerJS string

// assemble makes every answer for a version of the client: the files as they are, and what go-app writes, as we want it.
func assemble(cfg Config, f *files, version string) (map[string]*asset, error) {
	made, err := write(cfg, f, version)
	if err != nil {
		return nil, err
	}
	answers := map[string]*asset{}
	for path, a := range f.assets {
		if a.cache == revalidate {
			a = a.of(version)
		}
		answers[path] = a
	}
	for path, m := range made {
		a, err := newAsset(m.contentType, m.body)
		if err != nil {
			return nil, err
		}
		answers[path] = a.of(version)
	}
	return answers, checkPrecache(made["/app-worker.js"].body, answers)
}

// made is an answer that is written here, not read from a file.
type made struct {
	contentType string
	body        []byte
}

func write(cfg Config, f *files, version string) (map[string]made, error) {
	app := newApp(cfg, f, version)
	var err error
	get := func(path string) []byte {
		b, e := fetch(app, path)
		if err == nil {
			err = e
		}
		return b
	}
	script, css, worker, html := get("/app.js"), get("/app.css"), get("/app-worker.js"), get("/")
	if err != nil {
		return nil, err
	}
	if script, err = patch(script, scriptPatches(f)); err != nil {
		return nil, err
	}
	if html, err = patch(tidy(html), pagePatches); err != nil {
		return nil, err
	}
	manifest, err := makeManifest(f.Resolve)
	if err != nil {
		return nil, err
	}
	return map[string]made{
		page:                    {"text/html; charset=utf-8", html},
		"/app.js":               {contentTypes[".js"], script},
		"/app.css":              {contentTypes[".css"], css},
		"/app-worker.js":        {contentTypes[".js"], worker},
		"/manifest.webmanifest": {"application/manifest+json", manifest},
	}, nil
}

func newApp(cfg Config, f *files, version string) *goapp.Handler {
	var host string
	if u, err := url.Parse(cfg.PublicURL); err == nil {
		host = u.Host
	}
	return &goapp.Handler{
		Name:                  title,
		Title:                 title,
		Description:           description,
		Domain:                host,
		Image:                 icon512,
		Icon:                  goapp.Icon{Default: icon192, Large: icon512, Maskable: iconMaskable, SVG: icon},
		ThemeColor:            themeDark,
		BackgroundColor:       themeDark,
		LoadingLabel:          "Starting Mayfly…",
		Styles:                []string{styles},
		CacheableResources:    []string{icon},
		RawHeaders:            []string{`<meta name="color-scheme" content="light dark">`},
		Resources:             f,
		Version:               version,
		ServiceWorkerTemplate: workerJS,
	}
}

// fetch returns what h answers to GET path.
func fetch(h http.Handler, path string) ([]byte, error) {
	r, err := http.NewRequest(http.MethodGet, path, nil)
	if err != nil {
		return nil, err
	}
	w := &response{header: http.Header{}, status: http.StatusOK}
	h.ServeHTTP(w, r)
	if w.status != http.StatusOK {
		return nil, fmt.Errorf("go-app answers %d for %s: register the pages before web.New", w.status, path)
	}
	return w.body.Bytes(), nil
}

// response is an http.ResponseWriter that keeps what is written.
type response struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *response) Header() http.Header         { return w.header }
func (w *response) WriteHeader(status int)      { w.status = status }
func (w *response) Write(b []byte) (int, error) { return w.body.Write(b) }

// replacement is a change to go-app's text. The text it replaces occurs exactly once, so a go-app that no longer has it is
// noticed when the program starts, and in the tests before.
type replacement struct{ before, after string }

func patch(text []byte, patches []replacement) ([]byte, error) {
	for _, p := range patches {
		if n := bytes.Count(text, []byte(p.before)); n != 1 {
			return nil, fmt.Errorf("go-app has changed: its text has %q %d times, want once", p.before, n)
		}
		text = bytes.Replace(text, []byte(p.before), []byte(p.after), 1)
	}
	return text, nil
}

// scriptPatches are those of /app.js. go-app wraps the wasm in a response of its own to count its bytes, and what is wrapped
// a browser compiles anew on every visit.
func scriptPatches(f *files) []replacement {
	wasm := strconv.Quote(f.Resolve("/web/app.wasm"))
	unwrapped := replacement{"fetchWithProgress(" + wasm + ", showProgress)", "fetch(" + wasm + ")"}
	return append([]replacement{unwrapped}, faultScripts...)
}

// pagePatches are those of the page, after tidy.
var pagePatches = []replacement{
	{ // go-app knows one colour of the window's frame
		`<meta content="` + themeDark + `" name="theme-color">`,
		`<meta content="` + themeLight + `" media="(prefers-color-scheme: light)" name="theme-color">` +
			`<meta content="` + themeDark + `" media="(prefers-color-scheme: dark)" name="theme-color">`,
	},
	{ // a phone's keyboard must not cover the composer
		`viewport-fit=cover"`, `viewport-fit=cover, interactive-widget=resizes-content"`,
	},
	{`alt="wasm loader icon"`, `alt=""`}, // of no interest to whom it is read out
	faultMarkup,
}

var (
	tag       = regexp.MustCompile(`<([a-z][a-z0-9-]*)((?: [^\s=<>"]+(?:="(?:[^"\\]|\\.)*")?)+)>`)
	attribute = regexp.MustCompile(` [^\s=<>"]+(?:="(?:[^"\\]|\\.)*")?`)
)

// tidy rewrites the tags of go-app's HTML. It puts attributes in order, because go-app's order is random and the page has to
// be the same on every node. And it quotes them as HTML does, not as Go does.
func tidy(html []byte) []byte {
	return tag.ReplaceAllFunc(html, func(t []byte) []byte {
		m := tag.FindSubmatch(t)
		attributes := attribute.FindAllString(string(m[2]), -1)
		for i, a := range attributes {
			attributes[i] = requote(a)
		}
		slices.Sort(attributes)
		return []byte("<" + string(m[1]) + strings.Join(attributes, "") + ">")
	})
}

func requote(attribute string) string {
	name, quoted, ok := strings.Cut(attribute, "=")
	if !ok || !strings.Contains(quoted, `\`) {
		return attribute
	}
	value, err := strconv.Unquote(quoted)
	if err != nil {
		return attribute
	}
	return name + `="` + strings.ReplaceAll(value, `"`, "&#34;") + `"`
}

// checkPrecache returns an error if the worker is to cache a file that is not there: it would never be installed.
func checkPrecache(worker []byte, answers map[string]*asset) error {
	urls, err := precached(worker)
	if err != nil {
		return err
	}
	for _, u := range urls {
		if u == "/" {
			u = page
		}
		if answers[u] == nil {
			return fmt.Errorf("web/static lacks %s, which the page needs", strings.TrimPrefix(u, "/web/"))
		}
	}
	return nil
}

// precached returns the files that the worker caches, which go-app wrote into it as JSON.
func precached(worker []byte) ([]string, error) {
	const before = "const files = "
	_, list, ok := bytes.Cut(worker, []byte(before))
	if !ok {
		return nil, fmt.Errorf("worker.js has no line that begins with %q", before)
	}
	var urls []string
	err := json.NewDecoder(bytes.NewReader(list)).Decode(&urls)
	return urls, err
}
