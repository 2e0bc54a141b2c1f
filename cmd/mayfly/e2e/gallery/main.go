// Command gallery shows every part of Mayfly's page in every state, at http://localhost:8088:
//
//	go run ./cmd/mayfly/e2e/gallery
//
// It builds the client of app/gallery and serves it by go-app's own handler. It takes the style sheet from web/static, so
// that a reload shows changes of the style sheet.
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

// style shows the states one below the other, and lets the page scroll. On the real page, header and messages fill the
// window.
const style = `<style>
	html, body { height: auto; overflow: auto; }
	.goapp-app-info { display: none; }
	.gallery { padding: 1rem; display: grid; gap: 1.5rem; }
	.gallery-state { border: 1px solid; padding: .5rem; }
	.gallery-state > h2 { font-size: .8rem; margin: 0 0 .5rem; }
	.gallery-state > .main { height: 28rem; }
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
	const client = "mayfly/cmd/mayfly/e2e/gallery/client"
	build := exec.Command("go", "run", "mayfly/web/gen", "-quick", "-client", client, "-into", dir)
	build.Stdout, build.Stderr = os.Stdout, os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build the gallery's client: %w", err)
	}
	static, err := staticDir()
	if err != nil {
		return err
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
		Name:       "Mayfly's gallery",
		Icon:       goapp.Icon{Default: icon, Large: icon, SVG: icon},
		Styles:     []string{"/web/mayfly.css"},
		RawHeaders: []string{style},
	})
	fmt.Println("gallery: http://" + address)
	server := &http.Server{Addr: address, Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	return server.ListenAndServe()
}

// staticDir returns the folder web/static of this module.
func staticDir() (string, error) {
	out, err := exec.Command("go", "list", "-f", "{{.Dir}}", "mayfly/web").Output()
	if err != nil {
		return "", fmt.Errorf("find mayfly/web: %w", err)
	}
	return filepath.Join(string(out[:len(out)-1]), "static"), nil
}
