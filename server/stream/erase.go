package stream

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	eraseTimeout = 5 * time.Second // the longest time for one erasure
	eraseEvery   = time.Second     // how long the eraser waits after a failed erasure before the next attempt
)

// erasure names an event to erase.
type erasure struct {
	room string
	seq  int64
}

// eraser holds the events that wait to be erased. They are erased one after the other, because for each event
// JetStream rewrites a file of up to 8 MiB and syncs it to disk, and stores no message meanwhile.
type eraser struct {
	js      jetstream.JetStream // static
	links   *links              // static
	log     *slog.Logger        // static
	wake    chan struct{}       // static; capacity 1; a value says that an event waits
	pending sync.WaitGroup      // counts waiting

	mu      sync.Mutex // guards what follows
	waiting []erasure  // in the order in which they came
}

func newEraser(js jetstream.JetStream, links *links, log *slog.Logger) *eraser {
	return &eraser{js: js, links: links, log: log, wake: make(chan struct{}, 1)}
}

// Erase implements hub.Stream.
func (n *NATS) Erase(room string, seq int64) { n.eraser.add(erasure{room, seq}) }

// add adds x to the events that wait, unless x waits already.
func (e *eraser) add(x erasure) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if slices.Contains(e.waiting, x) {
		return
	}
	e.waiting = append(e.waiting, x)
	e.pending.Add(1)
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// first returns the event that has waited for the longest time. ok is false if none waits.
func (e *eraser) first() (x erasure, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.waiting) == 0 {
		return x, false
	}
	return e.waiting[0], true
}

// dropFirst removes the event that first returned.
func (e *eraser) dropFirst() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.waiting = e.waiting[1:]
	e.pending.Done()
}

// dropAll removes every event that waits.
func (e *eraser) dropAll() {
	for _, ok := e.first(); ok; _, ok = e.first() {
		e.dropFirst()
	}
}

// run erases the events that wait, until ctx is done. After each erasure it rests for as long as the erasure took.
// Otherwise a user who takes back many messages would keep the other users from posting.
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

// erase has JetStream overwrite an event and delete it. It returns nil if JetStream does not hold the event any more.
func (e *eraser) erase(ctx context.Context, x erasure) error {
	ctx, cancel := context.WithTimeout(ctx, eraseTimeout)
	defer cancel()
	stream, err := e.js.Stream(ctx, streamName)
	if err == nil {
		err = stream.SecureDeleteMsg(ctx, uint64(x.seq))
	}
	if err == nil {
		return nil
	}
	p, lookup := e.links.page(ctx, roomSubject(x.room), uint64(x.seq), 1)
	if lookup == nil && p.last != x.seq {
		return nil
	}
	return err
}
