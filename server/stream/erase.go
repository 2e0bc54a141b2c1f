package stream

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// eraseTimeout is the longest time for one attempt to erase. An attempt takes that long if its request was lost because
	// the NATS server died. eraseTimeout is much shorter than stopTimeout, so that NATS.Close can wait for the next attempt,
	// too.
	eraseTimeout = 2 * time.Second
	eraseEvery   = time.Second // how long the eraser waits after a failed erasure before the next attempt
)

// erasure names an event to erase.
type erasure struct {
	room string
	seq  int64
}

// eraser contains the events that wait to be erased. The method run erases one event at a time. On disk, JetStream
// rewrites a file of up to 8 MiB for each event, and syncs the file. JetStream stores no message in the meantime.
type eraser struct {
	js      jetstream.JetStream // static
	links   *links              // static
	log     *slog.Logger        // static
	wake    chan struct{}       // static; capacity 1; add sends a value after it has changed waiting; run receives the value
	pending sync.WaitGroup      // counts the events in waiting, so that NATS.Close can wait for them

	mu      sync.Mutex       // guards what follows
	waiting []erasure        // the events to erase, in the order in which add added them
	has     map[erasure]bool // the events in waiting
}

func newEraser(js jetstream.JetStream, links *links, log *slog.Logger) *eraser {
	return &eraser{js: js, links: links, log: log, wake: make(chan struct{}, 1), has: map[erasure]bool{}}
}

// Erase implements hub.Stream.
func (n *NATS) Erase(room string, seq int64) { n.eraser.add(erasure{room, seq}) }

// add appends x to waiting, unless x is already in waiting, and wakes run.
func (e *eraser) add(x erasure) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.has[x] {
		return
	}
	e.has[x] = true
	e.waiting = append(e.waiting, x)
	e.pending.Add(1)
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// first returns the event that has waited longest, and leaves it in e.waiting. ok is false if no event waits.
func (e *eraser) first() (x erasure, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.waiting) == 0 {
		return x, false
	}
	return e.waiting[0], true
}

// dropFirst removes the first event from e.waiting. It runs when that event is erased, or when the eraser stops.
func (e *eraser) dropFirst() {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.has, e.waiting[0])
	e.waiting = e.waiting[1:]
	e.pending.Done()
}

// dropAll removes every event that waits.
func (e *eraser) dropAll() {
	for _, ok := e.first(); ok; _, ok = e.first() {
		e.dropFirst()
	}
}

// run erases the events that wait, until ctx is done. After each erasure it pauses for as long as the erasure took,
// because JetStream stores no message during an erasure. Without the pause, a user who takes back many messages would
// block all posts.
func (e *eraser) run(ctx context.Context) {
	defer e.dropAll()
	failing := false
	for ctx.Err() == nil {
		x, ok := e.first()
		if !ok {
			select {
			case <-e.wake:
			case <-ctx.Done():
			}
			continue
		}
		began := time.Now()
		err := e.erase(ctx, x)
		rest := time.Since(began)
		if err == nil {
			e.dropFirst()
		} else {
			if !failing && ctx.Err() == nil {
				e.log.Warn("a message that was taken back is not erased yet", "room", x.room, "err", err)
			}
			rest = eraseEvery
		}
		failing = err != nil
		select {
		case <-time.After(rest):
		case <-ctx.Done():
		}
	}
}

// erase makes JetStream overwrite the event x and delete it. If JetStream fails because the event is already deleted, erase
// returns nil.
func (e *eraser) erase(ctx context.Context, x erasure) error {
	ctx, cancel := context.WithTimeout(ctx, eraseTimeout)
	defer cancel()
	stream, err := e.js.Stream(ctx, e.links.names.events)
	if err == nil {
		err = stream.SecureDeleteMsg(ctx, uint64(x.seq))
	}
	if err == nil {
		return nil
	}
	p, lookup := e.links.page(ctx, e.links.names.room(x.room), uint64(x.seq), 1)
	if lookup == nil && p.last != x.seq {
		return nil
	}
	return err
}
