package stream

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// condition records how appends end, and whether new appends are refused at once (blockedErr). By these records,
// NATS.watch decides when to restart the NATS server of a stream on disk.
type condition struct {
	log *slog.Logger // static

	mu         sync.Mutex // guards what follows; never held while something blocks
	unanswered silence    // the first and the last timeout since JetStream last answered an append; zero: no timeout
	highestSeq uint64     // the highest seq of all events that were acknowledged to Append or delivered by Follow
	blockedErr error      // why appends are refused now; nil if they are accepted
	full       seldom     // the lines of noteFull
	failed     seldom     // the lines of noteFailed
}

// seldomEvery is the shortest time between two lines in the log about the same kind of failed append.
const seldomEvery = time.Minute

// seldom decides on which occasions a line is written to the log: at most once in seldomEvery.
type seldom struct {
	logged time.Time // when the last line was written; zero: never
	times  int       // how many occasions there were since then
}

// due counts an occasion. ok says whether to write a line now, and times how many occasions the line stands for.
func (s *seldom) due() (times int, ok bool) {
	s.times++
	if now := time.Now(); s.logged.IsZero() || now.Sub(s.logged) >= seldomEvery {
		times, s.logged, s.times = s.times, now, 0
		return times, true
	}
	return 0, false
}

// silence is a period in which every append timed out: the times of the first and of the last timeout.
type silence struct{ first, last time.Time }

// recordOutcome records how an append ended. If err is nil or a JetStream error, JetStream has answered, so the silence
// is over. If the append has timed out, a silence begins or goes on. Other errors change nothing.
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

// silentFor returns the time between the first and the last timeout of the present silence, 0 if there is no silence.
func (c *condition) silentFor() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.unanswered.last.Sub(c.unanswered.first)
}

// stuckFor is how long one append without an answer counts as a problem if nothing is appended afterwards.
const stuckFor = 10 * time.Second

// stuck reports whether an append has timed out a short time ago, and none was answered since.
func (c *condition) stuck() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.unanswered.last.IsZero() && time.Since(c.unanswered.last) < stuckFor
}

// endSilence forgets the timeouts. heal calls it after a restart of the server: otherwise the timeouts of the old server
// would cause another restart.
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

// noteFull records that JetStream refused an append because the stream was full.
func (c *condition) noteFull() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if times, ok := c.full.due(); ok {
		c.log.Warn("the stream is full: posts are refused until messages expire", "times", times)
	}
}

// noteFailed records that an append failed for another reason than a full room or stream.
func (c *condition) noteFailed(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if times, ok := c.failed.due(); ok {
		c.log.Warn("an event is not stored", "err", err, "times", times)
	}
}

// noteSeq records the seq of an event that was acknowledged to Append or delivered by Follow.
func (c *condition) noteSeq(seq int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.highestSeq = max(c.highestSeq, uint64(seq))
}

// highest returns the highest seq that noteSeq has recorded, 0 if there is none.
func (c *condition) highest() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.highestSeq
}
