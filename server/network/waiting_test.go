package network_test

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mayfly/server/network"
	"mayfly/server/servertest"
)

// crowd is a listener whose connections the test makes, and a Waiting for them.
type crowd struct {
	t       *testing.T
	waiting *network.Waiting
	metrics *prometheus.Registry
	outer   net.Listener
	conns   chan net.Conn
	closed  chan struct{}
	closing sync.Once

	accepted chan net.Conn // what the outer listener has accepted
	failed   chan error    // capacity 1; why it accepts no more
}

// newCrowd returns a crowd where one address may have two slots.
func newCrowd(t *testing.T) *crowd {
	c := &crowd{t: t, metrics: prometheus.NewRegistry(), conns: make(chan net.Conn), closed: make(chan struct{}),
		accepted: make(chan net.Conn), failed: make(chan error, 1)}
	proxy := netip.MustParseAddr("10.0.0.1")
	c.waiting = network.NewWaiting(2, func(a netip.Addr) bool { return a == proxy }, c.metrics)
	c.outer = c.waiting.Listener(c)
	go func() {
		for {
			conn, err := c.outer.Accept()
			if err != nil {
				c.failed <- err
				return
			}
			c.accepted <- conn
		}
	}()
	return c
}

func (c *crowd) Accept() (net.Conn, error) {
	select {
	case conn := <-c.conns:
		return conn, nil
	case <-c.closed:
		return nil, net.ErrClosed
	}
}

func (c *crowd) Close() error   { c.closing.Do(func() { close(c.closed) }); return nil }
func (c *crowd) Addr() net.Addr { return &net.TCPAddr{} }

// visitor is a connection that notes when it is cut.
type visitor struct {
	net.Conn
	from netip.AddrPort
	cut  chan struct{}
}

func (v *visitor) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(v.from) }
func (v *visitor) Abort()               { close(v.cut) }
func (v *visitor) isCut() bool {
	select {
	case <-v.cut:
		return true
	default:
		return false
	}
}

// come makes a connection from addr, and says whether Accept returns it.
func (c *crowd) come(addr string) (v *visitor, admitted bool) {
	c.t.Helper()
	v = &visitor{from: netip.AddrPortFrom(netip.MustParseAddr(addr), 1), cut: make(chan struct{})}
	c.conns <- v
	select {
	case conn := <-c.accepted:
		if conn != net.Conn(v) {
			c.t.Error("Accept returns another connection")
		}
		return v, true
	case <-v.cut:
		return v, false
	}
}

func (c *crowd) count(reason string) float64 {
	return servertest.Metric(c.t, c.metrics, "mayfly_network_cut_total", reason)
}

// inBubble runs test on virtual time.
func inBubble(t *testing.T, test func(c *crowd)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t)
		defer func() {
			if err := c.outer.Close(); err != nil {
				t.Error(err)
			}
		}()
		test(c)
	})
}

func TestOneAddressHasTwiceItsSlots(t *testing.T) {
	inBubble(t, func(c *crowd) {
		all := []string{"2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::4"} // one /64 network
		var visitors []*visitor
		for _, addr := range all {
			v, ok := c.come(addr)
			if !ok {
				t.Fatalf("%s is refused", addr)
			}
			visitors = append(visitors, v)
		}
		if _, ok := c.come("2001:db8::5"); ok || c.count("address") != 1 {
			t.Error("the fifth connection of a network is let in")
		}
		for _, addr := range []string{"2001:db8:0:1::1", "192.0.2.1"} {
			if _, ok := c.come(addr); !ok {
				t.Errorf("another address, %s, is refused", addr)
			}
		}
		c.waiting.State(visitors[0], http.StateActive) // a request is under way: it is not cut
		time.Sleep(3 * time.Second)
		if _, ok := c.come("2001:db8::6"); !ok || visitors[0].isCut() || !visitors[1].isCut() || c.count("slow") != 1 {
			t.Error("a slow connection keeps its place")
		}
		c.waiting.State(visitors[0], http.StateHijacked) // a WebSocket has a slot in place of this
		if _, ok := c.come("2001:db8::7"); !ok {
			t.Error("WebSockets count")
		}
		c.waiting.State(visitors[2], http.StateClosed)
		if _, ok := c.come("2001:db8::8"); !ok || visitors[3].isCut() {
			t.Error("a connection that is closed counts")
		}
		c.waiting.State(visitors[1], http.StateClosed) // the one that was cut: nothing happens
	})
}

func TestProxiesHaveNoLimitOfAnAddress(t *testing.T) {
	inBubble(t, func(c *crowd) {
		for range 20 {
			if _, ok := c.come("10.0.0.1"); !ok {
				t.Fatal("a proxy is refused")
			}
		}
	})
}

// TestAllTogetherWaitInALimitedNumber fills the places of those that wait, from many addresses.
func TestAllTogetherWaitInALimitedNumber(t *testing.T) {
	inBubble(t, func(c *crowd) {
		addr := netip.MustParseAddr("192.0.2.1")
		next := func() (*visitor, bool) {
			addr = addr.Next()
			return c.come(addr.String())
		}
		var first []*visitor
		for range network.MaxWaiting {
			v, ok := next()
			if !ok {
				t.Fatal("a connection is refused below the limit")
			}
			first = append(first, v)
		}
		began := time.Now()
		if _, ok := next(); !ok || !first[0].isCut() || first[1].isCut() || time.Since(began) != network.SlowAfter {
			t.Errorf("the next one came in: %t, after %s, want it in place of the first one when that is slow", ok,
				time.Since(began))
		}
		c.waiting.State(first[1], http.StateActive)
		c.waiting.State(first[1], http.StateIdle) // waits again, and longest of all no more
		if v, ok := next(); !ok || !first[2].isCut() || first[1].isCut() || v.isCut() {
			t.Error("not the one that has waited longest is cut")
		}
		if n := servertest.Metric(t, c.metrics, "mayfly_network_waiting", ""); n != network.MaxWaiting {
			t.Errorf("%v connections wait, want %d", n, network.MaxWaiting)
		}
	})
}

// TestCloseEndsAWaitForAPlace closes a listener while Accept waits.
func TestCloseEndsAWaitForAPlace(t *testing.T) {
	inBubble(t, func(c *crowd) {
		addr := netip.MustParseAddr("192.0.2.1")
		for range network.MaxWaiting {
			addr = addr.Next()
			c.come(addr.String())
		}
		c.conns <- &visitor{Conn: closer{}, from: netip.MustParseAddrPort("198.51.100.1:1"), cut: make(chan struct{})}
		synctest.Wait()
		if err := c.outer.Close(); err != nil {
			t.Error(err)
		}
		if err := <-c.failed; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept = %v, want %v", err, net.ErrClosed)
		}
	})
}

type closer struct{ net.Conn }

func (closer) Close() error { return nil }
