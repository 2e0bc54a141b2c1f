package web_test

import (
	"encoding/json"
	"maps"
	"regexp"
	"strings"
	"testing"

	"mayfly/app/browser"
	"mayfly/app/words"
	"mayfly/web"
)

// A translation is what the script knows about a language.
type translation struct {
	Dir, Manifest string
	Texts         map[string]string
}

// translations returns what the script knows about each language, by the tag.
func translations(t *testing.T, script string) (languages map[string]translation) {
	t.Helper()
	m := regexp.MustCompile(`(?m)^ *const languages = (\{.*\}); //`).FindStringSubmatch(script)
	if m == nil || strings.Contains(script, "{{") {
		t.Fatalf("the script has no languages, or a placeholder: %s", script)
	}
	if err := json.Unmarshal([]byte(m[1]), &languages); err != nil {
		t.Fatal(err)
	}
	return languages
}

// TestSettingsScriptHasWhatStandsInThePage holds that the script translates the texts and names of the page and nothing
// else, and no text twice: "…" is the heading until the room is known, and in German a part of another sentence.
func TestSettingsScriptHasWhatStandsInThePage(t *testing.T) {
	script, err := web.SettingsScript(0, &web.Brand{},
		[]byte(`<h1>…</h1><nav aria-label="Rooms"> <p>There is nothing at this address. `+
			`A room&#39;s address is like /r/team.</p></nav>`), []byte("<p>\n  Mayfly\n</p><p>\n  Send\n</p>"))
	if err != nil {
		t.Fatal(err)
	}
	for n, l := range words.Languages() {
		want := map[string]string{}
		if n > 0 {
			want = map[string]string{
				words.In(0, words.Rooms):          words.In(n, words.Rooms),
				words.In(0, words.Send):           words.In(n, words.Send),
				words.Shell(0, words.NothingHere): words.Shell(n, words.NothingHere),
			}
		}
		if got := translations(t, string(script))[l.Tag].Texts; !maps.Equal(got, want) {
			t.Errorf("%s: the script has %q, want %q", l.Name, got, want)
		}
	}
}

// TestSettingsScript checks the script in the head of the page: it must have the translations of the page's sentences. The
// page that fake serves has the sentences for a browser in which the client does not start (package words, shell.go), and
// the button Reload.
func TestSettingsScript(t *testing.T) {
	h := fake(t)
	page := get(t, h, "/").Body.String()
	_, script := inlineScript(t, page)
	if file := get(t, h, "/settings.js").Body.String(); file != script {
		t.Errorf("the page of an address with nothing there has another script than the page:\n%s", file)
	}
	if !strings.Contains(script, `const key = "`+browser.SettingsKey+`";`) {
		t.Errorf("the script does not read the key %s", browser.SettingsKey)
	}
	early := inlineScripts(t, page)[1]
	for _, text := range []string{browser.EarlyKey, browser.EnterBreaks, browser.TouchKeyboard} {
		if !strings.Contains(early, `"`+text+`"`) {
			t.Errorf("the script early.js lacks %s", text)
		}
	}
	languages := translations(t, script)
	for n, l := range words.Languages() {
		is := languages[l.Tag]
		if is.Dir != l.Dir {
			t.Errorf("%s is written %q, want %q", l.Name, is.Dir, l.Dir)
		}
		if n == 0 {
			continue
		}
		w := get(t, h, is.Manifest)
		if w.Code != 200 || !strings.Contains(w.Body.String(), words.Shell(n, words.Description)) {
			t.Errorf("%s has the manifest %q, which answers %d", l.Name, is.Manifest, w.Code)
		}
		for english, text := range map[string]string{
			words.In(0, words.Reload):                         words.In(n, words.Reload),
			words.Shell(0, words.Starting):                    words.Shell(n, words.Starting),
			words.Shell(0, words.NotLoaded):                   words.Shell(n, words.NotLoaded),
			words.Shell(0, words.NothingHere):                 words.Shell(n, words.NothingHere),
			words.Shell(0, words.WrongPlace, words.TopOfHost): words.Shell(n, words.WrongPlace, words.TopOfHost),
		} {
			if is.Texts[english] != text {
				t.Errorf("%s: %q becomes %q, want %q", l.Name, english, is.Texts[english], text)
			}
		}
		for _, key := range []words.ShellKey{words.NeedsScripts, words.FilesMissing} {
			if !strings.Contains(page, ` lang="`+l.Tag+`">`+words.Shell(n, key)) {
				t.Errorf("the page does not say in %s: %q", l.Name, words.Shell(n, key))
			}
		}
	}
}
