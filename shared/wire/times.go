package wire

import "time"

// The times of the protocol.
const (
	HelloTimeout = 5 * time.Second  // from the upgrade to the arrival of hello
	BeatEvery    = 25 * time.Second // the server is never silent for longer
	BeatGrace    = 10 * time.Second // a client waits this much longer than BeatEvery, then treats the connection as dead

	ExpiringBefore = time.Minute // from Expiring to the end of the token
	AuthGrace      = time.Minute // from the end of the token to the end of the connection

	PollWait = 25 * time.Second // the longest wait of a poll: proxies cut a request at 30 s

	// MaxTokenLife is the longest life of an access token, from its iat to its exp: a day, and five minutes for the issuer's
	// clock. A sign-out is remembered for as long, because none of the user's tokens can live longer.
	MaxTokenLife = 24*time.Hour + 5*time.Minute
)

// Milliseconds returns d in the unit of the wire. It rounds up, so that a client that waits for the result has waited for d
// at least.
func Milliseconds(d time.Duration) int64 { return int64((d + time.Millisecond - 1) / time.Millisecond) }
