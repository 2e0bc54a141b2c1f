package rig

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
)

// Front is an HTTP proxy in front of a server. A test can replace the server behind it by another server.
type Front struct {
	URL string // the URL at which users open Mayfly

	t      *testing.T
	target atomic.Pointer[url.URL]
}

// NewFront starts a proxy, which ends with the test. If wrap is not nil, it gets the proxy's handler and returns the handler
// to use in its place. If see is not nil, it is called with each answer of the server before the client gets the answer.
func NewFront(t *testing.T, wrap func(next http.Handler) http.Handler, see func(*http.Response) error) *Front {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	f := &Front{t: t, URL: "http://localhost:" + port}
	var proxy http.Handler = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(f.target.Load())
			r.Out.Host = r.In.Host
		},
		ModifyResponse: see,
	}
	if wrap != nil {
		proxy = wrap(proxy)
	}
	serveOn(t, listener, proxy)
	return f
}

// serveOn serves handler on listener until the end of the test.
func serveOn(t testing.TB, listener net.Listener, handler http.Handler) *httptest.Server {
	web := httptest.NewUnstartedServer(handler)
	web.Listener.Close()
	web.Listener = listener
	web.Start()
	t.Cleanup(web.Close)
	t.Cleanup(web.CloseClientConnections) // runs before Close, which waits for open connections
	return web
}

// Serve starts a server with args as additional flags. From now on the proxy forwards all requests to this server.
func (f *Front) Serve(args ...string) *Server {
	f.t.Helper()
	server := Serve(f.t, append([]string{"-public-url", f.URL}, args...)...)
	f.target.Store(&url.URL{Scheme: "http", Host: server.Addr()})
	return server
}
