package server

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"mayfly/server/conn"
	"mayfly/shared/wire"
)

const (
	// tickEvery is how often Run looks at every connection: one loop for all of them instead of timers for each.
	tickEvery = 250 * time.Millisecond

	// restartSpread is the period in which a thousand clients come back after a restart, each at a random time, so that they
	// don't all return at once. With more or fewer clients the period is longer or shorter, but between restartSpreadMin and
	// restartSpreadMax.
	restartSpread    = 2 * time.Second
	restartSpreadMin = time.Second
	restartSpreadMax = 20 * time.Second
	restartFirst     = 500 * time.Millisecond // until the first client may come back

	// byeReserve is how much of the time for a stop is left for the goodbyes, however long the stream takes.
	byeReserve = 10 * time.Second
)

// Run keeps the connections alive and ends dead ones until ctx is done: it times out hellos and sign-ins, sends beats and
// pings, and aborts connections that do not end. It also follows and stores the revocations. Close the server first.
func (s *Server) Run(ctx context.Context) error {
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	var running sync.WaitGroup
	defer running.Wait()
	if s.revocations != nil {
		running.Go(func() { s.revocations.Run(ctx) })
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-ticker.C:
			for _, e := range s.snapshot() {
				e.session.Tick(s.clock.Now())
				e.conn.Tick(now, &running)
			}
		}
	}
}

// Close stops the connections. It handles no more frames, and waits until every post is answered and on its way to every
// member. Then it says bye to every connection and waits until each has ended. It waits for a client as long as that takes
// bytes, until ctx is done. New connections get 503. The error names each step that did not end as it should.
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

// enter begins a phase.
func (s *Server) enter(phase int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.phase.Store(phase)
}

// drainHub drains the hub. It gives up early enough before the deadline of ctx to say goodbye to every client.
func (s *Server) drainHub(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-byeReserve))
		defer cancel()
	}
	return s.hub.Drain(ctx)
}

// restartLocked ends c because the server restarts, and tells its client when to come back.
func (s *Server) restartLocked(c *conn.Conn) {
	spread := restartSpread * time.Duration(len(s.conns)) / 1000
	spread = min(max(spread, restartSpreadMin), restartSpreadMax)
	retry := restartFirst + rand.N(spread)
	c.End(conn.Bye(wire.Bye{Code: wire.CodeRestart, Message: "The server is restarting.", RetryMS: retry.Milliseconds()}))
}
