package natstest

import (
	"fmt"
	"net"
	"strconv"
	"testing"

	"mayfly/server/tcptest"
)

// link is the proxy through which one server of a cluster connects to another one.
type link struct {
	from, to int // indexes of Cluster.Servers
	proxy    *tcptest.Proxy
}

// StartLinked does what Start does, but the servers connect to each other only through proxies, so that Isolate can cut
// them off from each other.
func StartLinked(t testing.TB, n int) *Cluster {
	t.Helper()
	var links []link
	// Servers tell each other and the nodes no further addresses: these would lead around the proxies. Nobody listens on
	// port 1.
	const apart = `no_advertise: true, advertise: "127.0.0.1:1", `
	started := 0
	c := StartWith(t, n, func(p Place) string {
		routes := p.Routes
		p.Routes = nil
		for to, port := range routes {
			if to == started {
				continue
			}
			proxy := tcptest.NewProxy(t, "", fmt.Sprintf("127.0.0.1:%d", port))
			links = append(links, link{started, to, proxy})
			p.Routes = append(p.Routes, portOf(proxy.Addr))
		}
		started++
		return p.config(n, apart)
	})
	c.links = links
	return c
}

func portOf(addr string) int {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		panic(err) // never: it is the address of a listener
	}
	n, _ := strconv.Atoi(port)
	return n
}

// Isolate cuts s off from all other servers, until Rejoin. Nodes still reach s. The servers must come from StartLinked.
func (c *Cluster) Isolate(s *Server, how tcptest.Fault) {
	for _, p := range c.linksOf(s) {
		p.Break(how)
	}
}

// Rejoin ends what Isolate has begun.
func (c *Cluster) Rejoin(s *Server) {
	for _, p := range c.linksOf(s) {
		p.Repair()
	}
}

func (c *Cluster) linksOf(s *Server) (all []*tcptest.Proxy) {
	for _, l := range c.links {
		if c.Servers[l.from] == s || c.Servers[l.to] == s {
			all = append(all, l.proxy)
		}
	}
	if len(all) == 0 {
		c.t.Fatalf("%s has no links: want a cluster from StartLinked", s.Name)
	}
	return all
}

// Way is how one node reaches the servers of a cluster: by a proxy in front of each server.
type Way []*tcptest.Proxy

// Way returns a new way to the servers, which must come from StartLinked. The way ends with the test.
func (c *Cluster) Way() (w Way) {
	for _, s := range c.Servers {
		w = append(w, tcptest.NewProxy(c.t, "", s.addr))
	}
	return w
}

// URLs returns the addresses of the servers on this way.
func (w Way) URLs() (urls []string) {
	for _, p := range w {
		urls = append(urls, "nats://"+p.Addr)
	}
	return urls
}

// Break cuts the node off from all servers, until Repair.
func (w Way) Break(how tcptest.Fault) {
	for _, p := range w {
		p.Break(how)
	}
}

// Repair ends what Break has begun.
func (w Way) Repair() {
	for _, p := range w {
		p.Repair()
	}
}
