package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/andybalholm/brotli"
)

func TestWhatIsWrittenIsCurrent(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "build")
	wasm, glue := bytes.Repeat([]byte("\x00asm"), 1000), []byte("// glue")
	b := build{Go: "go1", SHA256: "ab", Size: len(wasm), Brotli: 5, Gzip: 6}
	if _, ok := current(dir, glue); ok {
		t.Error("an empty folder is current")
	}
	for range 2 { // the second time, the files exist
		if err := write(dir, b, wasm, glue); err != nil {
			t.Fatal(err)
		}
	}
	if have, ok := current(dir, glue); !ok || have != b {
		t.Errorf("current = %+v, %v, want %+v", have, ok, b)
	}
	if _, ok := current(dir, []byte("// of another Go")); ok {
		t.Error("a build with another wasm_exec.js is current")
	}

	unpack := map[string]func(io.Reader) (io.Reader, error){
		"app.wasm.br": func(r io.Reader) (io.Reader, error) { return brotli.NewReader(r), nil },
		"app.wasm.gz": func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
	}
	for name, open := range unpack {
		packed, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		r, err := open(bytes.NewReader(packed))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, wasm) {
			t.Errorf("%s unpacks to %d bytes, %v", name, len(got), err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("leftovers: %v", left)
	}

	if err := os.Remove(filepath.Join(dir, "app.wasm.gz")); err != nil {
		t.Fatal(err)
	}
	if _, ok := current(dir, glue); ok {
		t.Error("a build that lacks a file is current")
	}
}

func TestCovers(t *testing.T) {
	have := build{Go: "go1", SHA256: "ab", Brotli: 11, Gzip: 9}
	for _, test := range []struct {
		name string
		want build
		ok   bool
	}{
		{"same", have, true},
		{"quicker", build{Go: "go1", SHA256: "ab", Brotli: 5, Gzip: 6}, true},
		{"better brotli", build{Go: "go1", SHA256: "ab", Brotli: 12, Gzip: 9}, false},
		{"another client", build{Go: "go1", SHA256: "cd", Brotli: 11, Gzip: 9}, false},
		{"another toolchain", build{Go: "go2", SHA256: "ab", Brotli: 11, Gzip: 9}, false},
	} {
		if got := have.covers(test.want); got != test.ok {
			t.Errorf("%s: covers = %v, want %v", test.name, got, test.ok)
		}
	}
}

func TestGoAppIsEditedWhole(t *testing.T) {
	const before = "package app\n"
	for _, tt := range []struct {
		name, content string
		want          string // "": apply fails
	}{
		{"once", before + "var a\n", "package lean\nvar a\n"},
		{"never", "package other\n", ""},
		{"twice", before + before, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			name := filepath.Join(dir, "a.go")
			if err := os.WriteFile(name, []byte(tt.content), 0o444); err != nil { // read-only, as in the module cache
				t.Fatal(err)
			}
			err := edit{"a.go", before, "package lean\n"}.apply(dir)
			got, _ := os.ReadFile(name)
			if tt.want == "" && (err == nil || string(got) != tt.content) {
				t.Errorf("apply = %v, the file is %q, want an error and the file as it was", err, got)
			}
			if tt.want != "" && (err != nil || string(got) != tt.want) {
				t.Errorf("apply = %v, the file is %q, want %q", err, got, tt.want)
			}
		})
	}
}
