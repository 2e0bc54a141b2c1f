package conn

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"mayfly/server/hub"
)

const (
	maxQueue = 512 << 10 // bytes that may wait for one connection; with more, its client is too slow
	maxBatch = 32 << 10  // bytes after which a batch of frames is written; one frame may be longer

	// roomForJoin is how many bytes may wait when a join is handled: its answer, up to wire.MaxServerMessage, must fit too.
	roomForJoin = 128 << 10
)

// queue holds the frames that wait to be written to one connection. push never blocks.
type queue struct {
	filled  chan struct{}      // static; capacity 1: a frame waits
	drained chan struct{}      // static; capacity 1: take has taken frames
	expired prometheus.Counter // static; counts frames whose message expired while they waited

	mu     sync.Mutex // guards what follows
	frames []*hub.Frame
	bytes  int
	news   bool // a frame was pushed that is not quiet
}

func newQueue(expired prometheus.Counter) *queue {
	return &queue{filled: make(chan struct{}, 1), drained: make(chan struct{}, 1), expired: expired}
}

// push appends f and reports whether there was room for it.
func (q *queue) push(f *hub.Frame) bool {
	size := f.Size() + 1
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.bytes+size > maxQueue {
		return false
	}
	q.frames = append(q.frames, f)
	q.bytes += size
	q.news = q.news || !f.Quiet()
	signal(q.filled)
	return true
}

// take removes the next batch, as much as one message should hold, and appends it to dst, without messages that have
// expired at now. It appends nothing if the queue is empty.
func (q *queue) take(dst []byte, now int64) []byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for n < len(q.frames) && len(dst) < maxBatch {
		size := q.frames[n].Size() + 1
		if len(dst) > 0 && len(dst)+size > maxBatch {
			break
		}
		at := len(dst)
		if at > 0 {
			dst = append(dst, '\n')
		}
		before := len(dst)
		if dst = q.frames[n].AppendTo(dst, now); len(dst) == before {
			dst = dst[:at]
			q.expired.Inc()
		}
		q.bytes -= size
		n++
	}
	clear(q.frames[:n])
	if q.frames = q.frames[n:]; len(q.frames) > 0 {
		signal(q.filled)
	} else {
		q.frames = nil
	}
	signal(q.drained)
	return dst
}

// newsCame reports whether a frame was ever pushed for which a client waits.
func (q *queue) newsCame() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.news
}

// waiting returns the number of bytes that wait.
func (q *queue) waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.bytes
}

// signal fills a channel of capacity 1.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
