package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/doc/comment"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// mustState are the packages whose comment must state the order of their files. Other packages may state it too.
var mustState = []string{"mayfly/app", "mayfly/app/client", "mayfly/app/client/room", "mayfly/app/pkce", "mayfly/server",
	"mayfly/server/conn", "mayfly/server/session"}

// The comment of a package states the order of its files like this. A file is named without ".go", and once for all
// platforms: socket stands for socket.go, socket_js.go and socket_notjs.go.
//
//	Files, from the top down. A file refers only to files below it:
//	  - server, routes: what these files are for
//	  - wheel: what this file is for
//
//	Exceptions:
//	  - wheel refers to server: the reason
const (
	orderBegins      = "Files, from the top down"
	exceptionsBegins = "Exceptions:"
)

// filePair is a file and another one that it refers to.
type filePair struct{ from, to string }

// fileOrder is what a package's comment states: its files, from the top down, and the references upwards that are allowed.
type fileOrder struct {
	files      []string
	exceptions []filePair
}

var exceptionForm = regexp.MustCompile(`^(\w+) refers to (\w+): \S`)

// readOrder reads the order of files from the comment of a package. Without an order, files is empty.
func readOrder(doc string) (order fileOrder, problems []string) {
	blocks := new(comment.Parser).Parse(doc).Content
	for i, block := range blocks[:max(len(blocks)-1, 0)] {
		paragraph, ok := block.(*comment.Paragraph)
		if !ok {
			continue
		}
		begins := plain(paragraph.Text)
		isOrder, isExceptions := strings.HasPrefix(begins, orderBegins), strings.HasPrefix(begins, exceptionsBegins)
		if !isOrder && !isExceptions {
			continue
		}
		list, ok := blocks[i+1].(*comment.List)
		if !ok {
			problems = append(problems, fmt.Sprintf("no list follows %q in the package comment", begins))
			continue
		}
		for _, item := range list.Items {
			text := plain(item.Content[0].(*comment.Paragraph).Text)
			names, _, _ := strings.Cut(text, ":")
			if isOrder {
				order.files = append(order.files, strings.Split(names, ", ")...)
			} else if m := exceptionForm.FindStringSubmatch(text); m != nil {
				order.exceptions = append(order.exceptions, filePair{m[1], m[2]})
			} else {
				problems = append(problems, fmt.Sprintf(`the exception %q is not of the form "x refers to y: reason"`, text))
			}
		}
	}
	return order, problems
}

// plain returns the text of a paragraph on one line.
func plain(text []comment.Text) string {
	var b strings.Builder
	for _, t := range text {
		switch t := t.(type) {
		case comment.Plain:
			b.WriteString(string(t))
		case comment.Italic:
			b.WriteString(string(t))
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// problems says how the files of a package and their references differ from the order. refs has the names by which a file
// refers to another one.
func (o fileOrder) problems(files []string, refs map[filePair][]string) (problems []string) {
	add := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	place := map[string]int{} // the index of a file in the order
	for i, file := range o.files {
		if _, twice := place[file]; twice {
			add("the order of files in the package comment names %s twice", file)
		}
		if place[file] = i; !slices.Contains(files, file) {
			add("the order of files in the package comment names %s, but there is no %s.go", file, file)
		}
	}
	for _, file := range files {
		if _, ok := place[file]; !ok {
			add("%s.go is missing in the order of files in the package comment", file)
		}
	}
	up := func(p filePair) bool {
		from, ok := place[p.from]
		to, both := place[p.to]
		return ok && both && to < from && len(refs[p]) > 0
	}
	byName := func(a, b filePair) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) }
	for _, p := range slices.SortedFunc(maps.Keys(refs), byName) {
		if up(p) && !slices.Contains(o.exceptions, p) {
			slices.Sort(refs[p])
			add("%s.go refers to %s.go, which stands above it in the package comment, by the names %s. "+
				"Move them, move the files in the order, or name the exception with its reason",
				p.from, p.to, strings.Join(slices.Compact(refs[p]), ", "))
		}
	}
	for _, p := range o.exceptions {
		if !up(p) {
			add("the package comment has the exception that %s refers to %s, but %s.go has no reference upwards to %s.go",
				p.from, p.to, p.from, p.to)
		}
	}
	return problems
}

var platform = regexp.MustCompile(`_(js|notjs|linux|unix|windows|darwin|other)$`)

// fileName returns the name of a file as the order of files has it: without ".go", and without its platform.
func fileName(file string) string {
	return platform.ReplaceAllString(strings.TrimSuffix(filepath.Base(file), ".go"), "")
}

// stated returns the orders that the packages of this module state, by import path, and the names of their files.
func stated(t *testing.T) (orders map[string]fileOrder, files map[string][]string) {
	t.Helper()
	orders, files = map[string]fileOrder{}, map[string][]string{}
	docs := map[string]string{}
	err := filepath.WalkDir(root, func(file string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return err
		}
		rel, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		pkg := path.Join("mayfly", filepath.ToSlash(rel))
		docs[pkg] += parsed.Doc.Text()
		if name := fileName(file); !slices.Contains(files[pkg], name) {
			files[pkg] = append(files[pkg], name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for pkg, doc := range docs {
		order, problems := readOrder(doc)
		for _, problem := range problems {
			t.Errorf("%s: %s", pkg, problem)
		}
		if len(order.files) > 0 {
			orders[pkg] = order
		}
	}
	return orders, files
}

// references adds to refs the names by which a file of the package refers to another one. A field or a method belongs to the
// file that declares it. packages has the package and all that it imports, for one operating system and architecture.
func references(t *testing.T, pkg string, packages map[string]goPackage, refs map[filePair][]string) {
	t.Helper()
	fset := token.NewFileSet()
	var parsed []*ast.File
	for _, name := range packages[pkg].GoFiles {
		file, err := parser.ParseFile(fset, filepath.Join(packages[pkg].Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, file)
	}
	exported := func(imported string) (io.ReadCloser, error) { return os.Open(packages[imported].Export) }
	config := types.Config{Importer: importer.ForCompiler(fset, "gc", exported)}
	info := types.Info{Uses: map[*ast.Ident]types.Object{}}
	checked, err := config.Check(pkg, fset, parsed, &info)
	if err != nil {
		t.Fatal(err)
	}
	for id, object := range info.Uses {
		if object.Pkg() != checked {
			continue
		}
		p := filePair{fileName(fset.Position(id.Pos()).Filename), fileName(fset.Position(object.Pos()).Filename)}
		if p.from != p.to {
			refs[p] = append(refs[p], object.Name())
		}
	}
}

// TestFileOrder checks that the files of a package keep to the order that the package's comment states.
func TestFileOrder(t *testing.T) {
	orders, files := stated(t)
	for _, pkg := range mustState {
		if _, ok := orders[pkg]; !ok {
			t.Errorf("the comment of package %s states no order of files. It begins with %q", pkg, orderBegins)
		}
	}
	refs := map[string]map[filePair][]string{}
	for _, build := range []struct{ os, arch, within string }{{"linux", "amd64", "mayfly"}, {"js", "wasm", "mayfly/app"}} {
		args := []string{"-deps", "-export"}
		for pkg := range orders {
			if within(pkg, build.within) {
				args = append(args, pkg)
			}
		}
		packages := map[string]goPackage{}
		for _, p := range list(t, build.os, build.arch, args...) {
			packages[p.ImportPath] = p
		}
		for _, pkg := range args[2:] {
			if refs[pkg] == nil {
				refs[pkg] = map[filePair][]string{}
			}
			references(t, pkg, packages, refs[pkg])
		}
	}
	for _, pkg := range slices.Sorted(maps.Keys(orders)) {
		if len(refs[pkg]) == 0 && len(files[pkg]) > 1 {
			t.Errorf("%s: no file refers to another one: the type checker found too little", pkg)
		}
		for _, problem := range orders[pkg].problems(files[pkg], refs[pkg]) {
			t.Errorf("%s: %s", pkg, problem)
		}
	}
}

// TestFileOrderFindsProblems checks that TestFileOrder can fail.
func TestFileOrderFindsProblems(t *testing.T) {
	const doc = "Package p is p.\n\nFiles, from the top down. A file refers only to files below it:\n" +
		"  - top, middle: the upper\n    ones\n  - bottom: the rest\n\n"
	const exception = "Exceptions:\n  - bottom refers to top: the reason\n"
	all := []string{"top", "middle", "bottom"}
	down, up := filePair{"top", "bottom"}, filePair{"bottom", "top"}
	for _, tt := range []struct {
		name, doc string
		files     []string
		refs      []filePair
		want      string
	}{
		{"good", doc, all, []filePair{down}, ""},
		{"a reference upwards", doc, all, []filePair{down, up}, "bottom.go refers to top.go"},
		{"an exception", doc + exception, all, []filePair{up}, ""},
		{"an exception in vain", doc + exception, all, []filePair{down}, "no reference upwards"},
		{"an exception without a reason", doc + "Exceptions:\n  - bottom refers to top\n", all, nil, "is not of the form"},
		{"a file too many", doc, append(all, "new"), nil, "new.go is missing"},
		{"a file too few", doc, []string{"top", "bottom"}, nil, "there is no middle.go"},
		{"a file twice", doc + "Files, from the top down:\n  - top: again\n", all, nil, "names top twice"},
		{"no list", "Package p is p.\n\nFiles, from the top down: top, bottom.\n\nThe end.\n", nil, nil, "no list follows"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			order, problems := readOrder(tt.doc)
			refs := map[filePair][]string{}
			for _, p := range tt.refs {
				refs[p] = []string{"name"}
			}
			got := strings.Join(append(problems, order.problems(tt.files, refs)...), "\n")
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("the problems of\n%s\nare %q, want %q", tt.doc, got, tt.want)
			}
		})
	}
}
