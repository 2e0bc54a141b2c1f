package wire

import "time"

// The times of the protocol.
const (
	HelloTimeout = 5 * time.Second  // the longest time from the opening of a WebSocket to the arrival of its hello
	BeatEvery    = 25 * time.Second // the server sends a frame at least this often
	BeatGrace    = 10 * time.Second // a client waits this much longer than BeatEvery, then treats the connection as dead

	ExpiringBefore = time.Minute // the server sends Expiring this long before the token expires
	AuthGrace      = time.Minute // the server ends the connection this long after the token has expired

	PollWait = 25 * time.Second // the longest time for which a poll waits for news: some proxies cut a request after 30 s

	// MaxTokenLife is the longest life of a token, from its iat to its exp: a day, plus five minutes because the
	// issuer's clock may be wrong. A revocation is kept for this time, because no token lives longer.
	MaxTokenLife = 24*time.Hour + 5*time.Minute
)

// Milliseconds returns d in milliseconds, the unit of the wire. It rounds up, so that a client that waits as long as the
// server says never waits less than d.
func Milliseconds(d time.Duration) int64 { return int64((d + time.Millisecond - 1) / time.Millisecond) }
