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
// No method but await blocks.
//
// Only the goroutine that holds the claim on a queue may write the queue, so two goroutines never write it at once. While
// nobody holds the claim, the queue is empty. If push, addPing or end returns claimed = true, the caller has got the claim:
// it must write the queue, or pass the claim to another goroutine that does. The holder calls release after each write. The
// claim on a poll's queue is never released, because only the goroutine of the poll writes this queue.
type queue struct {
	filled  chan struct{}      // static; capacity 1; a value in it says that a frame waits; nil: nobody waits for frames
	expired prometheus.Counter // static; counts frames whose message expired in the queue

	mu      sync.Mutex // guards what follows
	frames  []*hub.Frame
	one     [1]*hub.Frame // the memory of frames while a single frame waits, as it mostly does
	bytes   int           // the number of bytes of all frames in the queue, and one \n for each
	news    bool          // a frame that is not quiet was pushed at some time (see hub.Frame.Quiet)
	ping    bool          // a ping waits
	claimed bool          // a goroutine has the claim
	ending  bool          // end was called
	drained chan struct{} // capacity 1; a value in it says that frames were removed; nil until await is called
}

func newQueue(expired prometheus.Counter) *queue { return &queue{expired: expired} }

// push appends f. If the queue has no room for f, push does not append it, and ok is false. If claimed is true, the caller
// has the claim.
func (q *queue) push(f *hub.Frame) (ok, claimed bool) {
	size := f.Size() + 1
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.bytes+size > maxQueue {
		return false, false
	}
	if q.frames == nil {
		q.frames = q.one[:0]
	}
	q.frames = append(q.frames, f)
	q.bytes += size
	q.news = q.news || !f.Quiet()
	signal(q.filled)
	return true, q.claimLocked()
}

// addPing makes a ping wait, which is written with the next batch of frames. It does nothing and returns false if a
// goroutine has the claim. Otherwise the caller has the claim.
func (q *queue) addPing() (claimed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.claimed {
		return false
	}
	q.ping = true
	return q.claimLocked()
}

// end makes release return ended from now on. first reports whether this is the first call of end. If nobody has the claim
// at the first call, the caller has it.
func (q *queue) end() (first, claimed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ending {
		return false, false
	}
	q.ending = true
	return true, q.claimLocked()
}

func (q *queue) claimLocked() bool {
	if q.claimed {
		return false
	}
	q.claimed = true
	return true
}

// verdict is what the holder of a queue's claim does after a write.
type verdict int

const (
	released verdict = iota // nothing: it does not have the claim any more
	goOn                    // it keeps the claim, and writes what waits
	ended                   // it keeps the claim, and closes the connection
)

// release gives up the claim if nothing waits in the queue and the connection is not ending.
func (q *queue) release() verdict {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.ending:
		return ended
	case len(q.frames) > 0 || q.ping:
		return goOn
	}
	q.claimed = false
	return released
}

// writing reports whether a goroutine has the claim.
func (q *queue) writing() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.claimed
}

// message removes the next batch of frames from the queue, and returns it as a WebSocket message. A waiting ping comes
// behind it. The result is shared with other members, or it is in *buf, which message may replace by a larger buffer.
// message leaves out frames as take does. If nothing is left, the result is empty.
func (q *queue) message(buf *[]byte, now int64) []byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.frames) == 1 && !q.ping {
		if shared, ok := q.frames[0].Sealed(now, sealed); ok {
			if shared == nil {
				q.expired.Inc()
			}
			q.removeLocked(1, q.bytes)
			return shared
		}
	}
	var room [headroom]byte
	b := q.takeLocked(append((*buf)[:0], room[:]...), now)
	end := len(b)
	if q.ping {
		b = append(b, pingFrame, 0)
		q.ping = false
	}
	*buf = b
	if end == headroom { // there is no message
		return b[headroom:]
	}
	message := seal(b[:end])
	return message[:len(message)+len(b)-end]
}

// take removes the next batch of frames from the queue, and appends their bytes to dst. A batch has maxBatch bytes at
// most, or is one longer frame. take leaves out messages that have expired at the time now, in Unix milliseconds. If the
// queue is empty, it appends nothing.
func (q *queue) take(dst []byte, now int64) []byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.takeLocked(dst, now)
}

func (q *queue) takeLocked(dst []byte, now int64) []byte {
	start, n, removed := len(dst), 0, 0
	for n < len(q.frames) && len(dst)-start < maxBatch {
		size := q.frames[n].Size() + 1
		if len(dst) > start && len(dst)-start+size > maxBatch {
			break
		}
		at := len(dst)
		if at > start {
			dst = append(dst, '\n')
		}
		before := len(dst)
		if dst = q.frames[n].AppendTo(dst, now); len(dst) == before {
			dst = dst[:at]
			q.expired.Inc()
		}
		removed += size
		n++
	}
	q.removeLocked(n, removed)
	return dst
}

// removeLocked removes the first n frames. bytes is the size of these frames, as it is counted in q.bytes.
func (q *queue) removeLocked(n, bytes int) {
	q.bytes -= bytes
	clear(q.frames[:n])
	if q.frames = q.frames[n:]; len(q.frames) > 0 {
		signal(q.filled)
	} else {
		q.frames = nil
	}
	signal(q.drained)
}

// await waits until frames were removed from the queue, or until ended is closed. At most one goroutine calls await.
func (q *queue) await(ended <-chan struct{}) {
	q.mu.Lock()
	if q.drained == nil {
		q.drained = make(chan struct{}, 1)
		q.drained <- struct{}{} // frames may have been removed already since the caller looked
	}
	drained := q.drained
	q.mu.Unlock()
	select {
	case <-drained:
	case <-ended:
	}
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

// signal puts a value into c, a channel of capacity 1, unless c has one already, or is nil. It never blocks.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
