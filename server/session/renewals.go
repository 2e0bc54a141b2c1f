package session

import (
	"log/slog"
	"sync/atomic"
	"time"
)

const (
	// A connection that ends so shortly before its token, or later, ends because the token does.
	lastMoments = 5 * time.Second
	// After this many connections that ended with their tokens, while no client has renewed its sign-in, the log says so. A
	// device that sleeps just then cannot renew either.
	missedRenewals = 3
)

// renewals notices that no client of this node renews its sign-in. The server cannot see whether the provider gives refresh
// tokens, because only the page gets them. Any goroutine may call its methods.
type renewals struct {
	came   atomic.Bool  // a client has shown a newer token on its connection
	missed atomic.Int32 // connections that ended with their tokens
}

// seen runs when a client shows a newer token on its connection, whether the server accepts it or not.
func (r *renewals) seen() { r.came.Store(true) }

// ended runs when the connection of a user who is signed in has ended, left before the token would have.
func (r *renewals) ended(left time.Duration, log *slog.Logger) {
	if left > lastMoments || r.came.Load() {
		return
	}
	if r.missed.Add(1) == missedRenewals {
		log.Warn("sign-ins end with their tokens, and none was renewed since the start: " +
			"the provider may give no refresh token (docs/signing-in.md, Other providers)")
	}
}
