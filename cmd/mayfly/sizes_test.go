package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// The largest sizes that CONTRIBUTING.md allows outside tests.
const (
	maxColumns  = 125 // of a line; a tab takes four
	maxFunction = 60  // lines, from "func" to the last brace
	maxFields   = 15
	maxMethods  = 25
)

// oneType begins the line of a type's comment that says why the type is not split although it is larger than the limits.
const oneType = "It is one type because "

// TestCodeSizes checks the sizes of lines, functions and types outside tests. A type may be larger than the limits if a line
// of its comment begins with "It is one type because ".
func TestCodeSizes(t *testing.T) {
	measured := sizes{large: map[string]string{}, types: map[string]*typeSize{}}
	for _, s := range sources(t) {
		if s.isTest() {
			continue
		}
		measured.lines(t, s)
		for _, d := range s.file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				measured.function(s, d)
			case *ast.GenDecl:
				measured.typesOf(s, d)
			}
		}
	}
	if len(measured.types) < 100 {
		t.Errorf("found %d types only", len(measured.types))
	}
	measured.judgeTypes()
	for name, why := range measured.large {
		t.Errorf("%s %s", name, why)
	}
}

// typeSize is what TestCodeSizes learns of one type.
type typeSize struct {
	fields  int
	methods map[string]bool // by name, as the files for different systems have the same methods
	reason  bool            // its comment says why it is one thing
}

// sizes collects what is larger than the limits.
type sizes struct {
	large map[string]string // "folder.Name", or a folder with long lines → what is wrong
	types map[string]*typeSize
}

// typeNamed returns the entry of a type, which its methods may make before its declaration is read.
func (m *sizes) typeNamed(s source, name string) *typeSize {
	key := s.dir + "." + name
	if m.types[key] == nil {
		m.types[key] = &typeSize{methods: map[string]bool{}}
	}
	return m.types[key]
}

// lines looks for lines that are too long.
func (m *sizes) lines(t *testing.T, s source) {
	b, err := os.ReadFile(filepath.Join(root, s.path))
	if err != nil {
		t.Fatal(err)
	}
	number := 0
	for line := range strings.Lines(string(b)) {
		number++
		line = strings.TrimSuffix(line, "\n")
		if columns := utf8.RuneCountInString(line) + 3*strings.Count(line, "\t"); columns > maxColumns {
			m.large[s.dir] = fmt.Sprintf("has lines over %d columns (a tab counts as 4), such as %s:%d, which has %d",
				maxColumns, s.path, number, columns)
		}
	}
}

// function counts the lines of a function, and a method for its type.
func (m *sizes) function(s source, f *ast.FuncDecl) {
	name := s.dir + "." + f.Name.Name
	if f.Recv != nil {
		receiver := receiverName(f.Recv.List[0].Type)
		m.typeNamed(s, receiver).methods[f.Name.Name] = true
		name = s.dir + "." + receiver + "." + f.Name.Name
	}
	if n := lineOf(s, f.End()) - lineOf(s, f.Pos()) + 1; n > maxFunction {
		m.large[name] = fmt.Sprintf("in %s has %d lines: want %d at most", s.path, n, maxFunction)
	}
}

// typesOf counts the fields of the types that d declares.
func (m *sizes) typesOf(s source, d *ast.GenDecl) {
	for _, spec := range d.Specs {
		declared, ok := spec.(*ast.TypeSpec)
		if !ok {
			continue
		}
		size := m.typeNamed(s, declared.Name.Name)
		for _, doc := range []*ast.CommentGroup{d.Doc, declared.Doc} {
			if doc != nil && strings.Contains("\n"+doc.Text(), "\n"+oneType) {
				size.reason = true
			}
		}
		if st, ok := declared.Type.(*ast.StructType); ok {
			for _, field := range st.Fields.List {
				size.fields += max(1, len(field.Names)) // an embedded field has no name
			}
		}
		if in, ok := declared.Type.(*ast.InterfaceType); ok {
			for _, method := range in.Methods.List {
				for _, name := range method.Names {
					size.methods[name.Name] = true
				}
			}
		}
	}
}

// judgeTypes finds the types with too many fields or methods, and reasons that none needs.
func (m *sizes) judgeTypes() {
	for name, size := range m.types {
		large := size.fields > maxFields || len(size.methods) > maxMethods
		switch {
		case large && !size.reason:
			m.large[name] = fmt.Sprintf("has %d fields and %d methods, want %d and %d at most: find the second type inside, "+
				"or say in a line of its comment that begins %q why it is one thing",
				size.fields, len(size.methods), maxFields, maxMethods, oneType)
		case !large && size.reason:
			m.large[name] = fmt.Sprintf("has %d fields and %d methods, which needs no reason: take away the line that begins %q",
				size.fields, len(size.methods), oneType)
		}
	}
}

// receiverName returns the name of the type of a receiver, without its pointer and its type parameters.
func receiverName(e ast.Expr) string {
	for {
		switch t := e.(type) {
		case *ast.StarExpr:
			e = t.X
		case *ast.IndexExpr:
			e = t.X
		case *ast.IndexListExpr:
			e = t.X
		case *ast.Ident:
			return t.Name
		default:
			return ""
		}
	}
}

// lineOf returns the line of a position in the file of s.
func lineOf(s source, p token.Pos) int { return s.files.Position(p).Line }
