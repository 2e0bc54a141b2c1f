package session

import (
	"log/slog"
	"sync/atomic"
	"time"
)

const (
	// A connection counts as ended by the expiry of its token if it ends less than lastMoments before the expiry, or
	// after it.
	lastMoments = 5 * time.Second
	// If the expiry of tokens has ended missedRenewals connections, and no client has renewed its sign-in, the log
	// warns. It does not warn at once, because a device that sleeps cannot renew its sign-in either.
	missedRenewals = 3
)

// renewals notices if no client of this node renews its sign-in: the provider may give no refresh tokens. The server
// cannot see refresh tokens, because only the page gets them. Any goroutine may call its methods.
type renewals struct {
	came   atomic.Bool  // a client has shown a newer token on its connection
	missed atomic.Int32 // how many connections the expiry of their tokens has ended
}

// seen runs when a client shows a newer token on its connection, whether the server accepts it or not.
func (r *renewals) seen() { r.came.Store(true) }

// ended runs when the connection of a user who is signed in has ended. left is the time until the token expires,
// negative if it has expired.
func (r *renewals) ended(left time.Duration, log *slog.Logger) {
	if left > lastMoments || r.came.Load() {
		return
	}
	if r.missed.Add(1) == missedRenewals {
		log.Warn("sign-ins end with their tokens, and none was renewed since the start: " +
			"the provider may give no refresh token (docs/signing-in.md, Other providers)")
	}
}
