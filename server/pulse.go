package server

import (
	"context"
	"sync"
	"time"
)

// pulseEvery is how often every connection is looked at: one loop for all of them instead of timers for each.
const pulseEvery = 250 * time.Millisecond

// Run keeps the connections alive, and ends those that are not, until ctx is done: it times out hellos and sign-ins, sends beats
// and pings, and closes sockets whose write is stuck. It also keeps the sign-outs. Close the server first.
func (s *Server) Run(ctx context.Context) error {
	ticker := time.NewTicker(pulseEvery)
	defer ticker.Stop()
	var pulses sync.WaitGroup
	defer pulses.Wait()
	if s.revocations != nil {
		pulses.Go(func() { s.revocations.Run(ctx) })
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-ticker.C:
			for _, c := range s.snapshot() {
				if signIn := c.signIn.Load(); signIn != nil {
					signIn.pulse(s.clock.Now())
				}
				c.carrier.pulse(now, &pulses)
			}
		}
	}
}
