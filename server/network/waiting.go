package network

import (
	"container/list"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// maxWaiting is how many connections may wait for a request at the same time: they shake hands by TLS, send the
	// headers of their first request, or are idle between two requests. If many clients connect at once after a
	// restart, Accept takes no more than these, and the others wait in the kernel.
	maxWaiting = 1000
	// slowAfter is how long a connection may wait for a request while others need its place.
	slowAfter = 2 * time.Second
	// perSlot is how many connections that are no WebSocket one address may have for each WebSocket or poll that it may
	// have: one for the poll, and one for the page.
	perSlot = 2
)

// Waiting limits the connections that are no WebSockets, so that connections without a request do not use up memory and
// file descriptors. One address may have mostPer of them, where a /64 network counts as one address. Of all of them,
// maxWaiting may wait for a request. At a limit a new connection takes the place of the one that has waited longest, if
// that has waited for slowAfter. Otherwise a connection beyond mostPer is refused, and beyond maxWaiting Accept waits.
type Waiting struct {
	mostPer int                   // static; the most connections of one address
	exempt  func(netip.Addr) bool // static; returns true for proxies: mostPer does not count for their addresses
	left    chan struct{}         // capacity 1; a value says that a connection waits no more
	cut     *prometheus.CounterVec

	mu    sync.Mutex // guards what follows
	conns map[net.Conn]*waiter
	by    map[netip.Addr]*byAddress
	queue list.List // the connections that wait, as *waiter; those that have waited longest first
}

// waiter is a connection that is no WebSocket.
type waiter struct {
	conn    net.Conn
	from    *byAddress // nil: mostPer does not count
	since   time.Time  // since when it waits
	inQueue *list.Element
	inFrom  *list.Element
}

// byAddress are the connections of one address.
type byAddress struct {
	addr  netip.Addr
	count int
	queue list.List // those that wait, as *waiter; those that have waited longest first
}

// NewWaiting returns a Waiting. The number slots says how many WebSockets and polls together one address may have on this
// server. NewWaiting registers its metrics with reg.
func NewWaiting(slots int, exempt func(netip.Addr) bool, reg prometheus.Registerer) *Waiting {
	w := &Waiting{mostPer: perSlot * slots, exempt: exempt, left: make(chan struct{}, 1),
		conns: map[net.Conn]*waiter{}, by: map[netip.Addr]*byAddress{},
		cut: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "mayfly_network_cut_total",
			Help: "Connections cut because others needed their place (slow), or their address had too many (address)."},
			[]string{"reason"})}
	for _, reason := range []string{"slow", "address"} {
		w.cut.WithLabelValues(reason)
	}
	reg.MustRegister(w.cut, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "mayfly_network_waiting",
		Help: "Network connections that wait for a request."}, func() float64 { return float64(w.waiting()) }))
	return w
}

func (w *Waiting) waiting() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.queue.Len()
}

// Listener returns a listener that accepts the connections of inner within the limits. The HTTP server that accepts them
// must call State.
func (w *Waiting) Listener(inner net.Listener) net.Listener {
	return &limited{Listener: inner, w: w, closed: make(chan struct{})}
}

type limited struct {
	net.Listener
	w       *Waiting
	closed  chan struct{}
	closing sync.Once
}

// Accept implements net.Listener.
func (l *limited) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		for {
			admitted, wait := l.w.admit(conn, time.Now())
			if admitted {
				return conn, nil
			}
			if wait == 0 {
				break
			}
			timer := time.NewTimer(wait)
			select {
			case <-l.w.left:
			case <-timer.C:
			case <-l.closed:
				timer.Stop()
				return nil, joinClose(conn)
			}
			timer.Stop()
		}
	}
}

func joinClose(conn net.Conn) error {
	conn.Close()
	return net.ErrClosed
}

// Close implements net.Listener.
func (l *limited) Close() error {
	l.closing.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// admit adds conn to the connections that wait, and returns true, if the limits allow it. If the address of conn has
// too many connections, admit closes conn, and returns false and 0. If too many connections wait, it returns false and
// the longest time until the next try.
func (w *Waiting) admit(conn net.Conn, now time.Time) (admitted bool, wait time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	from := w.fromLocked(conn)
	if from != nil && from.count >= w.mostPer && w.cutSlowLocked(&from.queue, now) > 0 {
		w.cut.WithLabelValues("address").Inc()
		abort(conn)
		return false, 0
	}
	if w.queue.Len() >= maxWaiting {
		if wait := w.cutSlowLocked(&w.queue, now); wait > 0 {
			return false, wait
		}
	}
	if from != nil {
		from.count++
		w.by[from.addr] = from
	}
	c := &waiter{conn: conn, from: from}
	w.conns[conn] = c
	w.beginLocked(c, now)
	return true, 0
}

// fromLocked returns the connections of the client's address; nil if the limit of one address does not count for it.
func (w *Waiting) fromLocked(conn net.Conn) *byAddress {
	addr, ok := addressOf(conn)
	if !ok || w.exempt(addr) {
		return nil
	}
	if addr.Is6() {
		addr = netip.PrefixFrom(addr, 64).Masked().Addr()
	}
	if from := w.by[addr]; from != nil {
		return from
	}
	return &byAddress{addr: addr}
}

// cutSlowLocked cuts the connection that has waited longest in queue, if it is slow, and returns 0. Otherwise it
// returns how long it takes until that connection is slow, or slowAfter if queue is empty.
func (w *Waiting) cutSlowLocked(queue *list.List, now time.Time) (wait time.Duration) {
	first := queue.Front()
	if first == nil {
		return slowAfter
	}
	c := first.Value.(*waiter)
	if wait := slowAfter - now.Sub(c.since); wait > 0 {
		return wait
	}
	w.cut.WithLabelValues("slow").Inc()
	w.removeLocked(c)
	abort(c.conn)
	return 0
}

// abort closes conn without waiting for its client, and without a lingering close.
func abort(conn net.Conn) {
	if a, ok := conn.(interface{ Abort() }); ok {
		a.Abort()
	} else {
		conn.Close()
	}
}

// State is for http.Server.ConnState.
func (w *Waiting) State(conn net.Conn, state http.ConnState) {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.conns[conn]
	if c == nil {
		return
	}
	switch state {
	case http.StateActive:
		w.endLocked(c)
	case http.StateIdle:
		w.endLocked(c)
		w.beginLocked(c, time.Now())
	case http.StateHijacked, http.StateClosed:
		w.removeLocked(c)
	}
}

func (w *Waiting) beginLocked(c *waiter, now time.Time) {
	c.since = now
	c.inQueue = w.queue.PushBack(c)
	if c.from != nil {
		c.inFrom = c.from.queue.PushBack(c)
	}
}

func (w *Waiting) endLocked(c *waiter) {
	if c.inQueue == nil {
		return
	}
	w.queue.Remove(c.inQueue)
	if c.from != nil {
		c.from.queue.Remove(c.inFrom)
	}
	c.inQueue, c.inFrom = nil, nil
	select {
	case w.left <- struct{}{}:
	default:
	}
}

func (w *Waiting) removeLocked(c *waiter) {
	w.endLocked(c)
	delete(w.conns, c.conn)
	if c.from == nil {
		return
	}
	if c.from.count--; c.from.count == 0 {
		delete(w.by, c.from.addr)
	}
}
