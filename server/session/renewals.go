package session

import (
	"log/slog"
	"sync/atomic"
	"time"
)

const (
	// If a connection ends after its token has expired, or at most lastMoments earlier, it counts as ended by the expiry.
	lastMoments = 5 * time.Second
	// A warning is logged when missedRenewals connections have ended because their tokens expired, and no client has
	// renewed its sign-in. One such connection is not enough, because a device that sleeps cannot renew its sign-in.
	missedRenewals = 3
)

// renewals logs a warning if connections of this node end because their tokens expired, and no client renews its
// sign-in. The cause may be that the provider gives no refresh tokens. The server cannot check that, because only the
// page gets refresh tokens. Any goroutine may call the methods of renewals.
type renewals struct {
	came   atomic.Bool  // a client has shown a newer token on its connection
	missed atomic.Int32 // how many connections have ended because their tokens expired
}

// seen runs when a client shows a newer token on its connection. A token that the server then refuses counts, too.
func (r *renewals) seen() { r.came.Store(true) }

// ended runs when the connection of a user who is signed in has ended. left is the time until the token expires; it is
// negative if the token has expired.
func (r *renewals) ended(left time.Duration, log *slog.Logger) {
	if left > lastMoments || r.came.Load() {
		return
	}
	if r.missed.Add(1) == missedRenewals {
		log.Warn("sign-ins end with their tokens, and none was renewed since the start: " +
			"the provider may give no refresh token (docs/signing-in.md, Other providers)")
	}
}
