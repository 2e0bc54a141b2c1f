package main

import (
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// contribFile returns the content of a file below contrib.
func contribFile(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, "contrib", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// metricsOf finds the names of Mayfly's metrics.
var metricsOf = regexp.MustCompile(`mayfly_[a-z_]+`)

// TestContribMetricsExist checks that docs/metrics.md has every metric that the alerts and the dashboard use.
func TestContribMetricsExist(t *testing.T) {
	page, found := pages(t)["docs/metrics.md"], map[string]bool{}
	for _, name := range []string{"prometheus/mayfly.yml", "prometheus/mayfly_test.yml", "grafana/mayfly.json"} {
		for _, metric := range metricsOf.FindAllString(contribFile(t, name), -1) {
			metric = strings.TrimSuffix(metric, "_bucket") // a series of a histogram
			if found[metric] = true; !strings.Contains(page, "`"+metric+"`") && metric != "mayfly_test" {
				t.Errorf("contrib/%s uses %s: docs/metrics.md has no such metric", name, metric)
			}
		}
	}
	if len(found) < 25 {
		t.Errorf("found %d metrics only", len(found))
	}
}

// TestAlerts checks that each alert says what it means, and to whom.
func TestAlerts(t *testing.T) {
	var rules struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	decoder := yaml.NewDecoder(strings.NewReader(contribFile(t, "prometheus/mayfly.yml")))
	decoder.KnownFields(true)
	if err := decoder.Decode(&rules); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, r := range rules.Groups[0].Rules {
		if names[r.Alert] || r.Expr == "" || r.Annotations["summary"] == "" ||
			!slices.Contains([]string{"page", "warn"}, r.Labels["severity"]) {
			t.Errorf("the alert %+v has a name that is taken, no expression, no summary or no severity", r)
		}
		names[r.Alert] = true
	}
	if len(names) < 15 {
		t.Errorf("found %d alerts only", len(names))
	}
}

func TestDashboard(t *testing.T) {
	var dashboard struct {
		Title  string
		Panels []struct {
			ID      int
			Title   string
			Targets []struct{ Expr, RefID string }
			GridPos struct{ X, Y, W, H int }
		}
	}
	if err := json.Unmarshal([]byte(contribFile(t, "grafana/mayfly.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	ids, places := map[int]bool{}, map[[2]int]bool{}
	for _, p := range dashboard.Panels {
		place := [2]int{p.GridPos.X, p.GridPos.Y}
		if ids[p.ID] || places[place] || p.Title == "" || len(p.Targets) == 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("the panel %+v has an id or a place that is taken, or lacks something", p)
		}
		ids[p.ID], places[place] = true, true
	}
	if dashboard.Title != "Mayfly" || len(ids) < 12 {
		t.Errorf("the dashboard %q has %d panels", dashboard.Title, len(ids))
	}
}

// TestContribFlagsExist checks every flag and variable of Mayfly that a file in contrib sets, by running the program with
// them.
func TestContribFlagsExist(t *testing.T) {
	commands := 0
	known := knownVariables()
	variable := regexp.MustCompile(`\bMAYFLY_[A-Z_]+`)
	flagged := regexp.MustCompile(`mayfly(?:"?,? "?serve| serve)((?: -[a-z-]+ [^ \n>&\\]+)+)`)
	err := fs.WalkDir(os.DirFS(filepath.Join(root, "contrib")), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content := contribFile(t, name)
		for _, v := range variable.FindAllString(content, -1) {
			if commands++; !known[v] {
				t.Errorf("contrib/%s has %s: there is no such variable", name, v)
			}
		}
		for _, m := range flagged.FindAllStringSubmatch(content, -1) {
			commands++
			for _, f := range regexp.MustCompile(` -([a-z-]+) `).FindAllStringSubmatch(m[1], -1) {
				if !known[variablePrefix+upper(f[1])] {
					t.Errorf("contrib/%s has %q: there is no flag -%s", name, m[0], f[1])
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var compose struct {
		Services map[string]struct{ Command []string }
	}
	if err := yaml.Unmarshal([]byte(contribFile(t, "container/compose.yml")), &compose); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"container/compose.yml": compose.Services["mayfly"].Command[1:],
		"systemd/mayfly.yml":    {"-config", filepath.Join(root, "contrib/systemd/mayfly.yml")},
	} {
		if _, err := parseConfig(args, nil, io.Discard); err != nil {
			t.Errorf("contrib/%s: %v", name, err)
		}
	}
	if commands < 6 {
		t.Errorf("found %d flags and variables only", commands)
	}
}

// TestProxiesPageHasTheFiles checks that docs/proxies.md names each file of contrib/proxies.
func TestProxiesPageHasTheFiles(t *testing.T) {
	files, err := os.ReadDir(filepath.Join(root, "contrib/proxies"))
	if err != nil || len(files) < 5 {
		t.Fatalf("contrib/proxies has %d files, %v", len(files), err)
	}
	for _, f := range files {
		if link := "(" + path.Join("../contrib/proxies", f.Name()) +
			")"; !strings.Contains(pages(t)["docs/proxies.md"], link) {
			t.Errorf("docs/proxies.md has no link %s", link)
		}
	}
}
