package conn

import (
	"runtime"
	"sync"
)

// Writers writes the queues of sockets. After a fan-out, the queues of all members of a room have a frame. Writers writes
// them on at most as many goroutines as the machine has processors, and never waits for a client: the kernel mostly takes
// a frame at once. What it does not take, a goroutine of the connection writes (Socket.drain). While nothing waits, there
// is no goroutine.
type Writers struct {
	most int // static; how many goroutines may write at the same time

	mu      sync.Mutex // guards what follows
	sockets []*Socket  // the sockets from first on wait, in the order in which they came
	first   int
	running int // how many goroutines write
}

// atOnce is how many sockets a goroutine of Writers takes at once.
const atOnce = 16

// NewWriters returns a Writers without sockets.
func NewWriters() *Writers { return &Writers{most: runtime.GOMAXPROCS(0)} }

// add makes a goroutine write the queue of s. The caller has the claim of this queue, and loses it.
func (w *Writers) add(s *Socket) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.first > 0 && len(w.sockets) == cap(w.sockets) {
		w.sockets = append(w.sockets[:0], w.sockets[w.first:]...)
		w.first = 0
	}
	w.sockets = append(w.sockets, s)
	if w.running < w.most {
		w.running++
		go w.run()
	}
}

// run writes the queues of the sockets until no socket waits.
func (w *Writers) run() {
	d := &direct{raw: newRawWriter(), buf: batches.Get().(*[]byte)}
	var some [atOnce]*Socket
	for {
		n := w.take(some[:])
		if n == 0 {
			putBatch(d.buf)
			return
		}
		for _, s := range some[:n] {
			d.write(s)
		}
	}
}

// take moves the first waiting sockets into some, and returns how many it has moved. If it returns 0, the caller must end.
func (w *Writers) take(some []*Socket) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := copy(some, w.sockets[w.first:])
	clear(w.sockets[w.first : w.first+n])
	w.first += n
	if n == 0 {
		w.running--
		w.sockets, w.first = w.sockets[:0], 0
	}
	return n
}

// direct writes queues without waiting. One goroutine uses it.
type direct struct {
	raw *rawWriter
	buf *[]byte
}

// write writes the queue of s, as far as the kernel takes its bytes at once. It has the claim of this queue when it begins.
func (d *direct) write(s *Socket) {
	for {
		if message := s.next(d.buf); len(message) > 0 {
			n, begun, err := s.line.writeNow(message, d.raw)
			if err != nil {
				s.End(err)
			} else if n < len(message) {
				go s.drain(append([]byte(nil), message[n:]...), begun)
				return
			}
		}
		switch s.queue.release() {
		case released:
			return
		case ended:
			go s.close()
			return
		}
	}
}
