package offline_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mayfly/app/browser"
	"mayfly/app/words"
	"mayfly/cmd/mayfly/e2e/rig"
)

// asks opens url in a browser that asks for these languages.
func asks(t *testing.T, url string, languages ...string) *rig.Tab {
	t.Helper()
	tab := rig.OpenBrowser(t).Tab("")
	list, _ := json.Marshal(append([]string{}, languages...)) // Marshal of strings never fails
	tab.BeforeScripts(`Object.defineProperty(navigator, 'languages', {value: ` + string(list) + `})`)
	tab.BeforeScripts(watchFrames)
	tab.Do(chromedp.Navigate(url))
	return tab
}

// in returns what words.In does for the language with that tag.
func in(tag string, k words.Key) string { return words.In(index(tag), k) }

func index(tag string) int {
	return slices.IndexFunc(words.Languages(), func(l words.Language) bool { return l.Tag == tag })
}

// speaks waits until the page speaks that language, and is online if a connection is possible.
func speaks(tab *rig.Tab, tag string, status words.Key) {
	tab.Until(fmt.Sprintf(`document.documentElement.lang === %q &&
		document.querySelector('[role=status]')?.innerText === %q &&
		document.querySelector('textarea:enabled')?.placeholder === %q`,
		tag, in(tag, status), in(tag, words.ComposerPlaceholder)))
}

// TestLanguageThatTheBrowserAsksFor opens the page in browsers with different languages. The page mirrors where the language
// does.
func TestLanguageThatTheBrowserAsksFor(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	for _, tt := range []struct {
		asks []string
		tag  string
	}{
		{[]string{"en-GB", "de"}, "en"}, {[]string{"de-AT", "de", "en"}, "de"}, {[]string{"fr-FR", "ar-EG", "en"}, "ar"},
		{[]string{"fr"}, "en"}, {[]string{"DE"}, "de"}, {nil, "en"},
	} {
		tab := asks(t, server.URL, tt.asks...)
		speaks(tab, tt.tag, words.Online)
		want := words.Languages()[index(tt.tag)]
		got := rig.Eval[[]string](tab, `[document.documentElement.dir,
			document.querySelector('h1').getBoundingClientRect().left > innerWidth / 2 ? 'rtl' : 'ltr',
			document.title, new URL(document.querySelector('link[rel=manifest]').href).pathname]`)
		manifest := "/manifest." + tt.tag + ".webmanifest"
		if tt.tag == "en" {
			manifest = "/manifest.webmanifest"
		}
		if !slices.Equal(got, []string{want.Dir, want.Dir, "#lobby – Mayfly", manifest}) {
			t.Errorf("asked for %q, the page is %q", tt.asks, got)
		}
		if got := tab.Faults(); len(got) > 0 {
			t.Errorf("the page reports %q", got)
		}
	}
}

// watchFrames lists in seen each text, name and placeholder that the page has in any frame of the browser.
const watchFrames = `{
	window.seen = new Set();
	const look = () => {
		for (const e of document.body?.querySelectorAll('*') ?? []) {
			if (e.closest('[lang]') !== document.documentElement || !e.checkVisibility({visibilityProperty: true})) continue;
			for (const n of ['aria-label', 'placeholder', 'title']) if (e.getAttribute(n)) seen.add(e.getAttribute(n));
			for (const n of e.childNodes) if (n.nodeType === Node.TEXT_NODE && n.data.trim()) seen.add(n.data.trim());
		}
		requestAnimationFrame(look);
	};
	requestAnimationFrame(look);
}`

// TestShellIsTranslatedBeforeItIsSeen holds back the client, so that the browser draws what the server has sent: no frame
// may have a word of another language. Then the client starts, and at last it does not load.
func TestShellIsTranslatedBeforeItIsSeen(t *testing.T) {
	t.Parallel()
	begin, missing := make(chan struct{}), atomic.Bool{}
	public := through(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, ".wasm") {
				select {
				case <-begin:
				case <-r.Context().Done():
					return
				}
				if missing.Load() {
					http.NotFound(w, r)
					return
				}
			}
			next.ServeHTTP(w, r)
		})
	}, nil)
	tab := asks(t, public, "de")
	tab.Until(fmt.Sprintf(`seen.has(%q) && seen.has(%q)`,
		words.Shell(index("de"), words.Starting), in("de", words.Connecting)))
	close(begin)
	speaks(tab, "de", words.Online)
	english := map[string]bool{}
	words.Translations(index("de"), 5*time.Minute, func(first, nth string) {
		english[first] = first != nth && first != "…"
	})
	for _, text := range rig.Eval[[]string](tab, `[...seen]`) {
		if english[text] {
			t.Errorf("a frame had the English text %q", text)
		}
	}
	missing.Store(true)
	other := asks(t, public, "ar")
	untilSays(other, words.Shell(index("ar"), words.NotLoaded))
	got := rig.Eval[string](other, `document.querySelector('#not-loaded button').innerText`)
	if got != in("ar", words.Reload) {
		t.Errorf("the button says %q", got)
	}
}

// TestChosenLanguage chooses a language on the page. The page speaks it at once, without a reload, and the other tab too; it
// does so after a reload and without a network. Then the language of the browser is chosen again.
func TestChosenLanguage(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-ttl", "1h")
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	tab.Installed()
	tab.Say("hello")
	tab.Shows("hello")
	other := tab.Sibling(server.URL).Ready()
	other.Shows("hello")
	tab.Do(rig.Type("a draft"))
	tab.Script(`window.same = true`)
	other.Script(`window.same = true`)
	tab.Click("button", "Settings")
	field := rig.ByRole("combobox", "Language")
	tab.Until(`!!` + field)
	tab.Script(`window.field = ` + field + `; field.value = 'ar'; field.dispatchEvent(new Event('change', {bubbles: true}))`)
	for _, each := range []*rig.Tab{tab, other} {
		speaks(each, "ar", words.Online)
		each.Until(fmt.Sprintf(`document.querySelector('article')?.ariaLabel.includes(%q) && window.same`,
			strings.ReplaceAll(in("ar", words.SentAt), "{0}", "")))
	}
	got := rig.Eval[[]string](tab, `[document.documentElement.dir, document.querySelector('textarea').value,
		field.value, JSON.parse(localStorage['`+browser.SettingsKey+`']).language,
		document.querySelector('.message-time').dataset.own]`)
	if want := []string{"rtl", "a draft", "ar", "ar", in("ar", words.OwnMessage)}; !slices.Equal(got, want) {
		t.Errorf("the page has %q, want %q", got, want)
	}
	tab.Do(chromedp.Reload())
	speaks(tab, "ar", words.Online)
	server.Kill()
	tab.Do(chromedp.Navigate(server.URL + "/r/x"))
	tab.Until(`document.documentElement.lang === 'ar' && ` + rig.MayWrite)
	other.Script(`localStorage.removeItem('` + browser.SettingsKey + `')`)
	tab.Until(`document.documentElement.lang === 'en' && document.documentElement.dir === 'ltr' &&
		document.querySelector('textarea').placeholder === 'Message'`)
}

// TestNothingAtAnAddressInGerman opens an address at which there is nothing.
func TestNothingAtAnAddressInGerman(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := asks(t, server.URL+"/nowhere", "de-CH")
	tab.Until(fmt.Sprintf(`document.querySelector('h1')?.textContent === %q && document.title === %q &&
		document.querySelector('p').textContent === %q`, words.Shell(index("de"), words.NoSuchPage),
		words.Shell(index("de"), words.NoPageTitle), words.Shell(index("de"), words.NothingHere)))
}
