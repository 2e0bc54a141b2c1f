package measure_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/cmd/mayfly/e2e/measure/bare"
	"mayfly/cmd/mayfly/e2e/rig"
)

var rounds = flag.Int("rounds", 1, "how often each page is opened in each way")

// watchStart notes when the composer has the focus and is no longer disabled, when that composer is the client's and not the
// shell's, and when Mayfly says that it is online; in milliseconds since the navigation began. visit is a promise of that.
const watchStart = `const since = {};
	const look = () => {
		const e = document.activeElement;
		if (e?.tagName !== 'TEXTAREA' || e.disabled) return;
		since.Composer ??= performance.now();
		if (!e.closest('.shell')) since.Client ??= performance.now();
		if (document.querySelector('[role=status]')?.textContent.includes('Online')) since.Online ??= performance.now();
	};
	addEventListener('focusin', look);
	new MutationObserver(look).observe(document, {subtree: true, childList: true, characterData: true, attributes: true});
	const visit = last => new Promise(done => {
		const ask = () => {
			since.Paint = performance.getEntriesByName('first-contentful-paint')[0]?.startTime;
			since.Paint && since[last] ? done(since) : setTimeout(ask, 50);
		};
		ask();
	});`

// workerReady is a promise that is kept when the page's worker has all files and serves the page.
const workerReady = `new Promise(done => {
	const look = async () => navigator.serviceWorker.controller && await caches.match('/') ? done(true) : setTimeout(look, 20);
	look();
})`

// A site is a page to open: each time a fresh one, with a fresh profile.
type site struct {
	name  string
	serve func(t *testing.T) (url string, kill func())
	last  string // the last step of a visit, as long as there is a server
}

// A visit has the time of each step, in milliseconds since the navigation began; 0: never.
type visit struct{ Paint, Composer, Client, Online float64 }

func TestStart(t *testing.T) {
	sites := []site{
		{"Mayfly", func(t *testing.T) (string, func()) {
			server := rig.Serve(t)
			return server.URL, server.Kill
		}, "Online"},
		{"bare go-app", serveBare(t), "Client"},
	}
	seen := map[string][]visit{} // by site and way
	for range *rounds {
		slices.Reverse(sites)
		for _, s := range sites {
			if !t.Run(s.name, func(t *testing.T) {
				for way, v := range openSite(t, s) {
					seen[s.name+", "+way] = append(seen[s.name+", "+way], v)
				}
			}) {
				return
			}
		}
	}
	for _, way := range []string{"cold", "warm", "offline"} {
		for _, s := range sites {
			m := medians(seen[s.name+", "+way])
			line := fmt.Sprintf("%-8s %-12s first paint %5.0f ms, composer %5.0f ms, client %5.0f ms", way, s.name,
				m.Paint, m.Composer, m.Client)
			if m.Online > 0 {
				line += fmt.Sprintf(", online %5.0f ms", m.Online)
			}
			t.Log(line)
		}
		ours, theirs := medians(seen["Mayfly, "+way]), medians(seen["bare go-app, "+way])
		if ours.Client > 10*theirs.Client {
			t.Errorf("%s, Mayfly's client runs after %.0f ms, a bare page's after %.0f", way, ours.Client, theirs.Client)
		}
	}
}

// openSite opens s for the first time, for the second, and with its server gone.
func openSite(t *testing.T, s site) map[string]visit {
	t.Helper()
	url, kill := s.serve(t)
	tab := rig.OwnBrowser(t).Profile("")
	tab.BeforeScripts(watchStart)
	visits := map[string]visit{"cold": visitOnce(tab, url, s.last)}
	rig.Eval[bool](tab, workerReady)
	visits["warm"] = visitOnce(tab, url, s.last)
	kill()
	visits["offline"] = visitOnce(tab, url, "Client")
	return visits
}

// visitOnce goes to url from an empty page, and waits for the last step.
func visitOnce(tab *rig.Tab, url, last string) visit {
	tab.Do(chromedp.Navigate("about:blank"), chromedp.Navigate(url))
	return rig.Eval[visit](tab, `visit("`+last+`")`)
}

func medians(visits []visit) visit {
	median := func(of func(visit) float64) float64 {
		var all []float64
		for _, v := range visits {
			all = append(all, of(v))
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	return visit{
		median(func(v visit) float64 { return v.Paint }),
		median(func(v visit) float64 { return v.Composer }),
		median(func(v visit) float64 { return v.Client }),
		median(func(v visit) float64 { return v.Online }),
	}
}

// serveBare builds the bare client and returns what serves it by go-app's own Handler and worker.
func serveBare(t *testing.T) func(*testing.T) (string, func()) {
	t.Helper()
	wasm, size := buildBare(t)
	icon, err := os.ReadFile(filepath.Join(root, "web", "static", "icons", "icon-192.png"))
	if err != nil {
		t.Fatal(err)
	}
	bare.Register()
	const iconPath = "/web/icon.png" // go-app's own are on another host: its worker would keep nothing without them
	files := files{
		"/web/app.wasm": {"application/wasm", "br", wasm},
		iconPath:        {"image/png", "", icon},
	}
	return func(t *testing.T) (string, func()) {
		server := httptest.NewServer(&goapp.Handler{
			Name:              "Bare",
			Version:           "1",
			Icon:              goapp.Icon{Default: iconPath, Large: iconPath, SVG: iconPath},
			Resources:         files,
			WasmContentLength: strconv.Itoa(size),
		})
		t.Cleanup(server.Close)
		return strings.Replace(server.URL, "127.0.0.1", "localhost", 1), func() { // the same host name as Mayfly's, which the browser looks up
			server.CloseClientConnections()
			server.Close()
		}
	}
}

const root = "../../../.."

// buildBare returns the bare client, built and compressed as Mayfly's was, and its size before. What it was built to is
// kept, since brotli at its best takes long.
func buildBare(t *testing.T) (br []byte, size int) {
	t.Helper()
	about := func(dir string) (build struct {
		Size   int `json:"wasm_bytes"`
		Brotli int `json:"brotli_level"`
	}) {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(dir, "build.json"))
		if err == nil {
			err = json.Unmarshal(b, &build)
		}
		if err != nil {
			t.Fatal(err)
		}
		return build
	}
	args := []string{"run", "mayfly/web/gen", "-client", "mayfly/cmd/mayfly/e2e/measure/bare/client", "-into", "build"}
	if ours := about(filepath.Join(root, "web", "static", "build")); ours.Brotli < 11 {
		args = append(args, "-quick")
	}
	out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("build the bare client: %v\n%s", err, out)
	}
	t.Logf("%s", out)
	br, err = os.ReadFile(filepath.Join("build", "app.wasm.br"))
	if err != nil {
		t.Fatal(err)
	}
	return br, about("build").Size
}

// files are what go-app's Handler serves under /web/: it sets the headers that say how long they are kept.
type files map[string]struct {
	contentType, encoding string
	body                  []byte
}

func (f files) Resolve(location string) string { return location }

func (f files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	file, ok := f[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", file.contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(file.body)))
	if file.encoding != "" {
		w.Header().Set("Content-Encoding", file.encoding)
	}
	_, _ = w.Write(file.body) // a client that has gone reads nothing
}
