package web_test

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mayfly/web"
)

// brandFolder returns a folder of -brand with all icons, and with changes: by name, the content of a file, "" for none.
func brandFolder(t *testing.T, changes map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	files := map[string]string{"favicon.ico": "\x00\x00\x01\x00new",
		"icon.svg": `<svg xmlns="http://www.w3.org/2000/svg"><circle r="5"/></svg>`}
	for name, size := range map[string]int{"icon-192.png": 192, "icon-512.png": 512, "maskable-512.png": 512,
		"monochrome-512.png": 512} {
		var out bytes.Buffer
		if err := png.Encode(&out, image.NewGray(image.Rect(0, 0, size, size))); err != nil {
			t.Fatal(err)
		}
		files[name] = out.String()
	}
	for name, content := range changes {
		files[name] = content
	}
	for name, content := range files {
		if content == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// branded returns a handler with a name, a welcome, icons and colours of its own.
func branded(t *testing.T) *web.Handler {
	t.Helper()
	brand, err := web.ReadBrand("Acme Chat", `Ask "Ann" </script> first.`,
		brandFolder(t, map[string]string{"colours.css": "/* ours */\n:root {\n  --paper: light-dark(#ffffff, #000000);\n" +
			"  --accent: light-dark(#004080, #80c0ff);\n}\n"}))
	if err != nil {
		t.Fatal(err)
	}
	c := config
	c.Brand = brand
	return newFrom(t, c, fakeFiles(t))
}

// TestBrandIsInThePage: the operator's name and look are in the page, the manifests, the worker, the styles and the icons,
// and a chat without them has none of them.
func TestBrandIsInThePage(t *testing.T) {
	h, plain := branded(t), fake(t)
	page := get(t, h, "/").Body.String()
	for _, want := range []string{"<title>Acme Chat</title>", `content="#ffffff" media="(prefers-color-scheme: light)"`,
		`Object.assign(root.dataset, {"name":"Acme Chat","welcome":"Ask \"Ann\" \u003c/script\u003e first."});`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	if strings.Contains(page, "Mayfly") {
		at := strings.Index(page, "Mayfly")
		t.Errorf("the page says Mayfly: %q", page[max(0, at-80):at+40])
	}
	if strings.Contains(get(t, plain, "/").Body.String(), `"name"`) {
		t.Error("a page without a name of its own tells the client one")
	}
	for _, path := range []string{"/manifest.webmanifest", "/manifest.de.webmanifest"} {
		var m map[string]any
		if err := json.Unmarshal(get(t, h, path).Body.Bytes(), &m); err != nil || m["name"] != "Acme Chat" ||
			m["short_name"] != "Acme Chat" ||
			m["theme_color"] != "#000000" || strings.Contains(m["description"].(string), "Mayfly") {
			t.Errorf("%s = %v, %v", path, m, err)
		}
	}
	if worker := get(t, h, "/app-worker.js").Body.String(); !strings.Contains(worker, `const named = " – Acme Chat";`) {
		t.Error("notifications don't have the name")
	}
	if worker := get(t, plain, "/app-worker.js").Body.String(); !strings.Contains(worker, `const named = "";`) {
		t.Error("notifications have a name without one")
	}
	css := get(t, h, "/web/mayfly.css").Body.String()
	if !strings.HasSuffix(css,
		"\n:root {\n  --accent: light-dark(#004080, #80c0ff);\n  --paper: light-dark(#ffffff, #000000);\n}\n") {
		t.Errorf("the styles end with %q", css[max(0, len(css)-200):])
	}
	for path, want := range map[string]string{"/favicon.ico": "new", "/web/icons/icon.svg": "<circle"} {
		if got := get(t, h, path).Body.String(); !strings.Contains(got, want) {
			t.Errorf("%s = %q, want %q in it", path, got, want)
		}
	}
	if h.Version() == plain.Version() {
		t.Error("a chat with its own look has the version of one without")
	}
}

// TestBrandProblems checks that each problem says what to do.
func TestBrandProblems(t *testing.T) {
	svg := func(inside string) string { return `<svg xmlns="http://www.w3.org/2000/svg">` + inside + `</svg>` }
	for name, tt := range map[string]struct {
		name, welcome string
		files         map[string]string
		says          string // "": it is right
	}{
		"right":              {"Größe 2.0!", "Hello.", nil, ""},
		"colours alone":      {"", "", map[string]string{"colours.css": "--ink: light-dark(#000000, #ffffff);"}, ""},
		"markup in the name": {"<b>", "", nil, `-name is "<b>": want up to 32 letters`},
		"a quotation mark":   {`A"`, "", nil, "-name is"},
		"a space at the end": {"Acme ", "", nil, "-name is"},
		"a long name":        {strings.Repeat("a", 33), "", nil, "-name is"},
		"a long welcome": {"", strings.Repeat("a", 201), nil,
			"-welcome has 201 characters: want a sentence of up to 200"},
		"lines in the welcome": {"", "a\nb", nil, "in one line"},
		"a strange file": {"", "", map[string]string{"brand.js": "x"},
			"-brand has brand.js: want only icons (favicon.ico, icon-192.png"},
		"an icon is missing": {"", "", map[string]string{"icon-512.png": ""}, "-brand has 5 icons: want all of"},
		"a picture of text": {"", "", map[string]string{"icon-192.png": "x"},
			"-brand has icon-192.png: want a PNG of 192 × 192 pixels"},
		"no ICO": {"", "", map[string]string{"favicon.ico": "x"}, "want an icon in the format ICO"},
		"a large file": {"", "", map[string]string{"icon.svg": strings.Repeat(" ", 600<<10)},
			"want 512 KiB at most"},
		"a script in the SVG": {"", "", map[string]string{"icon.svg": svg("<script>alert(1)</script>")},
			"it has the element script"},
		"a handler in the SVG": {"", "", map[string]string{"icon.svg": svg(`<g onload="x()"/>`)},
			`it has the attribute onload="x()"`},
		"a picture from outside": {"", "", map[string]string{"icon.svg": svg(`<use href="https://evil.example/x.svg#a"/>`)},
			"want nothing that runs or loads anything"},
		"a colour from outside": {"", "", map[string]string{"icon.svg": svg(`<path fill="url(https://evil.example)"/>`)},
			"want nothing that runs or loads anything"},
		"HTML in the SVG": {"", "", map[string]string{"icon.svg": svg(`<foreignObject/>`)},
			"it has the element foreignObject"},
		"an entity": {"", "", map[string]string{"icon.svg": `<!DOCTYPE svg [<!ENTITY a "b">]>` + svg("")},
			"DOCTYPE or an entity"},
		"no SVG": {"", "", map[string]string{"icon.svg": "x"}, "want an SVG"},
		"an import": {"", "", map[string]string{"colours.css": `@import "https://evil.example";`},
			"colours.css:1: want a line such as --accent"},
		"another property": {"", "", map[string]string{"colours.css": "--glow: light-dark(#000000, #ffffff);"},
			"has --glow, which the design does not have: want some of --accent"},
		"grey on grey": {"", "", map[string]string{"colours.css": "--ink: light-dark(#888888, #ffffff);"},
			"-brand: --ink on --paper has a contrast of 3.22 in the light theme: want 4.5 or more"},
		"an edge that is pale": {"", "", map[string]string{"colours.css": "--edge: light-dark(#707d83, #223344);"},
			"--edge on --paper has a contrast of 1.20 in the dark theme: want 3.0 or more"},
		"a ground for faces": {"", "", map[string]string{"colours.css": "--own: light-dark(#808080, #1c4c55);"},
			"--tint-0 on --own has"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := web.ReadBrand(tt.name, tt.welcome, brandFolder(t, tt.files))
			if (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("ReadBrand = %v, want %q", err, tt.says)
			}
		})
	}
	if _, err := web.ReadBrand("", "", "/nowhere"); err == nil ||
		!strings.Contains(err.Error(), "want a folder that this user may read") {
		t.Errorf("ReadBrand of no folder = %v", err)
	}
}

// TestDesignHasTheContrasts checks Mayfly's own colours as a brand's are checked.
func TestDesignHasTheContrasts(t *testing.T) {
	static, err := web.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	css, err := fs.ReadFile(static, "mayfly.css")
	if err != nil {
		t.Fatal(err)
	}
	if n, errs := web.CheckColours(string(css)); n < 28 || len(errs) > 0 {
		t.Errorf("of %d colours: %v", n, errs)
	}
}

// FuzzSVG checks that an SVG that is accepted has nothing in it that runs.
func FuzzSVG(f *testing.F) {
	f.Add(`<svg><script/></svg>`)
	f.Add(`<svg><path d="M0 0" onclick="x"/></svg>`)
	f.Fuzz(func(t *testing.T, content string) {
		if web.CheckSVG([]byte(content)) == nil && strings.Contains(strings.ToLower(content), "<script") &&
			!strings.Contains(content, "<!--") {
			t.Errorf("%q is accepted", content)
		}
	})
}
