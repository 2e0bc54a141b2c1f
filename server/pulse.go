package server

import (
	"context"
	"sync"
	"time"

	"mayfly/shared/wire"
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
	if s.signouts != nil {
		pulses.Go(func() { s.signouts.run(ctx) })
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-ticker.C:
			for _, c := range s.snapshot() {
				c.pulse(now, &pulses)
			}
		}
	}
}

var (
	errNoHello = bye(wire.Bye{Code: wire.CodeTimeout, Message: "No hello came in time."})
	errNoPong  = bye(wire.Bye{Code: wire.CodeTimeout, Message: "The connection did not answer."})
)

// pulse does what is due for c at now. What may wait runs in pulses.
func (c *conn) pulse(now time.Time, pulses *sync.WaitGroup) {
	if began := c.writing.Load(); began != 0 && c.age()-time.Duration(began) > stuckTimeout {
		pulses.Go(func() { _ = c.ws.CloseNow() }) // unblocks the write
		return
	}
	client := c.client.Load()
	if client == nil {
		if now.Sub(c.opened) >= wire.HelloTimeout && !c.greeted.Load() {
			c.leave(errNoHello)
		}
		return
	}
	if signIn := c.signIn.Load(); signIn != nil {
		signIn.pulse(now)
	}
	if c.age()-time.Duration(c.sent.Load()) >= wire.BeatEvery {
		client.Beat(now)
	}
	if !now.Before(c.nextPing) {
		c.nextPing = now.Add(pingEvery)
		pulses.Go(func() {
			// Not c.ctx: cancelling it while the ping is being written would drop the socket without a bye.
			ctx, cancel := context.WithTimeout(context.Background(), pongTimeout)
			defer cancel()
			if c.ws.Ping(ctx) != nil && !c.handling.Load() {
				c.leave(errNoPong)
			}
		})
	}
}
