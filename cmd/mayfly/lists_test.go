package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// These tests compare the project's tests and comments with the pages in docs/: a reader can look up each number in a test,
// and can run each test that a page names.

const (
	root          = "../.." // of the repository
	attacks       = "docs/attacks.md"
	accessibility = "docs/accessibility.md"
)

// A source is one Go file of the repository.
type source struct {
	folder string // like dir, but "e2e" for each folder below cmd/mayfly/e2e: tests may move between these
	dir    string // its folder, from the root of the repository
	path   string
	file   *ast.File
	files  *token.FileSet // the positions in file are in it
}

func (s source) isTest() bool { return strings.HasSuffix(s.path, "_test.go") }

// generated are the folders with generated files.
var generated = []string{"bin", "web/gen/goapp", "web/static"}

// sources parses every Go file of the repository that is not generated.
func sources(t *testing.T) (all []source) {
	t.Helper()
	files := token.NewFileSet()
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		at, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		at = filepath.ToSlash(at)
		if entry.IsDir() {
			if slices.Contains(generated, at) || strings.HasPrefix(at, ".") && at != "." {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(at) != ".go" {
			return nil
		}
		file, err := parser.ParseFile(files, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		s := source{folder: path.Dir(at), dir: path.Dir(at), path: at, file: file, files: files}
		if within(s.dir, "cmd/mayfly/e2e") {
			s.folder = "e2e"
		}
		all = append(all, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var (
	listedRow  = regexp.MustCompile(`(?m)^\| (A?\d+) \|.*$`)
	listedTest = regexp.MustCompile("`([\\w/]+\\.(?:Test|Fuzz)\\w+)`")
)

// readList returns the numbered rows of a page: for each number, the tests that the row names as `folder.Test`.
func readList(t *testing.T, page string) map[string][]string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, page))
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string][]string{}
	for _, row := range listedRow.FindAllStringSubmatch(string(b), -1) {
		number := row[1]
		if _, ok := rows[number]; ok {
			t.Errorf("%s has two rows %s", page, number)
		}
		rows[number] = nil
		for _, test := range listedTest.FindAllStringSubmatch(row[0], -1) {
			rows[number] = append(rows[number], test[1])
		}
		if len(rows[number]) == 0 && !strings.Contains(row[0], "Not built") {
			t.Errorf("row %s of %s names no test: name one, or say that it is \"Not built\"", number, page)
		}
	}
	return rows
}

var (
	attackNumbers = regexp.MustCompile(`\b[Aa]ttacks? (\d+(?:(?:, | and | to )\d+)*)`)
	accessNumber  = regexp.MustCompile(`\bA\d\d\b`)
	accessName    = regexp.MustCompile(`^TestA\d\d`)
	caseNumber    = regexp.MustCompile("^[\"`](\\d+) ")
	digits        = regexp.MustCompile(`\d+`)
)

// cited returns the numbers in a comment that belong to one of the two pages, by page.
func cited(comment string) map[string][]string {
	numbers := map[string][]string{accessibility: accessNumber.FindAllString(comment, -1)}
	for _, m := range attackNumbers.FindAllStringSubmatch(comment, -1) {
		numbers[attacks] = append(numbers[attacks], digits.FindAllString(m[1], -1)...)
	}
	return numbers
}

// cases returns the numbers at the start of the names of a table's cases, each number once.
func cases(test *ast.FuncDecl) (numbers []string) {
	ast.Inspect(test, func(n ast.Node) bool {
		if c, ok := n.(*ast.CompositeLit); ok && len(c.Elts) > 0 {
			if name, ok := c.Elts[0].(*ast.BasicLit); ok {
				if m := caseNumber.FindStringSubmatch(name.Value); m != nil {
					numbers = append(numbers, m[1])
				}
			}
		}
		return true
	})
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

// TestLists checks that each number in a test has a row in a page, that the row names the test, and that every test that a
// row names exists.
func TestLists(t *testing.T) {
	lists := map[string]map[string][]string{attacks: readList(t, attacks), accessibility: readList(t, accessibility)}
	tests, references := map[string]bool{}, 0
	// refers checks one reference to a page: from a test, or from a comment outside a test if test is "".
	refers := func(in source, test, page, number string) {
		references++
		row, ok := lists[page][number]
		switch {
		case !ok:
			t.Errorf("%s has %s %s: %s has no such row", in.path, test, number, page)
		case test != "" && !slices.Contains(row, in.folder+"."+test):
			t.Errorf("row %s of %s does not name %s.%s, which says that it shows it", number, page, in.folder, test)
		}
	}
	for _, s := range sources(t) {
		if !s.isTest() {
			continue
		}
		docs := map[*ast.CommentGroup]string{} // the name of the test that a comment belongs to
		for _, d := range s.file.Decls {
			test, ok := d.(*ast.FuncDecl)
			if !ok || test.Recv != nil || !strings.HasPrefix(test.Name.Name, "Test") && !strings.HasPrefix(test.Name.Name, "Fuzz") {
				continue
			}
			name := test.Name.Name
			tests[s.folder+"."+name] = true
			if m := accessName.FindString(name); m != "" {
				refers(s, name, accessibility, strings.TrimPrefix(m, "Test"))
			}
			if test.Doc == nil {
				continue
			}
			docs[test.Doc] = name
			if strings.Contains(test.Doc.Text(), "the numbers of "+attacks) {
				for _, number := range cases(test) {
					refers(s, name, attacks, number)
				}
			}
		}
		for _, c := range s.file.Comments {
			for page, numbers := range cited(c.Text()) {
				if len(numbers) > 0 && !strings.Contains(c.Text(), page) {
					t.Errorf("%s has a comment with the numbers %q: it should name %s, where they are", s.path, numbers, page)
				}
				for _, number := range numbers {
					refers(s, docs[c], page, number)
				}
			}
		}
	}
	for page, rows := range lists {
		for number, named := range rows {
			for _, test := range named {
				if !tests[test] {
					t.Errorf("row %s of %s names %s: there is no such test", number, page, test)
				}
			}
		}
	}
	if len(lists[attacks]) < 63 || len(lists[accessibility]) < 33 || len(tests) < 300 || references < 50 {
		t.Errorf("found %d attacks, %d promises, %d tests and %d references: too little",
			len(lists[attacks]), len(lists[accessibility]), len(tests), references)
	}
}

// TestPagesInCommentsExist checks that every page that a comment names is in the repository.
func TestPagesInCommentsExist(t *testing.T) {
	pages := regexp.MustCompile(`[\w./-]+\.md\b`)
	named := 0
	for _, s := range sources(t) {
		for _, c := range s.file.Comments {
			for _, page := range pages.FindAllString(c.Text(), -1) {
				named++
				if _, err := os.Stat(filepath.Join(root, page)); err != nil {
					t.Errorf("%s names %s: %v", s.path, page, err)
				}
			}
		}
	}
	if named < 10 {
		t.Errorf("found %d pages in comments only", named)
	}
}

// TestLayout checks the layout in CONTRIBUTING.md: it marks the folders that exist, and has a line for each with Go files.
func TestLayout(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(root, "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, layout, _ := strings.Cut(string(b), "\n## Layout")
	layout, _, _ = strings.Cut(layout, "\n## ")
	// A line has a mark, two spaces for each parent folder, and the folder.
	line := regexp.MustCompile(`(?m)^    ([ +]) ((?:  )*)([\w.-]+)/(?: |$)`)
	var above []string
	drawn := map[string]bool{}
	for _, m := range line.FindAllStringSubmatch(layout, -1) {
		above = append(above[:min(len(above), len(m[2])/2)], m[3])
		folder := path.Join(above...)
		drawn[folder] = true
		info, err := os.Stat(filepath.Join(root, folder))
		if there := err == nil && info.IsDir(); there == (m[1] == "+") {
			t.Errorf("CONTRIBUTING.md marks %s with %q, and it is there: %t", folder, m[1], there)
		}
	}
	if len(drawn) < 30 {
		t.Errorf("found %d folders in the layout only", len(drawn))
	}
	for _, s := range sources(t) {
		if s.folder != "e2e" && !strings.HasSuffix(s.dir, "test") && !drawn[s.dir] {
			drawn[s.dir] = true
			t.Errorf("CONTRIBUTING.md has no line for %s in its layout", s.dir)
		}
	}
}

// TestNumbersAreRead checks how TestLists reads comments.
func TestNumbersAreRead(t *testing.T) {
	for comment, want := range map[string]string{
		"TestX is attack 32 of docs/attacks.md.":      "32",
		"Attacks 33 to 36 and 38 of docs/attacks.md.": "33 36 38",
		"attack opens 2 connections":                  "",
		"A05 and A10, not A1 nor BA11":                "A05 A10",
	} {
		numbers := cited(comment)
		if got := strings.Join(append(numbers[attacks], numbers[accessibility]...), " "); got != want {
			t.Errorf("of %s the numbers are %q, want %q", strconv.Quote(comment), got, want)
		}
	}
}
