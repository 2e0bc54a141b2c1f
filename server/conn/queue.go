package conn

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"mayfly/server/hub"
)

const (
	maxQueue = 512 << 10 // the most bytes in the queue of one connection; a frame that does not fit ends the connection
	maxBatch = 32 << 10  // the most bytes in a batch of frames; a longer frame is written alone

	// A join is handled only when the queue has at most roomForJoin bytes. Then the queue has room for the answer to the
	// join, which may have wire.MaxServerMessage bytes.
	roomForJoin = 128 << 10
)

// queue holds the frames that wait to be written to one connection. The hub pushes frames, and the transport takes them.
// No method blocks.
type queue struct {
	filled  chan struct{}      // static; capacity 1; a value in it says that a frame waits
	drained chan struct{}      // static; capacity 1; a value in it says that take has removed frames
	expired prometheus.Counter // static; counts frames whose message expired in the queue

	mu     sync.Mutex // guards what follows
	frames []*hub.Frame
	bytes  int  // the number of bytes of all frames in the queue, and one \n for each
	news   bool // a frame that is not quiet was pushed at some time (see hub.Frame.Quiet)
}

func newQueue(expired prometheus.Counter) *queue {
	return &queue{filled: make(chan struct{}, 1), drained: make(chan struct{}, 1), expired: expired}
}

// push appends f. If the queue has no room for f, push does not append it and returns false.
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

// take removes the next batch of frames from the queue, and appends their bytes to dst. A batch has maxBatch bytes at
// most, or is one longer frame. take leaves out messages that have expired at the time now, in Unix milliseconds. If the
// queue is empty, it appends nothing.
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

// newsCame reports whether a frame was ever pushed that is not quiet (see hub.Frame.Quiet). Such a frame ends the wait of a
// poll.
func (q *queue) newsCame() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.news
}

// waiting returns the number of bytes in the queue.
func (q *queue) waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.bytes
}

// signal puts a value into c, a channel of capacity 1, unless c has one already. It never blocks.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
