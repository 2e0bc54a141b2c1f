// Command gen builds the web client and compresses it, so that package web can embed it. go generate runs it:
//
//	go generate ./...            the smallest files, for a release and for the tests
//	go run ./web/gen -quick      compressed quickly, for make run
//
// It builds ./cmd/mayfly-web with the Go toolchain that runs gen, and takes wasm_exec.js from the same toolchain,
// because the two must match. It writes the results to web/static/build, which is never committed. Brotli at its best
// level takes most of a minute, so gen does not compress an unchanged client again. With -client and -into it builds
// another client, to compare Mayfly's client with it.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/andybalholm/brotli"
)

// build is the content of build.json, which says how the other files in its folder were made. write removes build.json first
// and writes it last. So if build.json exists, the other files are complete and belong together.
type build struct {
	Go     string `json:"go"`           // the version of the Go toolchain that made the wasm and contains wasm_exec.js
	SHA256 string `json:"wasm_sha256"`  // the hash of the wasm before compression
	Size   int    `json:"wasm_bytes"`   // the size of the wasm before compression
	Brotli int    `json:"brotli_level"` // 0 to 11
	Gzip   int    `json:"gzip_level"`   // 1 to 9
}

func main() {
	quick := flag.Bool("quick", false, "compress quickly: for trying things out, not for a release")
	client := flag.String("client", "mayfly/cmd/mayfly-web", "the package to build")
	into := flag.String("into", "", "the folder to write to (default web/static/build of this module)")
	flag.Parse()
	want := build{Brotli: brotli.BestCompression, Gzip: gzip.BestCompression}
	if *quick {
		want.Brotli, want.Gzip = 5, 6
	}
	if err := generate(*client, *into, want); err != nil {
		fmt.Fprintln(os.Stderr, "web/gen:", err)
		os.Exit(1)
	}
}

// generate makes the files in dir if they are not up to date. wanted holds the levels of compression.
func generate(client, dir string, wanted build) error {
	start := time.Now()
	env, err := goEnv("GOMOD", "GOROOT", "GOVERSION")
	if err != nil {
		return err
	}
	root := filepath.Dir(env[0])
	if dir == "" {
		dir = filepath.Join(root, "web", "static", "build")
	}
	glue, err := os.ReadFile(filepath.Join(env[1], "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		return fmt.Errorf("the Go toolchain lacks lib/wasm/wasm_exec.js, reinstall Go from https://go.dev/dl: %w", err)
	}
	wasm, err := compile(root, client)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(wasm)
	wanted.Go, wanted.SHA256, wanted.Size = env[2], hex.EncodeToString(sum[:]), len(wasm)

	if have, ok := current(dir, glue); ok && have.covers(wanted) {
		fmt.Printf("web/gen: the client is unchanged: %s\n", sizes(dir, have))
		return nil
	}
	if err := write(dir, wanted, wasm, glue); err != nil {
		return err
	}
	fmt.Printf("web/gen: built the client in %.1f s: %s\n", time.Since(start).Seconds(), sizes(dir, wanted))
	return nil
}

func goEnv(names ...string) ([]string, error) {
	out, err := exec.Command("go", append([]string{"env"}, names...)...).Output()
	if err != nil {
		return nil, fmt.Errorf("run go env: %w", err)
	}
	values := strings.Split(strings.TrimRight(string(out), "\r\n"), "\n")
	if len(values) != len(names) || filepath.Base(values[0]) != "go.mod" {
		return nil, errors.New("run it inside Mayfly's source: go env GOMOD names no go.mod")
	}
	return values, nil
}

// small lists the packages that are compiled without inlining. That makes the download about 5 % smaller, and costs little
// time. The functions of app and go-app call the browser, which takes far longer than a call of a function. Without
// inlining, decoding a message takes 2.2 µs instead of 1.7 µs (BenchmarkDecodePost, natively), and parsing its Markdown
// becomes slower to the same degree. But showing a message takes some milliseconds.
var small = []string{"mayfly/app/...", "mayfly/shared/...", goApp + "/...", "crypto/...", "encoding/...", "fmt", "reflect",
	"strings", "time", "net/...", "os"}

// compile builds a client and returns its wasm. With -trimpath, -buildvcs=false and -ldflags the wasm is the same on
// every machine.
func compile(root, client string) ([]byte, error) {
	tmp, err := os.MkdirTemp("", "mayfly-gen-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	modfile, err := leanGoApp(root)
	if err != nil {
		return nil, fmt.Errorf("leave the server out of go-app: %w", err)
	}
	out := filepath.Join(tmp, "app.wasm")
	args := []string{"build", "-modfile=" + modfile, "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", out}
	for _, packages := range small {
		args = append(args, "-gcflags="+packages+"=-l")
	}
	cmd := exec.Command("go", append(args, client)...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("build %s for the browser: %w", client, err)
	}
	return os.ReadFile(out)
}

// current returns the build in dir. ok says whether its files are complete and its wasm_exec.js has the content glue.
func current(dir string, glue []byte) (have build, ok bool) {
	b, err := os.ReadFile(filepath.Join(dir, "build.json"))
	if err != nil || json.Unmarshal(b, &have) != nil {
		return build{}, false
	}
	for _, name := range []string{"app.wasm.br", "app.wasm.gz"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return build{}, false
		}
	}
	b, err = os.ReadFile(filepath.Join(dir, "wasm_exec.js"))
	return have, err == nil && bytes.Equal(b, glue)
}

// covers reports whether the build b has the same client as wanted, compressed with the levels of wanted or higher ones.
func (b build) covers(wanted build) bool {
	return b.Go == wanted.Go && b.SHA256 == wanted.SHA256 && b.Brotli >= wanted.Brotli && b.Gzip >= wanted.Gzip
}

func write(dir string, b build, wasm, glue []byte) error {
	br, err := compress(wasm, func(w io.Writer) (io.WriteCloser, error) {
		return brotli.NewWriterOptions(w, brotli.WriterOptions{Quality: b.Brotli, LGWin: 24}), nil
	})
	if err != nil {
		return err
	}
	gz, err := compress(wasm, func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriterLevel(w, b.Gzip) })
	if err != nil {
		return err
	}
	about, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}

	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(dir, "build.json")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, f := range []struct {
		name string
		body []byte
	}{
		{"app.wasm.br", br},
		{"app.wasm.gz", gz},
		{"wasm_exec.js", glue},
		{"build.json", append(about, '\n')},
	} {
		if err := replace(filepath.Join(dir, f.name), f.body); err != nil {
			return err
		}
	}
	return nil
}

func compress(b []byte, to func(io.Writer) (io.WriteCloser, error)) ([]byte, error) {
	var out bytes.Buffer
	w, err := to(&out)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// replace writes a file atomically: a reader sees the old content or the new one. The temporary file's name begins with a
// dot, so that go:embed never embeds it.
func replace(name string, body []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".tmp-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails after the rename, when there is nothing to remove
	_, err = f.Write(body)
	if err := errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return os.Rename(f.Name(), name)
}

func sizes(dir string, b build) string {
	size := func(name string) float64 {
		fi, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			return 0
		}
		return float64(fi.Size()) / 1e6
	}
	return fmt.Sprintf("%s, wasm %.2f MB, brotli (level %d) %.2f MB, gzip (level %d) %.2f MB",
		b.Go, float64(b.Size)/1e6, b.Brotli, size("app.wasm.br"), b.Gzip, size("app.wasm.gz"))
}
