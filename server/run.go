package server

import (
	"context"
	"errors"
	"sync"
	"time"
)

// byeReserve is the time that Close needs for saying bye to the clients. So drainHub stops waiting for the stream when only
// byeReserve is left until the deadline of Close.
const byeReserve = 10 * time.Second

// Run does the regular work of the server until ctx is done. It sends beats and pings. It ends connections whose hello
// is late, whose client does not answer pings, or whose sign-in has expired. It also stores this node's revocations,
// and learns the revocations of other nodes. Call Close before you cancel ctx.
func (s *Server) Run(ctx context.Context) error {
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	var running sync.WaitGroup
	defer running.Wait()
	if s.revocations != nil {
		running.Go(func() { s.revocations.Run(ctx) })
	}
	w := watch{server: s, began: time.Now(), clock: s.clock.Now()}
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-ticker.C:
			w.tick(now)
			if s.working.Load() > 0 {
				s.gate.Check.Working()
			}
		}
	}
}

// watch looks at the connections when they are due.
type watch struct {
	server *Server
	due    []*entry  // the connections that tick looks at; a field, so that the next tick reuses the memory
	began  time.Time // when Run began, or when tick last saw a jump of the hub's clock; with a monotonic reading
	clock  time.Time // what the hub's clock showed at began
}

// tick looks at the connections that are due at the time now. The wheel turns by the monotonic clock, but sign-ins expire by
// the hub's clock. So if the hub's clock has jumped forward, tick looks at all connections.
func (w *watch) tick(now time.Time) {
	wheel, clock := &w.server.wheel, w.server.clock.Now()
	if ahead := clock.Sub(w.clock) - now.Sub(w.began); ahead >= tickEvery/2 {
		w.began, w.clock = now, clock
		w.due = wheel.takeAll(w.due[:0])
	} else {
		w.due = wheel.take(w.due[:0], now)
	}
	for _, e := range w.due {
		if !e.poll && e.session.Greeted() && e.greeted.CompareAndSwap(false, true) {
			w.server.working.Add(1)
		}
		// Call conn.Tick before session.Tick, which knows the sign-in only after the hello has its answer. Until then
		// conn.Tick returns 0, so the connection is due again at the next tick.
		next := e.conn.Tick(now)
		wheel.add(e, now, min(next, e.session.Tick(w.server.clock.Now())))
	}
	clear(w.due)
}

// Close ends all connections. From the call on, the server handles no more frames and answers new connections with 503.
// First, Close waits until every earlier post is answered and delivered. Then it sends bye on every connection and waits
// until each connection has ended. When ctx is done, Close cuts the connections that are left. The error names each step
// that did not end in time.
func (s *Server) Close(ctx context.Context) error {
	s.enter(settling)
	s.gate.Close()
	err := s.drainHub(ctx)
	s.mu.Lock()
	s.phase.Store(leaving)
	for c := range s.conns {
		s.restartLocked(c)
	}
	s.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		s.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return err
	case <-ctx.Done():
	}
	s.enter(aborting)
	for _, e := range s.snapshot() {
		e.conn.Abort()
	}
	<-ended
	return errors.Join(err, errors.New("connections did not end in time and were cut"))
}

// enter sets the phase of the server, such as settling.
func (s *Server) enter(phase int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.phase.Store(phase)
}

// drainHub waits until the hub has answered and delivered every earlier post and act. It stops waiting when only
// byeReserve is left until the deadline of ctx: Close needs that time to say goodbye to every client.
func (s *Server) drainHub(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-byeReserve))
		defer cancel()
	}
	return s.hub.Drain(ctx)
}
