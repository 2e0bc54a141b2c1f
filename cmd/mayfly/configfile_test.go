package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"mayfly/server/admission"
)

// configFile returns the name of a new configuration file with these lines.
func configFile(t *testing.T, lines ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "mayfly.yml")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestFlagWinsOverEnvironmentAndThatOverTheFile sets three flags in one, two and three places.
func TestFlagWinsOverEnvironmentAndThatOverTheFile(t *testing.T) {
	file := configFile(t, "conns: 1", "rooms: 2", "room-messages: 3", "# a comment", "ttl: 30s", "listen: 10.0.0.1:0",
		"origins: [https://a.example, 'http://b.example:81']", "trusted-proxies:", "  - ::1", "  - 10.0.0.0/8",
		"log: \"json\"")
	want := defaults
	want.conns, want.rooms, want.roomMessages, want.ttl, want.listen, want.logFormat = 10, 20, 3, 30*time.Second,
		"10.0.0.1:0", "json"
	want.origins = []string{"https://a.example", "http://b.example:81"}
	want.proxies, _ = admission.ParseProxies("::1,10.0.0.0/8")
	for name, given := range map[string]struct {
		args []string
		env  environment
	}{
		"by a flag": {[]string{"-conns", "10", "-config", file},
			environment{"MAYFLY_CONNS": "11", "MAYFLY_ROOMS": "20"}},
		"by a variable": {[]string{"-conns", "10"}, environment{"MAYFLY_CONFIG": file, "MAYFLY_ROOMS": "20"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseConfig(given.args, given.env, &bytes.Buffer{})
			if got.differs = nil; err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("parseConfig = %+v, %v, want %+v", got, err, want)
			}
		})
	}
}

func TestListsInFiles(t *testing.T) {
	file := configFile(t, "issuer: "+oktaIssuer, "client-id: [0oa1, 0oa2]", "scopes: [openid, chat]", "algs: [RS256, ES256]",
		"authorize-params: [prompt=consent, audience=https://api.example]")
	got, err := parseConfig([]string{"-config", file}, nil, &bytes.Buffer{})
	a := got.auth
	if err != nil || !reflect.DeepEqual(a.ClientIDs, []string{"0oa1", "0oa2"}) ||
		!reflect.DeepEqual(a.scopes, []string{"openid", "chat"}) ||
		!reflect.DeepEqual(a.Algs, []string{"RS256", "ES256"}) ||
		a.params != "prompt=consent&audience=https%3A%2F%2Fapi.example" {
		t.Errorf("sign-in = %+v, %v", a, err)
	}
}

// TestProblemsOfFiles compares every line that a file brings. FILE stands for its name.
func TestProblemsOfFiles(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lines string
		want  []string
	}{
		{"two documents", "conns: 5\n---\n", []string{"-config is \"FILE\": it has a second document behind ---: want one"}},
		{"empty", "", nil},
		{"comments alone", "# conns: 5", nil},
		{"unknown", "conns: 5\nttll: 5m\nnonsense: 1", []string{"FILE:2: there is no setting ttll: do you mean ttl?",
			"FILE:3: there is no setting nonsense: want the name of a flag without its dash; " +
				"mayfly serve -help lists what there is"}},
		{"with a dash", "-ttl: 5m", []string{"FILE:1: there is no setting -ttl: do you mean ttl?"}},
		{"another name", "port: 80", []string{"FILE:1: there is no setting port: do you mean listen?"}},
		{"twice", "conns: 5\nrooms: 5\nconns: 6",
			[]string{"FILE:3: conns stands there twice, first on line 1: want it once"}},
		{"no value", "conns:\nttl: ~", []string{"FILE:1: conns has no value: want one behind the colon",
			"FILE:2: ttl has no value: want one behind the colon"}},
		{"a wrong value", "rooms: 5\nconns: many\nttl: 5",
			[]string{`FILE:2: conns is "many": want a whole number, such as 10000`,
				`FILE:3: ttl is "5": want a time with its unit, such as 5s, 5m or 5h`}},
		{"a wrong value that only the check of all finds", "conns: 0\nttl: 25h", []string{
			"-ttl is 25h0m0s: want at least -ttl-min (1s) and at most -ttl-max (24h0m0s) (from FILE:2: ttl)",
			"-conns is 0: want 1 or more (from FILE:1: conns)"}},
		{"a switch", "require-active: yes", []string{`FILE:1: require-active is "yes": want true or false`}},
		{"a map", "listen:\n  port: 80",
			[]string{"FILE:1: listen is neither a text nor a list: want a value behind the colon"}},
		{"a list in a list", "origins: [[a]]",
			[]string{"FILE:1: origins is a list with more than texts in it: want [a, b]"}},
		{"a list for one value", "ttl: [1m, 2m]",
			[]string{`FILE:1: ttl is "1m,2m": want a time with its unit, such as 30s, 5m or 24h`}},
		{"an alias", "conns: &n 5\nrooms: *n",
			[]string{"FILE:2: rooms is neither a text nor a list: want a value behind the colon"}},
		{"a list", "- conns",
			[]string{`-config is "FILE": it has no settings: want lines such as public-url: https://chat.example.com`}},
		{"no YAML", "conns: 5\n\tttl: 5m",
			[]string{`-config is "FILE": line 2: found a tab character that violates indentation: ` +
				`want lines such as public-url: https://chat.example.com`}},
		{"a flag for a name", "{[a]: 5}", []string{"FILE:1: want the name of a setting, such as public-url"}},
		{"itself", "config: other.yml",
			[]string{"FILE:1: config is no setting of a file: want it as a flag, or as MAYFLY_CONFIG"}},
		{"a secret", "okta-api-token: 00S",
			[]string{"FILE:1: there is no setting okta-api-token: do you mean okta-api-token-file?"}},
		{"of mayfly dev", "access-ttl: 5m", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := configFile(t, tt.lines)
			_, err := parseConfig([]string{"-config", file}, nil, &bytes.Buffer{})
			got := ""
			if err != nil {
				got = strings.ReplaceAll(err.Error(), file, "FILE")
			}
			if want := strings.Join(tt.want, "\n"); got != want {
				t.Errorf("parseConfig(%s):\n%s\nwant:\n%s", tt.lines, got, want)
			}
		})
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	large := configFile(t, strings.Repeat("# a comment\n", maxConfigFile/12+1))
	for path, want := range map[string]string{
		"/nowhere/mayfly.yml": `-config is "/nowhere/mayfly.yml": open /nowhere/mayfly.yml: no such file or directory: ` +
			`want a file that this user may read`,
		t.TempDir(): "want a file that this user may read",
		large:       "it has more than 1048576 bytes",
	} {
		if _, err := parseConfig([]string{"-config", path}, nil, &bytes.Buffer{}); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("parseConfig(-config %s) = %v, want %q in it", path, err, want)
		}
	}
	_, err := parseConfig(nil, environment{"MAYFLY_CONFIG": "/nowhere/mayfly.yml"}, &bytes.Buffer{})
	if err == nil || !strings.HasPrefix(err.Error(), `MAYFLY_CONFIG is "/nowhere/mayfly.yml": open`) {
		t.Errorf("parseConfig = %v, want the variable in it", err)
	}
}

// TestLogSaysWhatDiffers reads the line with which mayfly serve logs its settings. No secret is in it.
func TestLogSaysWhatDiffers(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	c, err := parseConfig([]string{"-conns", "10000", "-ttl", "2m"}, nil, &bytes.Buffer{})
	if c.logDiffering(log); err != nil || !strings.HasSuffix(out.String(),
		`msg="settings that differ from the defaults" ttl=2m0s`+"\n") {
		t.Errorf("the log has %q, %v", &out, err)
	}
	out.Reset()
	file := configFile(t, "issuer: "+oktaIssuer, "client-id: x")
	c, err = parseConfig([]string{"-config", file}, environment{"MAYFLY_OKTA_API_TOKEN": "00Secret"}, &bytes.Buffer{})
	c.logDiffering(log)
	for _, want := range []string{"client-id=x", "config=" + file, "issuer=" + oktaIssuer, "okta-api-token=hidden"} {
		if err != nil || !strings.Contains(out.String(), want) || strings.Contains(out.String(), "00Secret") {
			t.Errorf("the log has %q, %v, want %s in it", &out, err, want)
		}
	}
	out.Reset()
	c, err = parseConfig(nil, nil, &bytes.Buffer{})
	if c.logDiffering(log); err != nil || out.Len() > 0 {
		t.Errorf("with the defaults alone the log has %q, %v", &out, err)
	}
}

func FuzzConfigFile(f *testing.F) {
	f.Add("conns: 5\norigins: [a, b]\n")
	f.Add("a: &x [1]\nb: *x\n---\n")
	f.Fuzz(func(t *testing.T, content string) {
		file := filepath.Join(t.TempDir(), "mayfly.yml")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if pairs, err := yamlPairs(file); err == nil && len(pairs)%2 != 0 {
			t.Errorf("yamlPairs(%q) has %d names and values", content, len(pairs))
		}
	})
}
