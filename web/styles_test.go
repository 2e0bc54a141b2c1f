package web_test

import (
	"os"
	"regexp"
	"testing"
)

// nestedHas matches a :has within the parentheses of another :has, also if other parentheses stand between them.
var nestedHas = regexp.MustCompile(`:has\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*?(?:\([^()]*)?:has\(`)

// TestStylesHaveNoNestedHas: browsers drop a whole rule if its selector has a :has within another :has.
func TestStylesHaveNoNestedHas(t *testing.T) {
	for selector, nested := range map[string]bool{
		".a:has(> .b:not(:has(> .c)))": true, ".a:has(:has(.b))": true, ".a:has(.b (x) :not(.c) :has(.d))": true,
		".a:has(> .b):has(.c)": false, ".a:not(:has(.b)) .c:has(.d)": false, ".a:has(.b:not(.c)) :not(:has(.d))": false,
	} {
		if nestedHas.MatchString(selector) != nested {
			t.Errorf("%s counts as nested: %v", selector, !nested)
		}
	}
	styles, err := os.ReadFile("static/mayfly.css")
	if err != nil {
		t.Fatal(err)
	}
	if at := nestedHas.Find(styles); at != nil {
		t.Errorf("%q has a :has within another :has", at)
	}
}
