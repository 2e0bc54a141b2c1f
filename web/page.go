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

	pagePath = "/{$}" // the path of the page's asset, as an http.ServeMux pattern
	styles   = "/web/mayfly.css"

	// versionHeader names the version of an answer. With it the service worker checks that all answers that it caches come
	// from Mayfly and have the same version. The version of a file whose name contains its hash is that hash.
	versionHeader = "Mayfly-Version"
)

// workerJS is the service worker. go-app fills in the version and the files to cache. newApp fills in the path to which the
// sign-in provider sends users back.
//
//go:embed worker.js
var workerJS string

// assemble makes every answer for a version of the client, by its path. The answers are the files, unchanged, and the texts
// that go-app generates, patched.
func assemble(cfg Config, f *files, version string) (map[string]*asset, error) {
	generated, err := generate(cfg, f, version)
	if err != nil {
		return nil, err
	}
	answers := map[string]*asset{}
	for path, a := range f.assets {
		if a.cache == revalidate {
			a = a.withVersion(version)
		}
		answers[path] = a
	}
	for path, m := range generated {
		a, err := newAsset(m.contentType, m.body)
		if err != nil {
			return nil, err
		}
		answers[path] = a.withVersion(version)
	}
	return answers, checkPrecache(generated["/app-worker.js"].body, answers)
}

// generated is an answer that go-app or this package makes when the program starts, instead of reading a file.
type generated struct {
	contentType string
	body        []byte
}

func generate(cfg Config, f *files, version string) (map[string]generated, error) {
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
	if script, err = patch(script, scriptPatches(cfg, f)); err != nil {
		return nil, err
	}
	if html, err = patch(tidy(html), slices.Concat(pagePatches, addressPatches(cfg.PublicURL))); err != nil {
		return nil, err
	}
	manifest, err := makeManifest(f.Resolve)
	if err != nil {
		return nil, err
	}
	return map[string]generated{
		pagePath:                {"text/html; charset=utf-8", html},
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
		ServiceWorkerTemplate: strings.Replace(workerJS, "{{.Callback}}", cfg.Callback, 1),
	}
}

// fetch returns the body of h's answer to GET path.
func fetch(h http.Handler, path string) ([]byte, error) {
	r, err := http.NewRequest(http.MethodGet, path, nil)
	if err != nil {
		return nil, err
	}
	w := &recorder{header: http.Header{}, status: http.StatusOK}
	h.ServeHTTP(w, r)
	if w.status != http.StatusOK {
		return nil, fmt.Errorf("go-app answers %d for %s: register the pages before web.New", w.status, path)
	}
	return w.body.Bytes(), nil
}

type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header         { return w.header }
func (w *recorder) WriteHeader(status int)      { w.status = status }
func (w *recorder) Write(b []byte) (int, error) { return w.body.Write(b) }

// replacement changes a text that go-app generates: after replaces before. before must occur exactly once in the text. If a
// new version of go-app no longer generates before, the tests fail and the program does not start.
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

// scriptPatches returns the patches of /app.js. The first patch makes it fetch the wasm directly. go-app wraps the wasm's
// response in another response to count the bytes, and a browser would compile a wrapped response again on every visit. The
// second patch keeps go-app from watching for updates: go-app would report one in the console even on a user's first visit,
// when the first service worker starts. Mayfly's page watches for updates itself (app/update.go).
func scriptPatches(cfg Config, f *files) []replacement {
	wasm := strconv.Quote(f.Resolve("/web/app.wasm"))
	unwrapped := replacement{"fetchWithProgress(" + wasm + ", showProgress)", "fetch(" + wasm + ")"}
	quiet := replacement{"      goappSetupNotifyUpdate(registration);\n", ""}
	return append(faultScripts(cfg), unwrapped, quiet)
}

// pagePatches are the patches of the page's HTML. generate applies them after tidy.
var pagePatches = []replacement{
	{ // go-app supports only one theme-color, but the page needs one for the light and one for the dark theme
		`<meta content="` + themeDark + `" name="theme-color">`,
		`<meta content="` + themeLight + `" media="(prefers-color-scheme: light)" name="theme-color">` +
			`<meta content="` + themeDark + `" media="(prefers-color-scheme: dark)" name="theme-color">`,
	},
	{ // when a phone shows its keyboard, the page gets smaller, so that the keyboard does not cover the composer
		`viewport-fit=cover"`, `viewport-fit=cover, interactive-widget=resizes-content"`,
	},
	{`rel="manifest"`, `crossorigin="use-credentials" rel="manifest"`}, // a proxy may demand cookies or a password
	{"    <meta name=\"author\">\n", ""},                               // go-app writes it even if there is no author
	{`alt="wasm loader icon"`, `alt=""`},                               // a screen reader must not read this icon's name
	faultMarkup,
}

// addressPatches returns patches for a publicURL with http: they give the page's own addresses that scheme, because go-app
// always writes https.
func addressPatches(publicURL string) []replacement {
	host, isHTTP := strings.CutPrefix(publicURL, "http://")
	if !isHTTP {
		return nil
	}
	return []replacement{
		{`<meta content="https://` + host + `" property="og:url">`, `<meta content="` + publicURL + `" property="og:url">`},
		{`<meta content="https://` + host + `/web/icons/`, `<meta content="` + publicURL + `/web/icons/`},
	}
}

var (
	tag       = regexp.MustCompile(`<([a-z][a-z0-9-]*)((?: [^\s=<>"]+(?:="(?:[^"\\]|\\.)*")?)+)>`)
	attribute = regexp.MustCompile(` [^\s=<>"]+(?:="(?:[^"\\]|\\.)*")?`)
)

// tidy rewrites the tags of go-app's HTML. It sorts the attributes of each tag, because go-app's order is random and a page
// must be the same on every node. It replaces Go's escapes in their values, which go-app writes, by those of HTML.
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

// checkPrecache returns an error if the service worker's list of files to cache contains a file that does not exist. A
// browser would never install such a worker.
func checkPrecache(worker []byte, answers map[string]*asset) error {
	urls, err := precached(worker)
	if err != nil {
		return err
	}
	for _, u := range urls {
		if u == "/" {
			u = pagePath
		}
		if answers[u] == nil {
			return fmt.Errorf("web/static lacks %s, which the page needs", strings.TrimPrefix(u, "/web/"))
		}
	}
	return nil
}

// precached returns the files that the service worker caches. go-app has written this list into the worker as JSON.
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
