package stream

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// condition records how appends end and whether they are blocked. watch reads it to decide when to restart the NATS
// server of a stream on disk.
type condition struct {
	log *slog.Logger // static

	mu         sync.Mutex // guards what follows; never held while something blocks
	unanswered silence    // the silence up to now; zero if the last append had an answer
	highestSeq uint64     // the highest seq of the events that callers have been given
	blockedErr error      // why appends are refused now; nil if they are accepted
	fullLogged time.Time  // when noteFull last wrote a line to the log
}

// silence is a span in which every append timed out: the times of the first and the last timeout.
type silence struct{ first, last time.Time }

// recordOutcome records how an append ended: stored (err is nil), refused by JetStream, or timed out. The first two are
// answers, and an answer ends the silence.
func (c *condition) recordOutcome(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var answer *jetstream.APIError
	switch now := time.Now(); {
	case err == nil || errors.As(err, &answer):
		c.unanswered = silence{}
	case errors.Is(err, jetstream.ErrAsyncPublishTimeout) && c.unanswered.first.IsZero():
		c.unanswered = silence{now, now}
	case errors.Is(err, jetstream.ErrAsyncPublishTimeout):
		c.unanswered.last = now
	}
}

// silentFor returns the time between the first and the last timeout of the silence.
func (c *condition) silentFor() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.unanswered.last.Sub(c.unanswered.first)
}

// endSilence forgets the timeouts of appends before a restart of the server.
func (c *condition) endSilence() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unanswered = silence{}
}

// blocked returns why appends are refused now, nil if they are accepted.
func (c *condition) blocked() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.blockedErr
}

// setBlocked makes every append fail with err at once. With nil, appends are accepted again.
func (c *condition) setBlocked(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil && c.blockedErr == nil {
		c.log.Warn("nothing can be stored now", "err", err)
	}
	if err == nil && c.blockedErr != nil {
		c.log.Info("the stream stores again")
	}
	c.blockedErr = err
}

// fullEvery is the shortest time between two lines in the log that say that the stream is full.
const fullEvery = time.Minute

// noteFull records that JetStream refused an append because the stream was full.
func (c *condition) noteFull() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); c.fullLogged.IsZero() || now.Sub(c.fullLogged) >= fullEvery {
		c.fullLogged = now
		c.log.Warn("the stream is full: posts are refused until messages expire")
	}
}

// noteSeq records that a caller has been given an event with this seq.
func (c *condition) noteSeq(seq int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.highestSeq = max(c.highestSeq, uint64(seq))
}

// highest returns the highest seq of the events that callers have been given.
func (c *condition) highest() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.highestSeq
}
