package app_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app"
	"mayfly/app/browser"
	"mayfly/app/client"
	"mayfly/app/words"
)

// TestSettingsOf reads records that this version has written, and others.
func TestSettingsOf(t *testing.T) {
	none := app.Settings{}
	for _, tt := range []struct {
		name, record string
		want         app.Settings
	}{
		{"nothing stored", "", none},
		{"nothing chosen", `{"version":1}`, none},
		{"everything chosen", `{"version":1,"theme":"dark","text":"largest","left":"numbers","enter":"break",` +
			`"typing":"off","language":"ar","notifications":"text"}`,
			app.Settings{"dark", "largest", "numbers", "break", "off", "ar", "text"}},
		{"one chosen", `{"version":1,"left":"off"}`, app.Settings{"", "", "off", "", "", ""}},
		{"no version", `{"theme":"light"}`, app.Settings{"light", "", "", "", "", ""}},
		{"a newer version, with a field and a value that are new",
			`{"version":9,"theme":"sepia","text":"small","font":{"a":1}}`,
			app.Settings{"", "small", "", "", "", ""}},
		{"broken fields beside good ones",
			`{"version":"x","theme":7,"text":null,"left":["off"],"enter":"send","typing":"OFF",` +
				`"language":"tlh"}`, app.Settings{"", "", "", "send", "", ""}},
		{"a value of another setting", `{"theme":"off","language":"dark"}`, none},
		{"no JSON", `theme=dark`, none},
		{"cut off", `{"version":1,"theme":"dark"`, none},
		{"another kind of JSON", `["dark"]`, none},
		{"null", `null`, none},
	} {
		if got := app.SettingsOf(tt.record); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestChangedRecord changes one setting after the other: each change leaves the rest of the record as it is.
func TestChangedRecord(t *testing.T) {
	record := ""
	for _, tt := range []struct{ name, value, want string }{
		{"theme", "dark", `{"theme":"dark","version":1}`},
		{"text", "large", `{"text":"large","theme":"dark","version":1}`},
		{"theme", "light", `{"text":"large","theme":"light","version":1}`},
		{"theme", "default", `{"text":"large","version":1}`},
		{"text", "", `{"version":1}`},
	} {
		if record = app.Changed(t, record, tt.name, tt.value); record != tt.want {
			t.Fatalf("after %s=%s the record is %s, want %s", tt.name, tt.value, record, tt.want)
		}
	}
	for _, tt := range []struct{ name, record, want string }{
		{"a newer record", `{"version":9,"theme":"sepia","font":{"a":1}}`,
			`{"font":{"a":1},"text":"small","theme":"sepia","version":9}`},
		{"an older one", `{"version":0,"theme":"dark"}`, `{"text":"small","theme":"dark","version":1}`},
		{"a broken one", `{"version":1,"theme":`, `{"text":"small","version":1}`},
		{"null", `null`, `{"text":"small","version":1}`},
		{"a broken version", `{"version":"1"}`, `{"text":"small","version":1}`},
	} {
		if got := app.Changed(t, tt.record, "text", "small"); got != tt.want {
			t.Errorf("%s became %s, want %s", tt.name, got, tt.want)
		}
	}
}

// TestSettingsDialog holds that the dialog shows what is chosen, and that each value that it offers can be read back. The
// names in the dialog are those of the record.
func TestSettingsDialog(t *testing.T) {
	input := regexp.MustCompile(`<(?:input|option)[^>]*>`)
	attribute := func(tag, name string) string {
		m := regexp.MustCompile(` ` + name + `="([^"]*)"`).FindStringSubmatch(tag)
		if m == nil {
			return ""
		}
		return m[1]
	}
	shown := func(html string) map[string]string {
		got := map[string]string{}
		for _, tag := range input.FindAllString(html, -1) {
			name := attribute(tag, "name")
			if name == "" {
				name = "language" // of an option
			}
			if name == "typing" {
				got[name] = "off"
			}
			if regexp.MustCompile(` (checked|selected)(="true")?[ />]`).MatchString(tag) {
				got[name] = attribute(tag, "value")
			}
			if value := attribute(tag, "value"); value != "" && value != "default" {
				if record := app.Changed(t, "", name, value); !strings.Contains(record, `"`+name+`":"`+value+`"`) {
					t.Errorf("the dialog offers %s=%s, which is stored as %s", name, value, record)
				}
			}
		}
		return got
	}
	for _, tt := range []struct {
		name   string
		chosen app.Settings
		touch  bool
		want   map[string]string
	}{
		{"nothing", app.Settings{}, false, map[string]string{"theme": "default", "text": "default", "left": "default",
			"enter": "send", "typing": "", "language": "default"}},
		{"nothing, with a touch keyboard", app.Settings{}, true, map[string]string{"theme": "default", "text": "default",
			"left": "default", "enter": "break", "typing": "", "language": "default"}},
		{"everything", app.Settings{"dark", "large", "off", "send", "off", "de"}, true, map[string]string{"theme": "dark",
			"text": "large", "left": "off", "enter": "send", "typing": "off", "language": "de"}},
	} {
		if got := shown(app.Dialog(tt.chosen, false, tt.touch)); !maps.Equal(got, tt.want) {
			t.Errorf("with %s chosen the dialog shows %q, want %q", tt.name, got, tt.want)
		}
	}
	for lost, want := range map[bool]words.Key{false: words.SettingsKept, true: words.SettingsLost} {
		if html := app.Dialog(app.Settings{}, lost, false); !strings.Contains(html, words.Of(want)) {
			t.Errorf("the dialog does not say %q", words.Of(want))
		}
	}
}

// TestNotificationsInTheSettings draws the part about notifications. They are on only if the user has switched them on and
// the browser permits them.
func TestNotificationsInTheSettings(t *testing.T) {
	for _, tt := range []struct {
		permission browser.Permission
		on         bool
		says       words.Key
		button     words.Key // 0: none
	}{
		{browser.Unsupported, false, words.NotifyUnsupported, 0},
		{browser.Unsupported, true, words.NotifyUnsupported, 0},
		{browser.NotAsked, false, words.NotifyIsOff, words.NotifyTurnOn},
		{browser.NotAsked, true, words.NotifyIsOff, words.NotifyTurnOn},
		{browser.Denied, true, words.NotifyDenied, words.NotifyTurnOn},
		{browser.Granted, false, words.NotifyIsOff, words.NotifyTurnOn},
		{browser.Granted, true, words.NotifyIsOn, words.NotifyTurnOff},
	} {
		s := app.Preview{View: client.View{Room: "tea"}, Settings: true, Permission: tt.permission, Notifies: tt.on}
		html := goapp.HTMLString(s.Dialog())
		for _, k := range []words.Key{words.NotifyUnsupported, words.NotifyIsOff, words.NotifyDenied, words.NotifyIsOn,
			words.NotifyTurnOn, words.NotifyTurnOff, words.NotifyText} {
			is := strings.Contains(html, goapp.HTMLString(goapp.Text(words.Of(k))))
			want := k == tt.says || k == tt.button || k == words.NotifyText && tt.button == words.NotifyTurnOff
			if is != want {
				t.Errorf("permission %q, on %v: %q is shown: %v", tt.permission, tt.on, words.Of(k), is)
			}
		}
	}
}

// TestStylesKnowSettings holds that the styles have each size of the text and each theme that the user can choose.
func TestStylesKnowSettings(t *testing.T) {
	css, err := os.ReadFile("../web/static/mayfly.css")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{"theme": {"dark", "light"}, "text": {"large", "largest", "small"}} {
		var got []string
		for _, m := range regexp.MustCompile(`(?m)^\[data-`+name+`="(.*)"\] \{`).FindAllStringSubmatch(string(css), -1) {
			if app.Changed(t, "", name, m[1]) == app.Changed(t, "", name, "") {
				t.Errorf("the user cannot choose %s=%s", name, m[1])
			}
			got = append(got, m[1])
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("for %s the styles know %q, want %q", name, got, want)
		}
	}
}

// TestHelpOfTheComposer: the keys that send are those that the user has chosen, or those of the device.
func TestHelpOfTheComposer(t *testing.T) {
	sends, breaks := app.Settings{3: "send"}, app.Settings{3: "break"}
	for name, tt := range map[string]struct {
		chosen app.Settings
		touch  bool
		want   string
	}{
		"a keyboard":                    {app.Settings{}, false, "Shift+Enter"},
		"a touch keyboard":              {app.Settings{}, true, "Ctrl+Enter"},
		"a keyboard, Enter breaks":      {breaks, false, "Ctrl+Enter"},
		"a touch keyboard, Enter sends": {sends, true, "Shift+Enter"},
	} {
		help := strings.NewReplacer("</kbd>", "", "<kbd>", "").Replace(app.Help(tt.chosen, tt.touch))
		for _, keys := range []string{"Shift+Enter", "Ctrl+Enter"} {
			if strings.Contains(help, keys) != (keys == tt.want) {
				t.Errorf("%s: the help says %s: %t", name, keys, keys != tt.want)
			}
		}
		if suggests := strings.Contains(help, words.Of(words.HelpSuggestions)); suggests == tt.touch {
			t.Errorf("%s: the help has the keys of the suggestions: %t", name, suggests)
		}
	}
}
