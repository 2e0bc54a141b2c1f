package rig

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"mayfly/server/devidp"
	"mayfly/server/stream/natstest"
)

// discard takes what a proxy logs about connections that break.
var discard = log.New(io.Discard, "", 0)

// Cluster is some servers that share three NATS servers, behind a proxy that sends each WebSocket and each other request to
// the next server.
type Cluster struct {
	URL   string // the URL at which users open Mayfly
	Addr  string // the address of the proxy, host:port
	Nodes []*Server
	NATS  *natstest.Cluster
	Ways  []natstest.Way // how each node reaches the NATS servers; nil: directly

	programs []string // what the nodes run; nil: the build that all tests use
	proxy    *httptest.Server
}

// Stop stops each node as Server.Stop does, one after the other, and then the proxy.
func (c *Cluster) Stop() {
	for _, n := range c.Nodes {
		n.Stop()
	}
	c.proxy.CloseClientConnections()
	c.proxy.Close()
}

// ServeCluster starts a cluster of two servers, with args as additional flags of them. It ends with the test.
func ServeCluster(t testing.TB, args ...string) *Cluster {
	t.Helper()
	return ServeClusterAt(t, FreeAddr(t), args...)
}

// server returns the Server that stands for the cluster.
func (c *Cluster) server(t testing.TB) *Server {
	return &Server{URL: c.Nodes[0].URL, t: t, addr: c.Addr, nodes: c.Nodes}
}

// devCluster starts a mayfly dev, and a Cluster in which people sign in at the provider of that mayfly dev. args are flags
// of both; the nodes of the cluster, which run mayfly serve, get only those that serve has.
func devCluster(t testing.TB, args ...string) *Server {
	t.Helper()
	addr := FreeAddr(t)
	public := []string{"-public-url", "http://localhost" + addr[strings.LastIndexByte(addr, ':'):]}
	dev := start(t, &Server{addr: FreeAddr(t),
		args: slices.Concat([]string{"dev", "-provider-listen", FreeAddr(t)}, public, args)})
	nodes := []string{"-issuer", dev.Provider, "-client-id", "mayfly-dev",
		"-moderators", devidp.GroupsClaim + "=" + devidp.Moderators}
	if !slices.Contains(args, "id") { // of -token id
		nodes = append(nodes, "-audience", "api://default")
	}
	for pair := range slices.Chunk(args, 2) {
		if pair[0] != "-access-ttl" && pair[0] != "-refresh-grace" {
			nodes = append(nodes, pair...)
		}
	}
	s := ServeClusterAt(t, addr, nodes...).server(t)
	s.Provider = dev.Provider
	return s
}

// ServeClusterAt does what ServeCluster does, with the proxy on addr.
func ServeClusterAt(t testing.TB, addr string, args ...string) *Cluster {
	t.Helper()
	c := &Cluster{Addr: addr, NATS: natstest.Start(t, 3, "")}
	return c.serve(t, 2, args...)
}

// ServeNodes does what ServeCluster does, with n servers.
func ServeNodes(t testing.TB, n int, args ...string) *Cluster {
	t.Helper()
	c := &Cluster{Addr: FreeAddr(t), NATS: natstest.Start(t, 3, "")}
	return c.serve(t, n, args...)
}

// ServeLinked does what ServeCluster does. The NATS servers reach each other, and the nodes reach them, only through
// proxies, so that a test can cut them off from each other.
func ServeLinked(t testing.TB, args ...string) *Cluster {
	t.Helper()
	c := &Cluster{Addr: FreeAddr(t), NATS: natstest.StartLinked(t, 3)}
	c.Ways = []natstest.Way{c.NATS.Way(), c.NATS.Way()}
	return c.serve(t, 2, args...)
}

// oldVariable is the environment variable with the path of another build of mayfly, for ServeOldAndNew.
const oldVariable = "MAYFLYTEST_OLD"

// ServeOldAndNew does what ServeCluster does, but the server Nodes[old] runs the build of mayfly that the environment
// variable MAYFLYTEST_OLD names. Without the variable, the test is skipped.
func ServeOldAndNew(t testing.TB, old int, args ...string) *Cluster {
	t.Helper()
	program := os.Getenv(oldVariable)
	if program == "" {
		t.Skipf("%s is not set: it is the path of an older build of mayfly, such as that of the last release", oldVariable)
	}
	programs := []string{binary, binary}
	programs[old] = program
	c := &Cluster{Addr: FreeAddr(t), NATS: natstest.Start(t, 3, ""), programs: programs}
	return c.serve(t, len(programs), args...)
}

// Upgrade stops the server as Stop does, and starts in its place the build of mayfly that the other tests use.
func (s *Server) Upgrade() {
	s.t.Helper()
	s.Stop()
	s.program = binary
	s.Start()
}

// serve starts n servers and the proxy in front of them.
func (c *Cluster) serve(t testing.TB, n int, args ...string) *Cluster {
	t.Helper()
	listener, err := net.Listen("tcp", c.Addr)
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(c.Addr)
	c.URL = "http://localhost:" + port
	var addrs []string
	for i := range n {
		urls := c.NATS.URLs()
		if c.Ways != nil {
			urls = c.Ways[i].URLs()
		}
		node := &Server{addr: FreeAddr(t), args: append([]string{"serve", "-nats", strings.Join(urls, ","),
			"-public-url", c.URL, "-trusted-proxies", "127.0.0.1"}, args...)}
		if c.programs != nil {
			node.program = c.programs[i]
		}
		start(t, node)
		c.Nodes = append(c.Nodes, node)
		addrs = append(addrs, node.Addr())
	}
	c.proxy = spread(t, listener, addrs)
	return c
}

// spread starts a proxy that sends each request to the next of addrs. If nobody listens there, the proxy tries the others.
func spread(t testing.TB, listener net.Listener, addrs []string) *httptest.Server {
	var next atomic.Uint64
	transport := &http.Transport{DisableKeepAlives: true, // so that each request dials
		DialContext: func(ctx context.Context, network, _ string) (conn net.Conn, err error) {
			first := next.Add(1)
			for i := range addrs {
				addr := addrs[(first+uint64(i))%uint64(len(addrs))]
				if conn, err = new(net.Dialer).DialContext(ctx, network, addr); err == nil {
					return conn, nil
				}
			}
			return nil, err
		}}
	return serveOn(t, listener, &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: addrs[0]})
		r.Out.Host = r.In.Host
		r.SetXForwarded()
	}, ErrorLog: discard})
}
