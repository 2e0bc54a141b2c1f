package network_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"mayfly/cmd/mayfly/e2e/rig"
)

// TestChatBehindALoginPage has a proxy that lets only requests with its cookie through, and sends all others to its login
// page: the page, its configuration, its manifest, WebSockets and polls must carry the cookie.
func TestChatBehindALoginPage(t *testing.T) {
	t.Parallel()
	for name, sockets := range map[string]bool{"by WebSocket": true, "by polls": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			_, port, err := net.SplitHostPort(listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			public := "http://localhost:" + port
			server := rig.Serve(t, "-public-url", public)
			proxy := httptest.NewUnstartedServer(behindLogin(t, server.Addr(), sockets))
			proxy.Listener.Close()
			proxy.Listener = listener
			proxy.Start()
			t.Cleanup(proxy.Close)

			tab := rig.OpenBrowser(t).Tab(public + "/login").Ready()
			tab.Say("behind the proxy")
			tab.Shows("behind the proxy")
			if _, body := rig.Get(t, public+"/config.json"); body != "What is the password?\n" { // the proxy does ask
				t.Errorf("without a cookie the proxy answers %s", body)
			}
			if href := rig.Eval[string](tab, `document.querySelector('link[rel=manifest]').crossOrigin`); href != "use-credentials" {
				t.Errorf("the manifest is asked for with credentials %q", href)
			}
		})
	}
}

// behindLogin forwards requests with the cookie of /login to the server at addr. It refuses WebSockets unless sockets is true.
func behindLogin(t *testing.T, addr string, sockets bool) http.Handler {
	t.Helper()
	target := &url.URL{Scheme: "http", Host: addr}
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host
	}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := r.Cookie("proxy")
		switch {
		case r.URL.Path == "/password":
			http.Error(w, "What is the password?", http.StatusOK)
		case r.URL.Path == "/login":
			http.SetCookie(w, &http.Cookie{Name: "proxy", Value: "in", Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
			http.Redirect(w, r, "/", http.StatusSeeOther)
		case err != nil:
			http.Redirect(w, r, "/password", http.StatusFound)
		case r.Header.Get("Upgrade") != "" && !sockets:
			http.Error(w, "Not here.", http.StatusForbidden)
		default:
			forward.ServeHTTP(w, r)
		}
	})
}
