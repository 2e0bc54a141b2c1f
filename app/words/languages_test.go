package words_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"mayfly/app/client"
	"mayfly/app/words"
	"mayfly/shared/wire"
)

// speak makes the page speak that language until the test ends.
func speak(t *testing.T, tag string) {
	t.Helper()
	if got := words.Speak(tag).Tag; got != tag {
		t.Fatalf("the page speaks %q, want %q", got, tag)
	}
	t.Cleanup(func() { words.Speak("en") })
}

// constants returns the names of the constants of each type that a file of this package declares, in their order.
func constants(t *testing.T, path string) map[string][]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string][]string{}
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		kind := ""
		for _, s := range g.Specs {
			v := s.(*ast.ValueSpec)
			if of, ok := v.Type.(*ast.Ident); ok {
				kind = of.Name
			}
			for _, n := range v.Names {
				names[kind] = append(names[kind], n.Name)
			}
		}
	}
	return names
}

// arguments returns the places of arguments in a sentence, sorted.
func arguments(text string) string {
	all := regexp.MustCompile(`\{.*?\}`).FindAllString(text, -1)
	slices.Sort(all)
	return strings.Join(all, "")
}

var rightArguments = regexp.MustCompile(`^(\{0\}(\{1\}(\{2\}(\{3\})?)?)?)?$`)

// TestNoSentenceIsMissing holds that no language lacks a sentence or a plural form, and that each has the arguments of the
// English one. A form that stands for one number may leave the number out, as Arabic does with 1 and 2.
func TestNoSentenceIsMissing(t *testing.T) {
	names, shell := constants(t, "keys.go"), constants(t, "shell.go")["ShellKey"]
	names["CountKey"] = constants(t, "counts.go")["CountKey"]
	all := words.All()
	english := all[0]
	if len(all) != 3 || len(names["Key"]) < 150 || len(names["CountKey"]) < 10 || len(shell) < 10 {
		t.Fatalf("%d languages with %d and %d keys and %d of the shell", len(all), len(names["Key"]), len(names["CountKey"]),
			len(shell))
	}
	for _, l := range all {
		wrong := func(name, text, english string) {
			if text == "" {
				t.Errorf("%s lacks %s, in English %q", l.Name, name, english)
			} else if strings.TrimSpace(text) == "" && strings.TrimSpace(english) != "" {
				t.Errorf("%s has nothing but space for %s", l.Name, name)
			} else if a, want := arguments(text), arguments(english); a != want || !rightArguments.MatchString(a) {
				t.Errorf("%s has the arguments %q in %s: %q, in English %q", l.Name, a, name, text, want)
			}
		}
		for i, text := range l.Texts {
			wrong(names["Key"][i], text, english.Texts[i])
		}
		for i, text := range l.Shell {
			wrong(shell[i], text, english.Shell[i])
		}
		for i, said := range l.Counts {
			for form, text := range said {
				want := english.Counts[i]["other"]
				if form != "other" && form != "few" && form != "many" && arguments(text) == "" && text != "" {
					want = text
				}
				wrong(names["CountKey"][i]+" for "+form, text, want)
			}
		}
	}
}

// TestSentencesAreTranslated holds that a sentence of several words is not English in another language, and that Arabic
// sentences close what they open and isolate what begins with a sign.
func TestSentencesAreTranslated(t *testing.T) {
	all := words.All()
	several := regexp.MustCompile(`[a-z]+ [a-z]+`)
	for _, l := range all[1:] {
		same := func(text, english string) {
			if text == english && several.MatchString(english) {
				t.Errorf("%s has the English sentence %q", l.Name, text)
			}
			opens := strings.Count(text, "\u2066") + strings.Count(text, "\u2067") + strings.Count(text, "\u2068")
			if opens != strings.Count(text, "\u2069") {
				t.Errorf("%s does not close an isolate in %q", l.Name, text)
			}
			if l.Dir == "rtl" && several.MatchString(english) && !strings.ContainsFunc(text, isArabic) {
				t.Errorf("%s has a sentence without its letters: %q", l.Name, text)
			}
		}
		for i, text := range l.Texts {
			same(text, all[0].Texts[i])
		}
		for i, text := range l.Shell {
			same(text, all[0].Shell[i])
		}
	}
}

func isArabic(r rune) bool { return unicode.Is(unicode.Arabic, r) }

func TestLanguages(t *testing.T) {
	for _, l := range words.Languages() {
		speak(t, l.Tag)
		if words.Spoken() != l || l.Name == "" || l.Dir != "ltr" && l.Dir != "rtl" {
			t.Errorf("the language is %+v, want %+v", words.Spoken(), l)
		}
	}
	if got := words.Speak("tlh").Tag; got != "en" {
		t.Errorf("instead of a language that is not there the page speaks %s", got)
	}
}

// TestPluralRules has examples of each category in Unicode's CLDR.
func TestPluralRules(t *testing.T) {
	for _, tt := range []struct {
		tag  string
		key  words.CountKey
		want map[int]string
	}{
		{"en", words.Messages, map[int]string{0: "0 messages", 1: "1 message", 2: "2 messages", 1000: "1,000 messages"}},
		{"de", words.Messages, map[int]string{0: "0 Nachrichten", 1: "1 Nachricht", 21: "21 Nachrichten",
			1000: "1.000 Nachrichten"}},
		{"ar", words.Messages, map[int]string{0: "لا رسائل", 1: "رسالة واحدة", 2: "رسالتان", 3: "3 رسائل", 10: "10 رسائل",
			11: "11 رسالة", 99: "99 رسالة", 100: "100 رسالة", 102: "102 رسالة", 103: "103 رسائل", 1011: "1,011 رسالة"}},
		{"ar", words.TooMany, map[int]string{1: "حرف واحد زائد", 2: "حرفان زائدان", 5: "5 حروف زائدة", 12: "12 حرفًا زائدًا",
			100: "100 حرف زائد", 101: "101 حرف زائد", 111: "111 حرفًا زائدًا"}},
	} {
		speak(t, tt.tag)
		for n, want := range tt.want {
			if got := words.Count(tt.key, n); got != want {
				t.Errorf("%s: %q, want %q", tt.tag, got, want)
			}
		}
	}
}

func TestTimesInOtherLanguages(t *testing.T) {
	at := time.Date(2026, 11, 27, 15, 4, 9, 0, time.UTC)
	now := at.Add(48 * time.Hour)
	for _, tt := range []struct {
		tag, sent, sent12, life, short string
	}{
		{"de", "Gesendet am Freitag, 27. November um 15:04:09", "Gesendet am Freitag, 27. November um 3:04:09\u00a0PM",
			"1 Stunde 30 Minuten", "Freitag, 27. November, 15:04"},
		{"ar", "أُرسلت يوم الجمعة 27 نوفمبر في 15:04:09", "أُرسلت يوم الجمعة 27 نوفمبر في 3:04:09\u00a0م",
			"ساعة واحدة و30 دقيقة", "الجمعة 27 نوفمبر، 15:04"},
	} {
		speak(t, tt.tag)
		c := words.Clock{Now: now, Offset: zone(0)}
		minutes, _, _ := c.Short(at)
		if got := c.Sent(at); got != tt.sent || minutes != tt.short {
			t.Errorf("%s: %q and %q, want %q and %q", tt.tag, got, minutes, tt.sent, tt.short)
		}
		c.Hours12 = func() bool { return true }
		if got := c.Sent(at); got != tt.sent12 {
			t.Errorf("%s: %q, want %q", tt.tag, got, tt.sent12)
		}
		if got := words.Lifetime(90 * time.Minute); got != tt.life {
			t.Errorf("%s: %q, want %q", tt.tag, got, tt.life)
		}
	}
}

// TestServerSpeaksEnglish holds that a sentence of the server, which is English, stands in no page of another language if
// its code has words here.
func TestServerSpeaksEnglish(t *testing.T) {
	says := func(code wire.Code, sentence string) client.Problem {
		return client.Problem{Code: client.Code(code), Message: sentence}
	}
	speak(t, "de")
	for _, code := range wire.RefusedCodes {
		if got := words.Problem(says(code, "Not in English.")); got == "Not in English." || got == "" {
			t.Errorf("the code %s has the server's sentence %q", code, got)
		}
	}
	for _, reason := range wire.Reasons {
		if got := words.Problem(says(wire.Code(reason), "No.")); got != "Der Server nimmt deine Anmeldung nicht an." {
			t.Errorf("the reason %s: %q", reason, got)
		}
	}
	if got := words.Problem(says("newer", "The server's.")); got != "The server's." {
		t.Errorf("a code that is not known: %q", got)
	}
}

// TestSentencesStandHere holds that the page has no sentence of its own: neither in the Go code that the browser runs or
// that makes the page, nor in the styles. Package pkce may have some: what it tells the operator is English, as
// docs/signing-in.md has it.
func TestSentencesStandHere(t *testing.T) {
	files := 0
	for _, folder := range []string{"..", "../list", "../unread", "../dom", "../browser", "../client", "../client/room",
		"../client/outbox", "../client/transport", "../../web", "../../cmd/mayfly-web"} {
		paths, err := filepath.Glob(folder + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			if !strings.HasSuffix(path, "_test.go") {
				files++
				for _, text := range texts(t, path) {
					if spoken(text) {
						t.Errorf("%s has the sentence %q: it belongs into app/words", path, text)
					}
				}
			}
		}
	}
	if files < 100 {
		t.Errorf("read %d files only", files)
	}
	written := regexp.MustCompile(`content: *[^;"]*"[^";]*\pL[^";]*"`)
	css, err := os.ReadFile("../../web/static/mayfly.css")
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range written.FindAll(css, -1) {
		t.Errorf("mayfly.css writes words: %s", found)
	}
}

// spoken reports whether a text of the code is a sentence for people.
func spoken(text string) bool {
	return regexp.MustCompile(`^[A-Z][a-z]+,? .*[a-z]`).MatchString(text) || strings.ContainsFunc(text, isArabic) ||
		regexp.MustCompile(`>[^<>]*[A-Z][a-z]+[^<>]*<`).MatchString(text)
}

// texts returns the string literals of a Go file.
func texts(t *testing.T, path string) (all []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
			all = append(all, strings.Trim(l.Value, "\"`"))
		}
		return true
	})
	return all
}
