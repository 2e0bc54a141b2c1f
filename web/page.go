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

	"mayfly/app/words"
)

const (
	title = "Mayfly"

	pagePath = "/{$}" // the path of the page's asset, as an http.ServeMux pattern
	styles   = "/web/mayfly.css"

	// versionHeader is the header with the version of an answer: the hash in the file's name if it contains one, else the
	// client's version. By this header the service worker checks that each answer that it caches comes from Mayfly and has
	// the version that it expects.
	versionHeader = "Mayfly-Version"
)

// workerJS is the service worker. go-app fills in the version and the files to cache. newApp fills in the path to which the
// sign-in provider sends users back, the paths of rooms, and the end of the titles of notifications.
//
//go:embed worker.js
var workerJS string

// assemble returns all answers that belong to one version of the client, by path. These are the files in f, and the texts
// that the function generate returns: go-app has made most of these texts.
//
// scripts are the inline scripts of the page.
func assemble(cfg Config, f *files, version string) (answers map[string]*asset, scripts [][]byte, err error) {
	generated, err := generate(cfg, f, version)
	if err != nil {
		return nil, nil, err
	}
	answers = map[string]*asset{}
	for path, a := range f.assets {
		if a.cache == revalidate {
			a = a.withVersion(version)
		}
		answers[path] = a
	}
	for path, m := range generated {
		a, err := newAsset(m.contentType, m.body)
		if err != nil {
			return nil, nil, err
		}
		answers[path] = a.withVersion(version)
	}
	scripts = [][]byte{generated[settingsPath].body, []byte(earlyJS)}
	return answers, scripts, checkPrecache(generated["/app-worker.js"].body, answers)
}

// generated is an answer that is not read from a file: go-app or this package makes it when the program starts.
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
	patches := append(addressPatches(cfg.PublicURL), headPatch(f))
	paper := cfg.Brand.paper()
	if html, err = patch(tidy(html), slices.Concat(pagePatches(paper), earlyPatches, patches)); err != nil {
		return nil, err
	}
	html = []byte(cfg.Brand.rename(string(html)))
	settings, err := settingsScript(cfg.Life, &cfg.Brand, html, fillMissing(f, &cfg.Brand))
	if err != nil {
		return nil, err
	}
	if html, err = patch(html, []replacement{{settingsPlace, string(settings)}}); err != nil {
		return nil, err
	}
	all := map[string]generated{
		pagePath:         {"text/html; charset=utf-8", html},
		"/app.js":        {contentTypes[".js"], script},
		"/app.css":       {contentTypes[".css"], css},
		"/app-worker.js": {contentTypes[".js"], worker},
		settingsPath:     {contentTypes[".js"], settings},
	}
	for n, l := range words.Languages() {
		manifest, err := makeManifest(n, &cfg.Brand, f.Resolve)
		if err != nil {
			return nil, err
		}
		all[manifestPath(l.Tag)] = generated{"application/manifest+json", manifest}
	}
	return all, nil
}

func newApp(cfg Config, f *files, version string) *goapp.Handler {
	var host string
	if u, err := url.Parse(cfg.PublicURL); err == nil {
		host = u.Host
	}
	keep := []string{icon}
	for _, l := range words.Languages() {
		keep = append(keep, manifestPath(l.Tag))
	}
	worker := strings.NewReplacer("{{.Callback}}", cfg.Callback, "{{.Rooms}}", list(cfg.Pages),
		"{{.Named}}", cfg.Brand.named())
	return &goapp.Handler{
		Name:                  cfg.Brand.Name(),
		Title:                 cfg.Brand.Name(),
		Description:           words.Shell(0, words.Description),
		Domain:                host,
		Image:                 icon512,
		Icon:                  goapp.Icon{Default: icon192, Large: icon512, Maskable: iconMaskable, SVG: icon},
		ThemeColor:            cfg.Brand.paper().dark,
		BackgroundColor:       cfg.Brand.paper().dark,
		LoadingLabel:          words.Shell(0, words.Starting),
		Styles:                []string{styles},
		CacheableResources:    keep,
		Resources:             f,
		Version:               version,
		ServiceWorkerTemplate: worker.Replace(workerJS),
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

// replacement is a patch of a text that go-app generates: the string in the field before is replaced by the string in the
// field after. The text must contain the old string exactly once. If it does not, because a new version of go-app generates
// another text, the tests fail and the program does not start.
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

// scriptPatches returns the patches of /app.js: those of faultScripts, and two more.
//   - The patch started makes the script wait for the wasm that settings.js has begun to load and to compile (headPatch).
//     go-app would begin only when this script runs. It would also wrap the response in another response to count the
//     bytes, and a browser would compile a wrapped response again on every visit.
//   - The patch quiet keeps go-app from watching for updates, because Mayfly's page does that itself (app/update.go).
//     go-app would report an update in the console even on a user's first visit, when the first service worker starts.
func scriptPatches(cfg Config, f *files) []replacement {
	wasm := strconv.Quote(f.Resolve("/web/app.wasm"))
	started := replacement{"await instantiateStreaming(\n      fetchWithProgress(" + wasm + ", showProgress),\n" +
		"      go.importObject\n    )",
		"{ instance: await WebAssembly.instantiate(await mayflyModule, go.importObject) }"}
	quiet := replacement{"      goappSetupNotifyUpdate(registration);\n", ""}
	return append(faultScripts(cfg), started, quiet)
}

// pagePatches returns the patches of the page's HTML. generate applies them after tidy. paper is the colour of the page.
func pagePatches(paper pair) []replacement {
	return []replacement{
		{ // go-app supports only one theme-color, but the page needs one for the light and one for the dark theme
			`<meta content="` + paper.dark + `" name="theme-color">`,
			`<meta content="` + paper.light + `" media="(prefers-color-scheme: light)" name="theme-color">` +
				`<meta content="` + paper.dark + `" media="(prefers-color-scheme: dark)" name="theme-color">`,
		},
		{ // when a phone shows its keyboard, the page gets smaller, so that the keyboard does not cover the composer
			`viewport-fit=cover"`, `viewport-fit=cover, interactive-widget=resizes-content"`,
		},
		{`rel="manifest"`, `crossorigin="use-credentials" rel="manifest"`}, // sends cookies, which a proxy may demand
		{"    <meta name=\"author\">\n", ""},                               // go-app writes this even if there is no author
		{`alt="wasm loader icon"`, `alt=""`},                               // a screen reader must not read this icon's name
		faultMarkup,
	}
}

// settingsPlace stands in the page where generate puts the script settings.js.
const settingsPlace = "{{settings.js}}"

// headPatch returns the patch that puts the script settings.js into the page. The script is inline and before the styles, so
// that it waits for no file. The attribute data-client makes it load the client.
func headPatch(f *files) replacement {
	const styles = `    <link href="/app.css"`
	return replacement{styles, `    <meta content="light dark" name="color-scheme">
    <script data-client="` + f.Resolve("/web/app.wasm") + `">` + settingsPlace + `</script>
` + styles}
}

// addressPatches returns the patches that are needed if publicURL begins with http://. go-app always writes https:// in the
// page's own addresses. The patches replace those addresses by addresses with http://.
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

// tidy rewrites the tags of go-app's HTML. It sorts the attributes of each tag: go-app writes them in a random order, but
// the page must be the same on every node. It also repairs the values of attributes (see repair).
func tidy(html []byte) []byte {
	return tag.ReplaceAllFunc(html, func(t []byte) []byte {
		m := tag.FindSubmatch(t)
		attributes := attribute.FindAllString(string(m[2]), -1)
		for i, a := range attributes {
			attributes[i] = repair(a)
		}
		slices.Sort(attributes)
		return []byte("<" + string(m[1]) + strings.Join(attributes, "") + ">")
	})
}

// repair returns an attribute as HTML has it. go-app writes a quotation mark in a value as in Go, \", and repair writes it
// as in HTML, &#34;. go-app leaves out a value that is "true". ARIA's attributes need it: without a value they mean nothing.
func repair(attribute string) string {
	name, quoted, ok := strings.Cut(attribute, "=")
	switch {
	case !ok && strings.HasPrefix(name, " aria-"):
		return name + `="true"`
	case !ok || !strings.Contains(quoted, `\`):
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

// precached returns the paths of the files that the service worker caches. go-app has written them into the worker as a JSON
// list.
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
