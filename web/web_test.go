package web_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"
	"go.uber.org/goleak"

	"mayfly/web"
)

func TestMain(m *testing.M) {
	goapp.Route("/", func() goapp.Composer { return &hello{} })
	goleak.VerifyTestMain(m)
}

// hello is the page at "/" in these tests. go-app would quote its attributes wrongly.
type hello struct{ goapp.Compo }

func (h *hello) Render() goapp.UI {
	return goapp.Div().Class("page").Body(
		goapp.Main().ID("hello").Class("a").Title(`say "hi" 👩‍🚀`).Text("Hello, <world>"),
		goapp.Div().Class("composer-row"),
	)
}

var config = web.Config{Version: "v1.2.3", PublicURL: "https://chat.example.com", Pages: []string{"/r/"}, Callback: "/login/callback"}

// wasm replaces the client. It is long enough to be compressed.
var wasm = []byte(strings.Repeat("\x00asm", 4000))

func fakeFiles(t *testing.T) fstest.MapFS {
	t.Helper()
	var gz bytes.Buffer
	w := gzip.NewWriter(&gz)
	if _, err := w.Write(wasm); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{
		"build/app.wasm.br":  {Data: []byte("brotli of it")},
		"build/app.wasm.gz":  {Data: gz.Bytes()},
		"build/wasm_exec.js": {Data: []byte(strings.Repeat("// glue\n", 100))},
		"build/build.json":   {Data: []byte("{}\n")},
		"mayfly.css":         {Data: []byte(strings.Repeat("main { color: teal }\n", 100))},
		"robots.txt":         {Data: []byte("User-agent: *\n")},
		"favicon.ico":        {Data: []byte("ico")},
	}
	for _, name := range []string{"icon.svg", "icon-192.png", "icon-512.png", "maskable-512.png", "monochrome-512.png"} {
		files["icons/"+name] = &fstest.MapFile{Data: []byte(name)}
	}
	for _, name := range []string{"wide.png", "narrow.png"} {
		files["screenshots/"+name] = &fstest.MapFile{Data: []byte(name)}
	}
	return files
}

func fake(t *testing.T) *web.Handler {
	t.Helper()
	return newFrom(t, config, fakeFiles(t))
}

func newFrom(t *testing.T, cfg web.Config, files fs.FS) *web.Handler {
	t.Helper()
	h, err := web.NewFrom(cfg, files)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// get requests a path of h. header has alternating names and values.
func get(t *testing.T, h http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	return ask(t, h, http.MethodGet, path, header...)
}

func ask(t *testing.T, h http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// workerList returns the files that the service worker caches.
func workerList(t *testing.T, h http.Handler) []string {
	t.Helper()
	urls, err := web.Precached(get(t, h, "/app-worker.js").Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return urls
}

func wasmPath(t *testing.T, h http.Handler) string {
	t.Helper()
	urls := workerList(t, h)
	i := slices.IndexFunc(urls, func(u string) bool { return strings.HasSuffix(u, ".wasm") })
	if i < 0 {
		t.Fatalf("the worker lists no wasm: %v", urls)
	}
	return urls[i]
}

func TestEncodingIsNegotiated(t *testing.T) {
	h := fake(t)
	path := wasmPath(t, h)
	for _, test := range []struct{ accept, want string }{
		{"gzip, deflate, br, zstd", "br"},
		{"gzip, deflate", "gzip"},
		{"GZIP", "gzip"},
		{"br;q=0.5, gzip;q=0.8", "gzip"},
		{"br;q=0.8, gzip;q=0.8", "br"},
		{"br;q=0, gzip", "gzip"},
		{"br;q=0,gzip;q=0", ""},
		{"br ; Q=0 , gzip ; q=1.0", "gzip"},
		{"gzip;q=0.5, identity", ""},
		{"*", "br"},
		{"*;q=0.1, br;q=0", "gzip"},
		{"*;q=0", ""},
		{"identity;q=0, *;q=0", ""},
		{"br;q=2, gzip", "gzip"},
		{"br;q=NaN, gzip", "gzip"},
		{"deflate", ""},
		{", ,", ""},
		{"", ""},
	} {
		t.Run(test.accept, func(t *testing.T) {
			w := get(t, h, path, "Accept-Encoding", test.accept)
			if got := w.Header().Get("Content-Encoding"); w.Code != 200 || got != test.want {
				t.Errorf("Accept-Encoding %q gives %d in %q, want 200 in %q", test.accept, w.Code, got, test.want)
			}
			if got := w.Header().Get("Vary"); got != "Accept-Encoding" {
				t.Errorf("Vary is %q", got)
			}
			if got, want := w.Header().Get("Content-Length"), fmt.Sprint(w.Body.Len()); got != want {
				t.Errorf("Content-Length is %s, want %s", got, want)
			}
			if test.want == "" && !bytes.Equal(w.Body.Bytes(), wasm) {
				t.Errorf("the plain wasm is not what was packed: %d bytes, want %d", w.Body.Len(), len(wasm))
			}
		})
	}
	if w := get(t, h, path); w.Header().Get("Content-Encoding") != "" {
		t.Error("without Accept-Encoding the answer is compressed")
	}
}

func TestEachFormHasItsOwnETag(t *testing.T) {
	h := fake(t)
	for _, path := range []string{wasmPath(t, h), "/web/mayfly.css", "/", "/app.js"} {
		gz, plain := get(t, h, path, "Accept-Encoding", "gzip"), get(t, h, path)
		if gz.Header().Get("Content-Encoding") != "gzip" {
			t.Errorf("%s is not compressed", path)
		}
		if a, b := gz.Header().Get("ETag"), plain.Header().Get("ETag"); a == b || a == "" || b == "" {
			t.Errorf("%s has the ETags %s and %s, want two", path, a, b)
		}
	}
}

func TestConditionalRequests(t *testing.T) {
	h := fake(t)
	for _, path := range []string{wasmPath(t, h), "/web/mayfly.css", "/", "/r/lobby", "/app.js", "/app-worker.js", "/robots.txt"} {
		first := get(t, h, path)
		etag := first.Header().Get("ETag")
		for _, test := range []struct {
			noneMatch string
			want      int
		}{
			{etag, 304},
			{"W/" + etag, 304},
			{`"other", ` + etag, 304},
			{"*", 304},
			{`"other"`, 200},
			{`"` + h.Version() + `"`, 200},
		} {
			w := get(t, h, path, "If-None-Match", test.noneMatch)
			if w.Code != test.want {
				t.Errorf("%s with If-None-Match %s answers %d, want %d", path, test.noneMatch, w.Code, test.want)
			}
			if w.Code == 304 && w.Body.Len() > 0 {
				t.Errorf("%s sends a body with 304", path)
			}
			for _, name := range []string{"ETag", "Cache-Control", "Vary"} {
				if got, want := w.Header().Get(name), first.Header().Get(name); got != want {
					t.Errorf("%s with If-None-Match %s has %s %q, want %q", path, test.noneMatch, name, got, want)
				}
			}
		}
	}
}

func TestHead(t *testing.T) {
	h := fake(t)
	for _, path := range []string{wasmPath(t, h), "/", "/r/x", "/manifest.webmanifest"} {
		head, body := ask(t, h, http.MethodHead, path), get(t, h, path)
		if head.Code != 200 || head.Body.Len() != 0 {
			t.Errorf("HEAD %s answers %d with %d bytes", path, head.Code, head.Body.Len())
		}
		if got, want := head.Header().Get("Content-Length"), body.Header().Get("Content-Length"); got != want {
			t.Errorf("HEAD %s says Content-Length %s, GET %s", path, got, want)
		}
	}
}

func TestAnswers(t *testing.T) {
	h := fake(t)
	const forever, ask1st = "public, max-age=31536000, immutable", "no-cache"
	hashed := regexp.MustCompile(`^/web/app\.[0-9a-f]{16}\.wasm$`)
	if path := wasmPath(t, h); !hashed.MatchString(path) {
		t.Errorf("the wasm is served as %s, want its hash in the name", path)
	}
	for _, test := range []struct{ path, contentType, cache string }{
		{wasmPath(t, h), "application/wasm", forever},
		{"/web/app.wasm", "application/wasm", ask1st},
		{"/web/mayfly.css", "text/css; charset=utf-8", ask1st},
		{"/web/icons/icon.svg", "image/svg+xml", ask1st},
		{"/web/icons/icon-512.png", "image/png", ask1st},
		{"/", "text/html; charset=utf-8", ask1st},
		{"/?source=pwa", "text/html; charset=utf-8", ask1st},
		{"/r/lobby", "text/html; charset=utf-8", ask1st},
		{"/r/a%2Fb", "text/html; charset=utf-8", ask1st},
		{"/app.js", "text/javascript; charset=utf-8", ask1st},
		{"/app.css", "text/css; charset=utf-8", ask1st},
		{"/app-worker.js", "text/javascript; charset=utf-8", ask1st},
		{"/wasm_exec.js", "text/javascript; charset=utf-8", ask1st},
		{"/manifest.webmanifest", "application/manifest+json", ask1st},
		{"/robots.txt", "text/plain; charset=utf-8", ask1st},
		{"/favicon.ico", "image/x-icon", ask1st},
	} {
		w := get(t, h, test.path)
		if w.Code != 200 {
			t.Errorf("%s answers %d", test.path, w.Code)
		}
		if got := w.Header().Get("Content-Type"); got != test.contentType {
			t.Errorf("%s has Content-Type %q, want %q", test.path, got, test.contentType)
		}
		if got := w.Header().Get("Cache-Control"); got != test.cache {
			t.Errorf("%s has Cache-Control %q, want %q", test.path, got, test.cache)
		}
	}
}

// TestCallbackIsKeptNowhere checks that the callback page is the same as the other pages, and that no cache may store it
// with the code in its address.
func TestCallbackIsKeptNowhere(t *testing.T) {
	h := fake(t)
	page := get(t, h, "/").Body.String()
	for _, path := range []string{"/login/callback", "/login/callback?code=secret&state=x"} {
		w := get(t, h, path)
		if w.Code != 200 || w.Body.String() != page {
			t.Errorf("%s answers %d with another page than /", path, w.Code)
		}
		for name, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s has %s %q, want %q", path, name, got, want)
			}
		}
	}
	for _, path := range []string{"/login", "/login/", "/login/callback/", "/login/callback/x"} {
		if w := get(t, h, path); w.Code != 404 {
			t.Errorf("%s answers %d, want 404", path, w.Code)
		}
	}
	if worker := get(t, h, "/app-worker.js").Body.String(); !strings.Contains(worker, `const callback = "/login/callback";`) {
		t.Error("the worker does not know the callback")
	}
	without := newFrom(t, web.Config{}, fakeFiles(t))
	if w := get(t, without, "/login/callback"); w.Code != 404 {
		t.Errorf("without a callback its page answers %d", w.Code)
	}
}

func TestUnknownPaths(t *testing.T) {
	h := fake(t)
	for _, path := range []string{
		"/nowhere", "/web/", "/web/app.0000000000000000.wasm", "/web/build/build.json", "/web/robots.txt", "/build/app.wasm.br",
		"/app.wasm", "/goapp.wasm", "/goapp.js", "/manifest.json", "/sitemap.xml", "/ads.txt", "/index.html",
		"/" + h.Version() + "/app.js", "/" + h.Version() + "/robots.txt", "/" + h.Version() + "/web/app.wasm",
	} {
		for _, header := range [][]string{nil, {"If-None-Match", `"` + h.Version() + `"`}, {"If-None-Match", "*"}} {
			if w := get(t, h, path, header...); w.Code != 404 {
				t.Errorf("GET %s %q answers %d, want 404", path, header, w.Code)
			}
		}
	}
	if w := ask(t, h, http.MethodPost, "/"); w.Code != 405 {
		t.Errorf("POST / answers %d, want 405", w.Code)
	}
	if w := ask(t, h, http.MethodPost, "/nowhere"); w.Code != 404 {
		t.Errorf("POST /nowhere answers %d, want 404", w.Code)
	}
}

// TestMissingPage asks for a path at which there is nothing: a browser gets a page, another client plain text.
func TestMissingPage(t *testing.T) {
	h := fake(t)
	const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
	for _, tt := range []struct {
		accept string
		page   bool
	}{
		{browser, true}, {"text/html", true}, {"TEXT/HTML; level=1", true}, {"application/json;q=0.5, text/html", true},
		{"text/html, application/json", true},

		{"", false}, {"*/*", false}, {"application/json", false}, {"text/plain", false},
		{"image/avif,image/*,*/*;q=0.8", false},
		{"text/html;q=0", false}, {"text/html;q=0.5, application/json", false}, {"text/html;q=0.2, text/plain;q=0.8", false},
	} {
		w := get(t, h, `/web/<script>alert("x")`, "Accept", tt.accept)
		body, kind := w.Body.String(), w.Header().Get("Content-Type")
		if page := strings.HasPrefix(kind, "text/html"); w.Code != 404 || page != tt.page || !page &&
			kind != "text/plain; charset=utf-8" {
			t.Errorf("Accept %q: %d of %s, want a page: %v", tt.accept, w.Code, kind, tt.page)
		}
		if strings.Count(body, "<script") > 1 || strings.Contains(body, "alert") || len(body) > 1024 || len(body) < 30 {
			t.Errorf("Accept %q: %q", tt.accept, body)
		}
		if w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Vary") != "Accept" ||
			w.Header().Get("Content-Length") != fmt.Sprint(len(body)) || w.Header().Get("Content-Security-Policy") == "" {
			t.Errorf("Accept %q: the headers are %v", tt.accept, w.Header())
		}
	}
	page := get(t, h, "/nowhere", "Accept", browser).Body.String()
	for _, file := range regexp.MustCompile(`<link [^>]*href="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if w := get(t, h, file[1]); w.Code != 200 || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("the page names %s, which answers %d", file[1], w.Code)
		}
	}
	if !strings.Contains(page, `href="/"`) {
		t.Error("the page does not lead to the chat")
	}
	if w := ask(t, h, http.MethodHead, "/nowhere", "Accept", browser); w.Code != 404 || w.Body.Len() != 0 {
		t.Errorf("HEAD /nowhere answers %d with %d bytes", w.Code, w.Body.Len())
	}
}

func TestSecurityHeaders(t *testing.T) {
	h := fake(t)
	hashes := ""
	for _, script := range inlineScripts(t, get(t, h, "/").Body.String()) {
		hash := sha256.Sum256([]byte(script))
		hashes += " 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'"
	}
	want := map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'" + hashes +
			" 'wasm-unsafe-eval'; style-src 'self'; " +
			"img-src 'self' data:; font-src 'self'; connect-src 'self' wss://chat.example.com; manifest-src 'self'; " +
			"worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
		"X-Content-Type-Options":       "nosniff",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Strict-Transport-Security":    "max-age=31536000",
	}
	other := h.Secure(http.NotFoundHandler())
	for _, test := range []struct {
		name   string
		answer *httptest.ResponseRecorder
	}{
		{"page", get(t, h, "/")},
		{"room", get(t, h, "/r/x")},
		{"wasm", get(t, h, wasmPath(t, h))},
		{"script", get(t, h, "/app.js")},
		{"worker", get(t, h, "/app-worker.js")},
		{"not modified", get(t, h, "/app.js", "If-None-Match", "*")},
		{"not found", get(t, h, "/nowhere")},
		{"not allowed", ask(t, h, http.MethodPost, "/")},
		{"another handler", get(t, other, "/healthz")},
	} {
		for name, value := range want {
			if got := test.answer.Header().Values(name); len(got) != 1 || got[0] != value {
				t.Errorf("%s: %s is %q, want %q", test.name, name, got, value)
			}
		}
		if got := test.answer.Header().Get("Permissions-Policy"); !strings.Contains(got, "camera=()") {
			t.Errorf("%s: Permissions-Policy is %q", test.name, got)
		}
	}
}

// TestPolicyFollowsSignIn checks that the policy and the client's version follow the current origins of sign-in.
func TestPolicyFollowsSignIn(t *testing.T) {
	var signIn atomic.Pointer[[]string]
	signIn.Store(&[]string{"https://id.example"})
	cfg := config
	cfg.SignIn = func() []string { return *signIn.Load() }
	h := newFrom(t, cfg, fakeFiles(t))
	policy := func(path string) (connect, form string) {
		w := get(t, h, path)
		if path == "/healthz" {
			w = get(t, h.Secure(http.NotFoundHandler()), path)
		}
		for _, directive := range strings.Split(w.Header().Get("Content-Security-Policy"), "; ") {
			switch {
			case strings.HasPrefix(directive, "connect-src "):
				connect = directive
			case strings.HasPrefix(directive, "form-action "):
				form = directive
			case strings.Contains(directive, "id.example") || strings.Contains(directive, "tokens.example"):
				t.Errorf("%s: %s", path, directive)
			}
		}
		return connect, form
	}
	versions := map[string]bool{}
	for _, tt := range []struct {
		origins []string
		want    string
	}{
		{[]string{"https://id.example"}, " https://id.example"},
		{[]string{"https://id.example", "https://tokens.example:8443"}, " https://id.example https://tokens.example:8443"},
		{[]string{"http://[::1]:5556", "https://x; script-src *", "https://*.example"}, ""},
	} {
		signIn.Store(&tt.origins)
		for _, path := range []string{"/", "/r/x", "/app.js", "/healthz"} {
			connect, form := policy(path)
			if connect != "connect-src 'self' wss://chat.example.com"+tt.want || form != "form-action 'self'" {
				t.Errorf("%q: %s has %q and %q", tt.origins, path, connect, form)
			}
		}
		v := h.Version()
		if worker := get(t, h, "/app-worker.js").Body.String(); versions[v] || !strings.Contains(worker, v) || get(t, h, "/").Header().Get("Mayfly-Version") != v {
			t.Errorf("%q: version %s was there before, or is not everywhere", tt.origins, v)
		}
		versions[v] = true
	}
	without := newFrom(t, config, fakeFiles(t))
	signIn.Store(&[]string{})
	if h.Version() != without.Version() {
		t.Error("no origin is another version than no sign-in")
	}
}

func TestPolicyNamesTheSockets(t *testing.T) {
	for _, test := range []struct {
		name, public string
		origins      []string
		want         string
		hsts         bool
	}{
		{"nothing", "", nil, "connect-src 'self';", false},
		{"http", "http://localhost:8080", nil, "connect-src 'self' ws://localhost:8080;", false},
		{"https", "https://a.example", nil, "connect-src 'self' wss://a.example;", true},
		{"more", "https://b.example/", []string{"http://a.example:81", "https://b.example"},
			"connect-src 'self' ws://a.example:81 wss://b.example;", true},
		{"IPv6 has no notation", "http://[::1]:8080", nil, "connect-src 'self';", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newFrom(t, web.Config{PublicURL: test.public, Origins: test.origins}, fakeFiles(t))
			w := get(t, h, "/")
			if got := w.Header().Get("Content-Security-Policy"); !strings.Contains(got, test.want) {
				t.Errorf("the policy is %q, want %q in it", got, test.want)
			}
			if got := w.Header().Get("Strict-Transport-Security") != ""; got != test.hsts {
				t.Errorf("Strict-Transport-Security sent: %v, want %v", got, test.hsts)
			}
		})
	}
	for _, origin := range []string{"chat.example.com", "ftp://a.example", "https://", "https://a.example;script-src", "https://a b"} {
		if _, err := web.NewFrom(web.Config{Origins: []string{origin}}, fakeFiles(t)); err == nil {
			t.Errorf("origin %q is taken", origin)
		}
	}
}

func TestManifest(t *testing.T) {
	h := fake(t)
	var m struct {
		ID, Name, Lang, Dir, Scope, Display string
		ShortName                           string   `json:"short_name"`
		StartURL                            string   `json:"start_url"`
		DisplayOverride                     []string `json:"display_override"`
		BackgroundColor                     string   `json:"background_color"`
		ThemeColor                          string   `json:"theme_color"`
		PreferRelated                       *bool    `json:"prefer_related_applications"`
		Icons                               []struct{ Src, Sizes, Type, Purpose string }
		Screenshots                         []struct {
			Src, Sizes, Type, Label string
			FormFactor              string `json:"form_factor"`
		}
		Shortcuts []struct {
			Name, URL string
			Icons     []struct{ Src string }
		}
	}
	if err := json.Unmarshal(get(t, h, "/manifest.webmanifest").Body.Bytes(), &m); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ field, got, want string }{
		{"id", m.ID, "/"}, {"name", m.Name, "Mayfly"}, {"short_name", m.ShortName, "Mayfly"}, {"lang", m.Lang, "en"},
		{"dir", m.Dir, "ltr"}, {"scope", m.Scope, "/"}, {"start_url", m.StartURL, "/?source=pwa"},
		{"display", m.Display, "standalone"},
	} {
		if test.got != test.want {
			t.Errorf("%s is %q, want %q", test.field, test.got, test.want)
		}
	}
	if len(m.DisplayOverride) == 0 || m.BackgroundColor == "" || m.ThemeColor == "" || m.PreferRelated == nil || *m.PreferRelated {
		t.Errorf("display_override, the colours or prefer_related_applications are wrong: %+v", m)
	}
	var icons []string
	for _, i := range m.Icons {
		icons = append(icons, i.Sizes+" "+i.Type+" "+i.Purpose)
		if w := get(t, h, i.Src); w.Code != 200 || w.Header().Get("Content-Type") != i.Type {
			t.Errorf("icon %s answers %d, %s", i.Src, w.Code, w.Header().Get("Content-Type"))
		}
	}
	want := []string{"192x192 image/png any", "512x512 image/png any", "any image/svg+xml any",
		"512x512 image/png maskable", "512x512 image/png monochrome"}
	if !slices.Equal(icons, want) {
		t.Errorf("the icons are %q, want %q", icons, want)
	}
	var screens []string
	for _, s := range m.Screenshots {
		screens = append(screens, s.Sizes+" "+s.FormFactor)
		if w := get(t, h, s.Src); w.Code != 200 || w.Header().Get("Content-Type") != s.Type || s.Label == "" {
			t.Errorf("screenshot %s answers %d, %s, and is called %q", s.Src, w.Code, w.Header().Get("Content-Type"), s.Label)
		}
	}
	if want := []string{"1280x800 wide", "390x844 narrow"}; !slices.Equal(screens, want) {
		t.Errorf("the screenshots are %q, want %q", screens, want)
	}
	for _, s := range m.Shortcuts {
		if w := get(t, h, s.URL); w.Code != 200 || s.Name == "" || len(s.Icons) != 1 || get(t, h, s.Icons[0].Src).Code != 200 {
			t.Errorf("shortcut %+v leads to %d, or lacks a name or an icon", s, w.Code)
		}
	}
	if len(m.Shortcuts) == 0 {
		t.Error("there is no shortcut")
	}
}

// TestImagesAreOfTheirSize compares each image with its size in the manifest: a browser ignores an image of another size.
func TestImagesAreOfTheirSize(t *testing.T) {
	files := fakeFiles(t)
	static, err := web.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	for name := range files {
		if strings.HasPrefix(name, "icons/") || strings.HasPrefix(name, "screenshots/") {
			b, err := fs.ReadFile(static, name)
			if err != nil {
				t.Fatal(err)
			}
			files[name] = &fstest.MapFile{Data: b}
		}
	}
	h := newFrom(t, config, files)
	var m map[string]any
	if err := json.Unmarshal(get(t, h, "/manifest.webmanifest").Body.Bytes(), &m); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, list := range []string{"icons", "screenshots"} {
		for _, entry := range m[list].([]any) {
			image := entry.(map[string]any)
			if image["type"] != "image/png" {
				continue
			}
			seen++
			body := get(t, h, image["src"].(string)).Body
			if c, err := png.DecodeConfig(body); err != nil || fmt.Sprintf("%dx%d", c.Width, c.Height) != image["sizes"] {
				t.Errorf("%s is %dx%d, want %s: %v", image["src"], c.Width, c.Height, image["sizes"], err)
			}
		}
	}
	if seen != 6 {
		t.Errorf("the manifest has %d PNGs, want 6", seen)
	}
}

func TestWorkerPrecachesWhatThePageNeeds(t *testing.T) {
	h := fake(t)
	urls := workerList(t, h)
	var names []string
	hash := regexp.MustCompile(`\.[0-9a-f]{16}\.`)
	version := func(u string) string { // the version of an answer, as the worker expects it
		if strings.HasPrefix(u, "/web/") {
			return strings.Trim(hash.FindString(u), ".")
		}
		return h.Version()
	}
	for _, u := range urls {
		if w := get(t, h, u); w.Code != 200 {
			t.Errorf("%s answers %d", u, w.Code)
		} else if got, want := w.Header().Get("Mayfly-Version"), version(u); got != want {
			t.Errorf("%s says it is of version %q, want %q", u, got, want)
		}
		if strings.HasPrefix(u, "/web/") && !hash.MatchString(u) {
			t.Errorf("%s has no hash in its name", u)
		}
		names = append(names, hash.ReplaceAllString(u, "."))
	}
	slices.Sort(names)
	want := []string{"/", "/app.css", "/app.js", "/manifest.ar.webmanifest", "/manifest.de.webmanifest",
		"/manifest.webmanifest", "/wasm_exec.js", "/web/app.wasm", "/web/icons/icon-192.png",
		"/web/icons/icon-512.png", "/web/icons/icon.svg", "/web/icons/maskable-512.png", "/web/mayfly.css"}
	if !slices.Equal(names, want) {
		t.Errorf("the worker caches %q,\nwant %q", names, want)
	}

	// Every file that the page and its script name must be in the cache.
	text := get(t, h, "/").Body.String() + get(t, h, "/app.js").Body.String()
	for _, m := range regexp.MustCompile(`(?:href|src|data-client)="(/[^"]*)"`).FindAllStringSubmatch(text, -1) {
		if !slices.Contains(urls, m[1]) {
			t.Errorf("the page needs %s, which the worker does not cache", m[1])
		}
	}
	worker := get(t, h, "/app-worker.js").Body.String()
	if strings.Contains(worker, "{{") || !strings.Contains(worker, `"`+h.Version()+`"`) {
		t.Error("the worker's template is not filled in")
	}
}

// TestWasmIsLoadedOnce: the inline script before the styles loads the wasm, and go-app's script only waits for it.
func TestWasmIsLoadedOnce(t *testing.T) {
	h := fake(t)
	page, path := get(t, h, "/").Body.String(), wasmPath(t, h)
	client, text := inlineScript(t, page)
	if client != path || !strings.Contains(text, "fetch(client)") {
		t.Errorf("the inline script loads %q, want %q:\n%s", client, path, text)
	}
	if script, styles := strings.Index(page, text), strings.Index(page, `rel="stylesheet"`); script > styles {
		t.Errorf("the script is at %d, and waits for the styles at %d", script, styles)
	}
	script := get(t, h, "/app.js").Body.String()
	if strings.Contains(script, path) || !strings.Contains(script, "await mayflyModule") {
		t.Errorf("/app.js loads the wasm itself:\n%s", script)
	}
}

func TestScriptWatchesForNoUpdate(t *testing.T) {
	if script := get(t, fake(t), "/app.js").Body.String(); strings.Contains(script,
		"goappSetupNotifyUpdate(registration);") ||
		!strings.Contains(script, "goappServiceWorkerRegistration = registration;") {
		t.Error("go-app's script would say that there is an update when the first service worker starts, or has changed")
	}
}

func TestScriptFindsItsSentencesInThePage(t *testing.T) {
	h := fake(t)
	script, html := get(t, h, "/app.js").Body.String(), get(t, h, "/").Body.String()
	uncovered := regexp.MustCompile(`getElementById\("([^"]*)"\)\.hidden = false`).FindAllStringSubmatch(script, -1)
	if len(uncovered) != 4 {
		t.Errorf("/app.js uncovers %q, want no WebAssembly, a wrong path, a client that does not load and one that ends",
			uncovered)
	}
	for _, m := range uncovered {
		if want := `<div class="fault" hidden id="` + m[1] + `" role="alert"><form>`; strings.Count(html, want) != 1 {
			t.Errorf("the page has %s %d times, want once", want, strings.Count(html, want))
		}
	}
	if want := `!["/login/callback","/r/"].some(`; !strings.Contains(script, want) {
		t.Errorf("/app.js lacks the paths of the pages: %s", want)
	}
	alone := config
	alone.Pages = nil
	worker := get(t, newFrom(t, alone, fakeFiles(t)), "/app-worker.js").Body.String()
	if want := "const rooms = [];"; !strings.Contains(worker, want) {
		t.Errorf("without pages, /app-worker.js lacks %s", want)
	}
	if client := strings.Index(html, `id="hello"`); client < 0 || client > strings.Index(html, "fault") {
		t.Error("a sentence is the body's first element, which go-app draws over")
	}
}

func TestPatchWantsItsAnchorOnce(t *testing.T) {
	for text, ok := range map[string]bool{"a b": true, "a": false, "b b": false} {
		if got, err := web.Patch([]byte(text), "b", "c"); (err == nil) != ok || ok && string(got) != "a c" {
			t.Errorf("patch(%q) = %q, %v", text, got, err)
		}
	}
}

func TestPageHoldsNothingOfTheRequest(t *testing.T) {
	h := fake(t)
	want := get(t, h, "/").Body.String()
	for _, path := range []string{"/?q=secret", "/r/lobby", `/r/a%22onload=alert(1)%20x=%22`, "/r/%3Cscript%3E", "/r/a/b/c", "/r/"} {
		if w := get(t, h, path, "Cookie", "a=b", "Accept-Language", "fr"); w.Body.String() != want {
			t.Errorf("%s gets another page than /:\n%s", path, w.Body)
		}
	}
	for _, text := range []string{
		`Hello, &lt;world&gt;`, `title="say &#34;hi&#34; 👩‍🚀"`, `content="https://chat.example.com" property="og:url"`,
		`<html lang="en">`, `media="(prefers-color-scheme: dark)"`, `href="/manifest.webmanifest" crossorigin="use-credentials" rel="manifest"`,
	} {
		if !strings.Contains(want, text) {
			t.Errorf("the page lacks %s:\n%s", text, want)
		}
	}
	rest := want
	for _, script := range inlineScripts(t, want) {
		rest = strings.Replace(rest, script, "", 1)
	}
	if regexp.MustCompile(`(?i)<script[^>]*>[^<]|<style|\son[a-z]+=|\sstyle=`).MatchString(rest) {
		t.Errorf("the page has another inline script, or a style, which the policy blocks:\n%s", want)
	}
}

// inlineScript returns the value of the attribute data-client of the page's first inline script, and the text of the script.
func inlineScript(t *testing.T, page string) (client, text string) {
	t.Helper()
	m := regexp.MustCompile(`<script data-client="([^"]*)">`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no inline script of the page loads the client:\n%s", page)
	}
	return m[1], inlineScripts(t, page)[0]
}

// inlineScripts returns the inline scripts of a page: that of settings.js and that of early.js.
func inlineScripts(t *testing.T, page string) []string {
	t.Helper()
	all := regexp.MustCompile(`(?s)<script(?: data-client="[^"]*")?>(.*?)</script>`).FindAllStringSubmatch(page, -1)
	if len(all) != 2 {
		t.Fatalf("the page has %d inline scripts, want 2:\n%s", len(all), page)
	}
	return []string{all[0][1], all[1][1]}
}

// TestPageNamesItsAddress checks that the addresses in the page, which other sites show when the page is shared, have the
// scheme of the public URL.
func TestPageNamesItsAddress(t *testing.T) {
	for _, public := range []string{"https://chat.example.com", "http://localhost:8080", "http://192.168.1.5", "http://[::1]:8080"} {
		html := get(t, newFrom(t, web.Config{PublicURL: public}, fakeFiles(t)), "/").Body.String()
		for _, text := range []string{`<meta content="` + public + `" property="og:url">`, `<meta content="` + public + `/web/icons/`} {
			if strings.Count(html, text) != 1 {
				t.Errorf("the page of %s lacks %s:\n%s", public, text, html)
			}
		}
		if strings.Contains(html, `name="author"`) {
			t.Errorf("the page of %s names an author, and there is none", public)
		}
	}
}

func TestTidy(t *testing.T) {
	for _, test := range []struct{ html, want string }{
		{`<p>`, `<p>`},
		{`<a b="1" a="2">`, `<a a="2" b="1">`},
		{`<input value="a" disabled>`, `<input disabled value="a">`},
		{`<i hidden aria-hidden>`, `<i aria-hidden="true" hidden>`},
		{`<a title="a\" onclick=\"x">`, `<a title="a&#34; onclick=&#34;x">`},
		{`<a title="\u200d\\">`, "<a title=\"\u200d\\\">"},
		{`<a title="a>b" id="x">`, `<a id="x" title="a>b">`},
		{`a &lt;b c="\u200d"&gt;`, `a &lt;b c="\u200d"&gt;`},
	} {
		if got := string(web.Tidy([]byte(test.html))); got != test.want {
			t.Errorf("tidy(%s) = %s, want %s", test.html, got, test.want)
		}
	}
}

func TestVersion(t *testing.T) {
	files := fakeFiles(t)
	version := newFrom(t, config, files).Version()
	for range 20 {
		if v := newFrom(t, config, files).Version(); v != version {
			t.Fatalf("the version of one build and configuration is %s, then %s", version, v)
		}
	}
	seen := map[string]string{version: "nothing"}
	check := func(changed string, cfg web.Config, files fs.FS) {
		t.Helper()
		v := newFrom(t, cfg, files).Version()
		if other, ok := seen[v]; ok {
			t.Errorf("changing %s gives the version of changing %s", changed, other)
		}
		seen[v] = changed
	}
	for name := range files {
		if name == "build/build.json" {
			continue // this file is not served
		}
		changed := fakeFiles(t)
		f := *changed[name]
		f.Data = append(slices.Clip(f.Data), 'x')
		changed[name] = &f
		check(name, config, changed)
	}
	more := fakeFiles(t)
	more["more.css"] = &fstest.MapFile{Data: []byte("p{}")}
	check("the list of files", config, more)

	for name, change := range map[string]func(*web.Config){
		"the program's version": func(c *web.Config) { c.Version = "v1.2.4" },
		"the public URL":        func(c *web.Config) { c.PublicURL = "https://chat.example.org" },
		"the scheme":            func(c *web.Config) { c.PublicURL = "http://chat.example.com" },
		"the origins":           func(c *web.Config) { c.Origins = []string{"https://chat.example.net"} },
		"the pages":             func(c *web.Config) { c.Pages = []string{"/room/"} },
		"the callback":          func(c *web.Config) { c.Callback = "/back" },
	} {
		cfg := config
		change(&cfg)
		check(name, cfg, files)
	}
}

func TestNoClient(t *testing.T) {
	for _, name := range []string{"build.json", "app.wasm.br", "app.wasm.gz", "wasm_exec.js"} {
		files := fakeFiles(t)
		delete(files, "build/"+name)
		if _, err := web.NewFrom(config, files); !errors.Is(err, web.ErrNoClient) {
			t.Errorf("without build/%s New returns %v, want ErrNoClient", name, err)
		}
	}
	if !strings.Contains(web.ErrNoClient.Error(), "go generate ./...") {
		t.Errorf("ErrNoClient does not say what to do: %v", web.ErrNoClient)
	}
}

func TestMissingFile(t *testing.T) {
	files := fakeFiles(t)
	delete(files, "mayfly.css")
	if _, err := web.NewFrom(config, files); err == nil || !strings.Contains(err.Error(), "mayfly.css") {
		t.Errorf("without the styles New returns %v, want an error that names mayfly.css", err)
	}
	files = fakeFiles(t)
	files["film.mkv"] = &fstest.MapFile{}
	if _, err := web.NewFrom(config, files); err == nil || !strings.Contains(err.Error(), ".mkv") {
		t.Errorf("with a file of unknown type New returns %v, want an error that names it", err)
	}
}

// maxWasm limits the client's size on the first visit: 1.5 MB after brotli. On a slow phone connection (1.6 Mbit/s) that
// takes 7.5 s. A feature that does not fit must stay out or replace another. A quick build compresses at level 5, so it has
// a limit of its own for the same client.
var maxWasm = map[int]int{11: 1_500_000, 5: 1_771_500} // by level of brotli

func TestBuiltClient(t *testing.T) {
	const generate = "run `go generate ./...`, then test again"
	static, err := web.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	h, err := web.New(config)
	if errors.Is(err, web.ErrNoClient) {
		t.Fatalf("the client is not built: %s", generate)
	}
	if err != nil {
		t.Fatal(err)
	}

	var build struct {
		Go     string `json:"go"`
		Size   int    `json:"wasm_bytes"`
		Brotli int    `json:"brotli_level"`
	}
	b, err := fs.ReadFile(static, "build/build.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &build); err != nil {
		t.Fatal(err)
	}
	n, limit := get(t, h, wasmPath(t, h), "Accept-Encoding", "br").Body.Len(), maxWasm[build.Brotli]
	t.Logf("app.wasm of %s: %d bytes, %d after brotli at level %d, limit %d", build.Go, build.Size, n, build.Brotli, limit)
	if limit == 0 {
		t.Errorf("the client was compressed at level %d, for which no bound is known: %s", build.Brotli, generate)
	} else if n > limit {
		t.Errorf("app.wasm has %d bytes after brotli at level %d, at most %d are allowed", n, build.Brotli, limit)
	}

	plain := get(t, h, wasmPath(t, h)).Body.Bytes()
	// The runtime's tables contain the names of functions. What is not needed comes with go-app: see web/gen/goapp.go.
	for _, unneeded := range []string{"crypto/tls.", "net/http.", "regexp.", "regexp/syntax.", "crypto/aes."} {
		if bytes.Contains(plain, []byte(unneeded)) {
			t.Errorf("the client holds functions of %s, which it does not need", unneeded)
		}
	}
	if len(plain) != build.Size || !bytes.HasPrefix(plain, []byte("\x00asm")) {
		t.Errorf("the plain app.wasm has %d bytes, want the %d that were built", len(plain), build.Size)
	}
	gz, err := gzip.NewReader(get(t, h, wasmPath(t, h), "Accept-Encoding", "gzip").Body)
	if err != nil {
		t.Fatal(err)
	}
	if unpacked, err := io.ReadAll(gz); err != nil || !bytes.Equal(unpacked, plain) {
		t.Errorf("the gzip of app.wasm unpacks to something else: %v", err)
	}
	for _, u := range workerList(t, h) {
		if w := get(t, h, u); w.Code != 200 || w.Body.Len() == 0 {
			t.Errorf("%s answers %d with %d bytes", u, w.Code, w.Body.Len())
		}
	}
}
