// Package tcptest gives tests free ports, and a proxy that forwards TCP connections and breaks them.
package tcptest

import (
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"
)

// timeout ends a test that hangs. It is so long that a test on a busy machine does not reach it.
const timeout = 3 * time.Minute

// Proxy forwards TCP connections, and breaks them when the test asks for it.
type Proxy struct {
	Addr string // the address on which it listens, host:port

	target   string
	listener net.Listener
	running  sync.WaitGroup

	mu     sync.Mutex // guards the fields below, except line
	pairs  map[*pair]struct{}
	refuse bool
	lag    time.Duration
	pass   chan struct{} // closed while the proxy forwards bytes; open while it loses them
	bits   int           // the speed of all connections together, in bits per second; 0: no limit
	opened int           // how many connections clients have opened so far

	line sync.Mutex // held for as long as the slow line needs for some bytes, because all connections share the line
}

// pair is one connection through the proxy.
type pair struct{ client, server *net.TCPConn }

// NewProxy starts a proxy that listens on addr and forwards to target. If addr is "", the proxy takes a free port. It ends
// with the test.
func NewProxy(t testing.TB, addr, target string) *Proxy {
	t.Helper()
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{
		Addr: listener.Addr().String(), target: target, listener: listener, pairs: map[*pair]struct{}{},
		pass: make(chan struct{}),
	}
	close(p.pass)
	p.running.Go(p.accept)
	t.Cleanup(func() {
		listener.Close()
		p.Swallow(false)
		p.Cut()
		p.running.Wait()
	})
	return p
}

func (p *Proxy) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		client := conn.(*net.TCPConn)
		p.mu.Lock()
		refuse := p.refuse
		p.opened++
		p.mu.Unlock()
		if refuse {
			Reset(client)
			continue
		}
		p.running.Go(func() { p.serve(client) })
	}
}

func (p *Proxy) serve(client *net.TCPConn) {
	conn, err := net.Dial("tcp", p.target)
	if err != nil {
		Reset(client)
		return
	}
	pr := &pair{client, conn.(*net.TCPConn)}
	p.mu.Lock()
	p.pairs[pr] = struct{}{}
	p.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { p.copy(pr.client, pr.server) })
	both.Go(func() { p.copy(pr.server, pr.client) })
	both.Wait()
	p.mu.Lock()
	delete(p.pairs, pr)
	p.mu.Unlock()
}

// copy copies bytes until one of the two connections ends, and then closes both.
func (p *Proxy) copy(to, from *net.TCPConn) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			p.delay(n)
			select {
			case <-p.passing():
				if _, err := to.Write(buf[:n]); err != nil {
					return
				}
			default: // the proxy swallows the bytes
			}
		}
		if err != nil {
			if err != io.EOF {
				Reset(to)
			}
			return
		}
	}
}

func (p *Proxy) passing() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pass
}

// delay blocks as long as n bytes need on a line with the speed and the delay that Slow and Lag have set.
func (p *Proxy) delay(n int) {
	p.mu.Lock()
	bits, lag := p.bits, p.lag
	p.mu.Unlock()
	time.Sleep(lag)
	if bits > 0 {
		p.line.Lock()
		defer p.line.Unlock()
		time.Sleep(time.Duration(n) * 8 * time.Second / time.Duration(bits))
	}
}

// Slow limits the speed of all connections together to that many bits per second.
func (p *Proxy) Slow(bits int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bits = bits
}

// Lag makes the proxy hold back all bytes for the time delay, in both directions. The bytes stay in order.
func (p *Proxy) Lag(delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lag = delay
}

// Opened returns how many connections clients have opened so far.
func (p *Proxy) Opened() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.opened
}

// UntilOpened waits until clients have opened n connections.
func (p *Proxy) UntilOpened(t testing.TB, n int) {
	t.Helper()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for late := time.After(timeout); p.Opened() < n; {
		select {
		case <-again.C:
		case <-late:
			t.Fatalf("%d connections were opened, want %d", p.Opened(), n)
		}
	}
}

// Cut resets every connection (TCP RST). The proxy still accepts new connections.
func (p *Proxy) Cut() { p.CutSome(1) }

// CutSome resets connections that it chooses at random. share, from 0 to 1, is the probability for each connection.
func (p *Proxy) CutSome(share float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for pr := range p.pairs {
		if rand.Float64() < share {
			Reset(pr.client)
			Reset(pr.server)
		}
	}
}

// Refuse(true) makes the proxy reset new connections at once. Refuse(false) makes it accept them again.
func (p *Proxy) Refuse(refuse bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = refuse
}

// Swallow(true) makes the proxy lose all bytes in both directions, without an error for the client or the server.
// Swallow(false) ends this. Lost bytes do not come back, so a connection that lost bytes never works again.
func (p *Proxy) Swallow(swallow bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if swallow {
		p.pass = make(chan struct{})
		return
	}
	select {
	case <-p.pass:
	default:
		close(p.pass)
	}
}

// Fault is a way in which a network breaks.
type Fault int

const (
	Cuts     Fault = iota // connections are reset, and new ones refused
	Swallows              // all bytes get lost, without an error
)

// Break breaks the proxy until Repair.
func (p *Proxy) Break(how Fault) {
	if how == Swallows {
		p.Swallow(true)
		return
	}
	p.Refuse(true)
	p.Cut()
}

// Repair ends what Break has begun. Connections that are open end, because they may have lost bytes. New ones work.
func (p *Proxy) Repair() {
	p.Swallow(false)
	p.Refuse(false)
	p.Cut()
}

// Open returns how many connections go through the proxy now.
func (p *Proxy) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.pairs)
}

// Reset ends a connection with an error for the other side (TCP RST).
func Reset(c *net.TCPConn) {
	_ = c.SetLinger(0)
	_ = c.Close()
}
