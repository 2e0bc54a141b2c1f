// Command gallery shows every part of Mayfly's page in every state, at http://localhost:8088:
//
//	go run ./cmd/mayfly/e2e/gallery
//
// At http://localhost:8088/?ar it speaks Arabic, and likewise every other language of the page. It builds the client of
// app/gallery and serves it by go-app's own handler. It takes the style sheet from web/static, so that a reload shows
// changes of the style sheet.
package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/gallery"
)

const address = "localhost:8088"

// style shows the states one below the other, each as wide as the window, and lets the page scroll. On the real page, header
// and messages fill the window.
const style = `<style>
	html, body { height: auto; overflow: auto; }
	.goapp-app-info { display: none; }
	.gallery { padding-block: 1rem; display: grid; grid-template-columns: minmax(0, 1fr); gap: 1.5rem; }
	.gallery-state { border-block: 1px solid; padding-block: .5rem; }
	.gallery-state > h2 { font-size: .8rem; margin: 0 .5rem .5rem; }
	.gallery-state > .main { height: 28rem; }
	.gallery-state > .rooms-menu { display: block; position: static; block-size: auto; }
	.gallery-state > .dialog { display: block; position: static; block-size: auto; max-block-size: none; }
</style>`

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "gallery:", err)
		os.Exit(1)
	}
}

func run() error {
	dir, err := os.MkdirTemp("", "mayfly-gallery-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	handler, err := build(dir)
	if err != nil {
		return err
	}
	fmt.Println("gallery: http://" + address)
	server := &http.Server{Addr: address, Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	return server.ListenAndServe()
}

// build builds the client into dir, and returns the handler that serves the gallery.
func build(dir string) (http.Handler, error) {
	const client = "mayfly/cmd/mayfly/e2e/gallery/client"
	gen := exec.Command("go", "run", "mayfly/web/gen", "-quick", "-client", client, "-into", dir)
	gen.Stdout, gen.Stderr = os.Stdout, os.Stderr
	if err := gen.Run(); err != nil {
		return nil, fmt.Errorf("build the gallery's client: %w", err)
	}
	static, err := staticDir()
	if err != nil {
		return nil, err
	}
	gallery.Register()
	mux := http.NewServeMux()
	mux.HandleFunc("/web/app.wasm", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/wasm")
		w.Header().Set("Content-Encoding", "gzip")
		http.ServeFile(w, r, filepath.Join(dir, "app.wasm.gz"))
	})
	mux.HandleFunc("/wasm_exec.js", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join(dir, "wasm_exec.js"))
	})
	mux.Handle("/web/", http.StripPrefix("/web/", http.FileServer(http.Dir(static))))
	const icon = "/web/icons/icon-192.png"
	mux.Handle("/", &goapp.Handler{
		Title:      "Mayfly's gallery",
		Name:       "Mayfly's gallery",
		Icon:       goapp.Icon{Default: icon, Large: icon, SVG: icon},
		Styles:     []string{"/web/mayfly.css"},
		RawHeaders: []string{style},
	})
	return mux, nil
}

// staticDir returns the folder web/static of this module.
func staticDir() (string, error) {
	out, err := exec.Command("go", "list", "-f", "{{.Dir}}", "mayfly/web").Output()
	if err != nil {
		return "", fmt.Errorf("find mayfly/web: %w", err)
	}
	return filepath.Join(string(out[:len(out)-1]), "static"), nil
}
