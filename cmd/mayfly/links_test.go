package main

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pages returns the Markdown pages of the repository by their paths from its root.
func pages(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		at, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		at = filepath.ToSlash(at)
		if entry.IsDir() && (slices.Contains(generated, at) || strings.HasPrefix(at, ".") && at != ".") {
			return fs.SkipDir
		}
		if path.Ext(at) != ".md" {
			return nil
		}
		b, err := os.ReadFile(name)
		all[at] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var (
	fence     = regexp.MustCompile("(?ms)^```.*?^```|^    .*?$") // code, whose brackets and hashes mean nothing
	heading   = regexp.MustCompile(`(?m)^#+ (.+)$`)
	notSlug   = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	linkTo    = regexp.MustCompile(`\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"`)
	elsewhere = regexp.MustCompile(`^[a-z]+:`)
)

// anchors returns the names that GitHub gives to the headings of a page.
func anchors(text string) map[string]bool {
	all := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		title := linkTo.ReplaceAllString(m[1], "]")
		all[strings.ReplaceAll(notSlug.ReplaceAllString(strings.ToLower(title), ""), " ", "-")] = true
	}
	return all
}

// TestLinks checks that each link of a page to a file, a folder or a heading of the repository leads somewhere, and that a
// reader comes from README.md to every page by links.
func TestLinks(t *testing.T) {
	all, reached, links := pages(t), map[string]bool{}, 0
	var visit func(page string)
	visit = func(page string) {
		reached[page] = true
		for _, m := range linkTo.FindAllStringSubmatch(fence.ReplaceAllString(all[page], ""), -1) {
			target, anchor, _ := strings.Cut(m[1]+m[2], "#")
			if elsewhere.MatchString(target) {
				continue
			}
			links++
			to := page
			if target != "" {
				to = path.Join(path.Dir(page), target)
			}
			text, isPage := all[to]
			if _, err := os.Stat(filepath.Join(root, to)); err != nil {
				t.Errorf("%s links to %s: %v", page, m[0], err)
			} else if anchor != "" && !anchors(text)[anchor] {
				t.Errorf("%s links to %s: %s has no such heading", page, m[0], to)
			}
			if isPage && !reached[to] {
				visit(to)
			}
		}
	}
	visit("README.md")
	for page := range all {
		if !reached[page] {
			t.Errorf("no link leads to %s", page)
		}
	}
	if links < 50 || len(all) < 10 {
		t.Errorf("found %d links in %d pages only", links, len(all))
	}
}

// TestPathsInPagesExist checks that every file and folder of the repository that a page names in backquotes is there.
func TestPathsInPagesExist(t *testing.T) {
	named := regexp.MustCompile("`((?:app|cmd|docs|scripts|server|shared|web)(?:/[\\w.-]+)*)`")
	test := regexp.MustCompile(`\.(Test|Fuzz)\w+$`) // of a folder
	paths := 0
	for page, text := range pages(t) {
		for _, m := range named.FindAllStringSubmatch(text, -1) {
			paths++
			if _, err := os.Stat(filepath.Join(root, m[1])); err != nil && !test.MatchString(m[1]) {
				t.Errorf("%s names %s: %v", page, m[1], err)
			}
		}
	}
	if paths < 50 {
		t.Errorf("found %d paths only", paths)
	}
}

// TestAnchors checks how TestLinks names headings.
func TestAnchors(t *testing.T) {
	text := "# In a folder, with `-data`\n## What isn't kept: keys\n```\n# no heading\n```\n"
	for _, want := range []string{"in-a-folder-with--data", "what-isnt-kept-keys"} {
		if got := anchors(text); !got[want] || len(got) != 2 {
			t.Errorf("anchors(%q) = %v, want %s among two", text, got, want)
		}
	}
}
