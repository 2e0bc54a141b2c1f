package main

import (
	"flag"
	"go/ast"
	"go/token"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// These tests compare the pages for operators with the program, and keep each limit's number in one page.

// flagsOf returns the flags that a command defines.
func flagsOf(t *testing.T, define func(f *flag.FlagSet) error) map[string]*flag.Flag {
	t.Helper()
	f := flag.NewFlagSet("", flag.ContinueOnError)
	if err := define(f); err != nil {
		t.Fatal(err)
	}
	all := map[string]*flag.Flag{}
	f.VisitAll(func(fl *flag.Flag) { all[fl.Name] = fl })
	return all
}

// defaultOf returns the default of a flag as the page has it: the one that the help names where the value is empty.
func defaultOf(fl *flag.Flag) string {
	if fl.DefValue != "" && fl.DefValue != "false" {
		return fl.DefValue
	}
	if _, named, ok := strings.Cut(fl.Usage, "(default "); ok {
		return strings.TrimSuffix(named, ")")
	}
	return "none"
}

// TestOperationsNamesEveryFlag checks that docs/flags.md has a line for each flag, with its variable and its default, and
// no other line.
func TestOperationsNamesEveryFlag(t *testing.T) {
	flags := flagsOf(t, func(f *flag.FlagSet) error {
		_, err := parseFlags(f, defineAuthFlags, "", nil, nil, io.Discard)
		return err
	})
	for name, fl := range flagsOf(t, func(f *flag.FlagSet) error { new(devConfig).defineFlags(f); return nil }) {
		flags[name] = fl
	}
	page := pages(t)["docs/flags.md"]
	row := regexp.MustCompile("(?m)^\\| `-([a-z-]+)` \\| `(\\w+)` \\| `?([^|`]+)`? \\|")
	found := map[string]bool{}
	for _, m := range row.FindAllStringSubmatch(page, -1) {
		name, variable, value := m[1], m[2], strings.TrimSpace(m[3])
		fl, ok := flags[name]
		if !ok || found[name] {
			t.Errorf("docs/flags.md has a line for -%s: there is no such flag, or it has two lines", name)
			continue
		}
		found[name] = true
		if want := variableOf(fl); variable != want {
			t.Errorf("docs/flags.md has the variable %s for -%s, want %s", variable, name, want)
		}
		if want := defaultOf(fl); value != want {
			t.Errorf("docs/flags.md has the default %q for -%s, want %q", value, name, want)
		}
	}
	for name := range flags {
		if !found[name] {
			t.Errorf("docs/flags.md has no line for -%s", name)
		}
	}
	if len(flags) < 29 {
		t.Errorf("found %d flags only", len(flags))
	}
}

// TestBenchFlagsInPage checks that docs/flags.md has a line for each flag of mayfly bench with its default, and no other line.
func TestBenchFlagsInPage(t *testing.T) {
	flags := flagsOf(t, func(f *flag.FlagSet) error { (&benchConfig{rate: rate{20, time.Second}}).defineFlags(f); return nil })
	_, section, _ := strings.Cut(pages(t)["docs/flags.md"], "\n## mayfly bench\n")
	found := 0
	for _, m := range regexp.MustCompile("(?m)^\\| `-([a-z-]+)` \\| ([^|]+) \\|").FindAllStringSubmatch(section, -1) {
		found++
		fl, ok := flags[m[1]]
		if !ok {
			t.Errorf("docs/flags.md has a line for -%s of mayfly bench: there is no such flag", m[1])
			continue
		}
		want := defaultOf(fl)
		if fl.DefValue == "0" {
			want = "none"
		}
		if m[2] != want {
			t.Errorf("docs/flags.md has the default %q for -%s of mayfly bench, want %q", m[2], m[1], want)
		}
	}
	if found != len(flags) || found < 9 {
		t.Errorf("docs/flags.md has %d flags of mayfly bench, want %d", found, len(flags))
	}
}

// TestFlagsInPagesExist checks that every flag that a page names in backquotes is a flag of Mayfly.
func TestFlagsInPagesExist(t *testing.T) {
	all := pages(t)
	known := map[string]bool{"help": true}
	for _, m := range regexp.MustCompile("(?m)^\\| `-([a-z-]+)` \\|").FindAllStringSubmatch(all["docs/flags.md"], -1) {
		known[m[1]] = true
	}
	named := regexp.MustCompile("`(?:mayfly (?:serve|dev|check|bench) )?-([a-z][a-z-]*)(?: [^`]*)?`")
	for _, page := range []string{"README.md", "docs/flags.md", "docs/running.md", "docs/signing-in.md", "docs/proxies.md",
		"docs/metrics.md", "docs/storage.md", "docs/cluster.md", "docs/security.md", "docs/protocol.md", "docs/attacks.md"} {
		for _, m := range named.FindAllStringSubmatch(all[page], -1) {
			if !known[m[1]] {
				t.Errorf("%s names %s: there is no such flag", page, m[0])
			}
		}
	}
}

// TestLogLinesExist checks that Mayfly can write each line of the log that a table in docs explains.
func TestLogLinesExist(t *testing.T) {
	var written strings.Builder // every string in the code of the server
	for _, s := range sources(t) {
		if s.isTest() || !within(s.dir, "server") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				text, _ := strconv.Unquote(lit.Value)
				written.WriteString(text + "\n")
			}
			return true
		})
	}
	all, lines := pages(t), 0
	for page, heading := range map[string]string{
		"docs/storage.md": "## Lines in the log\n", "docs/proxies.md": "## When a proxy is set up wrong\n",
	} {
		_, table, ok := strings.Cut(all[page], heading)
		if !ok {
			t.Fatalf("%s has no list of log lines", page)
		}
		table, _, _ = strings.Cut(table, "\n## ")
		for _, row := range regexp.MustCompile("(?m)^\\| `.*$").FindAllString(table, -1) {
			for _, m := range regexp.MustCompile("`([a-z][A-Za-z,' -]+ [A-Za-z,' -]+)`").FindAllStringSubmatch(row, -1) {
				lines++
				if !strings.Contains(written.String(), m[1]) {
					t.Errorf("%s explains the log line %q, which the server never writes", page, m[1])
				}
			}
		}
	}
	if lines < 13 {
		t.Errorf("found %d log lines only", lines)
	}
}

// TestNumbersHaveOneHome checks that the number of a limit stands in one page. Others link to that page.
func TestNumbersHaveOneHome(t *testing.T) {
	all := pages(t)
	for number, home := range map[string]string{
		"24 h 5 min":       "docs/protocol.md",
		"512 KiB":          "docs/protocol.md",
		"320 KiB":          "docs/protocol.md",
		"64 KiB":           "docs/protocol.md",
		"16 KiB":           "docs/security.md",
		"64 characters":    "docs/security.md",
		"40 characters":    "docs/protocol.md",
		"1,000 messages":   "docs/flags.md",
		"10 in a minute":   "docs/protocol.md",
		"TimeoutStopSec":   "docs/running.md",
		"worker_conn":      "docs/proxies.md",
		"64 MiB":           "docs/storage.md",
		"MAYFLY_ROOM_BYTE": "docs/flags.md",
	} {
		for page, text := range all {
			if page != home && page != "docs/benchmarks.md" && page != "CHANGELOG.md" && strings.Contains(text, number) {
				t.Errorf("%s says %q: link to %s, which is the home of that number", page, number, home)
			}
		}
	}
}

// TestChangelogHasTheVersion checks that the newest version in CHANGELOG.md is the program's, below "Unreleased".
func TestChangelogHasTheVersion(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), []string{"version"}, nil, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	_, version, _ := strings.Cut(out.String(), " ")
	version, _, _ = strings.Cut(version, " ")
	headings := regexp.MustCompile(`(?m)^## (\S+)`).FindAllStringSubmatch(pages(t)["CHANGELOG.md"], 2)
	if len(headings) < 2 || headings[0][1] != "Unreleased" || headings[1][1] != version {
		t.Errorf("CHANGELOG.md begins with %q, want Unreleased, then %s, which mayfly version prints", headings, version)
	}
}
