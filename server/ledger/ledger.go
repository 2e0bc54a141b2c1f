// Package ledger keeps facts that expire and that all nodes share. A fact is a line of text; for example, it says that a
// sign-in was signed out. The ledger is write-behind: Keep adds the fact to a queue and returns at once, and Run stores
// the queued facts in their order. After a failure, Run tries again with exponential backoff. Run also delivers the
// facts that any node stores. The ledger does not interpret facts: the package that uses it does (server/revocation).
package ledger

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"mayfly/shared/backoff"
)

// Store is the place where all nodes keep facts. stream.Facts implements it, and tests have a Store in memory.
type Store interface {
	// Keep stores a fact for all nodes until expiry. If the server keeps messages on disk, the fact also outlives a
	// restart of the process.
	Keep(ctx context.Context, fact string, expiry time.Time) error
	// Follow calls deliver with every stored fact and then returns. After that, the store calls deliver with each fact
	// that any node stores later, until stop is called. If Follow returns an error, the caller may call Follow again.
	Follow(ctx context.Context, deliver func(fact string, until time.Time)) (stop func(), err error)
	// Current returns nil if every stored fact has been delivered. Otherwise its error says why some facts may be
	// missing.
	Current() error
}

const (
	maxWaiting   = 10_000          // the most facts in the queue, where they wait to be stored
	flushTimeout = 2 * time.Second // the longest time for storing the waiting facts when the server stops

	firstRetry = time.Second      // the wait after the first failure of the store; each further failure doubles the wait
	lastRetry  = 30 * time.Second // the longest wait after a failure of the store
)

// Ledger keeps and follows the facts of one kind. Any goroutine may call its methods.
type Ledger struct {
	// Static after New.
	name    string // what the log calls the facts, such as "sign-outs"
	store   Store
	deliver func(fact string, until time.Time) // called with every stored fact
	log     *slog.Logger
	loaded  chan struct{} // closed by load, after Follow has delivered all facts that the store had at the start
	wake    chan struct{} // capacity 1; a value in it says that a fact waits to be stored

	mu      sync.Mutex // guards what follows; no other lock is taken while it is held
	waiting []fact     // facts to store, oldest first
}

// fact is one line of text and the time at which it expires.
type fact struct {
	text  string
	until time.Time
}

// New returns a ledger that keeps its facts in store. name is the word for the facts in the log, such as "sign-outs".
// While Run runs, the ledger calls deliver with every stored fact, including the facts that this node itself has stored.
// The calls of deliver never overlap.
func New(name string, store Store, deliver func(fact string, until time.Time), log *slog.Logger) *Ledger {
	return &Ledger{name: name, store: store, deliver: deliver, log: log, loaded: make(chan struct{}),
		wake: make(chan struct{}, 1)}
}

// Run delivers the facts in the store, and stores the facts in the queue, until ctx is done. Then it tries once more to
// store the facts that are left in the queue. Before the end, it stores nothing until store.Follow has succeeded.
func (l *Ledger) Run(ctx context.Context) {
	stop := l.load(ctx)
	if stop == nil {
		l.flushLast()
		return
	}
	defer stop()
	retry, failed := time.NewTimer(0), newRetry()
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			l.flushLast()
			return
		case <-l.wake:
			if failed.Failures() > 0 {
				continue // the last attempt to store a fact has failed: wait until the timer retry fires
			}
		case <-retry.C:
		}
		if err := l.flush(ctx); err == nil {
			failed.Reset()
		} else if ctx.Err() == nil {
			wait := failed.Next()
			l.log.Warn("facts cannot be kept now; they hold on this node",
				"facts", l.name, "waiting", l.Waiting(), "err", err, "retry", wait)
			retry.Reset(wait)
		}
	}
}

// newRetry returns the exponential backoff for failures of the store. It needs no jitter. Jitter prevents many clients
// from trying again at the same moment, but here only the goroutine of Run tries again.
func newRetry() backoff.Backoff { return backoff.Backoff{First: firstRetry, Last: lastRetry} }

// load calls store.Follow until Follow succeeds, with exponential backoff between the calls. It returns the function stop
// that Follow has returned, or nil if ctx is done first.
func (l *Ledger) load(ctx context.Context) (stop func()) {
	for failed := newRetry(); ; {
		stop, err := l.store.Follow(ctx, l.deliver)
		if err == nil {
			close(l.loaded)
			return stop
		}
		if ctx.Err() != nil {
			return nil
		}
		wait := failed.Next()
		l.log.Warn("stored facts cannot be read", "facts", l.name, "err", err, "retry", wait)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil
		}
	}
}

// flushLast stores the waiting facts before the process ends, if that takes flushTimeout at most. Else it logs that they are
// lost.
func (l *Ledger) flushLast() {
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	if err := l.flush(ctx); err != nil {
		l.log.Error("facts were not kept: they don't outlive this process",
			"facts", l.name, "waiting", l.Waiting(), "err", err)
	}
}

// flush stores the waiting facts in their order. It stops at the first fact that cannot be stored, and returns the
// error.
func (l *Ledger) flush(ctx context.Context) error {
	for {
		l.mu.Lock()
		if len(l.waiting) == 0 {
			l.waiting = nil
			l.mu.Unlock()
			return nil
		}
		next := l.waiting[0]
		l.mu.Unlock()
		if err := l.store.Keep(ctx, next.text, next.until); err != nil {
			return err
		}
		l.mu.Lock()
		l.waiting = l.waiting[1:] // l.waiting[0] is still the fact that was just stored, because only flush removes facts
		l.mu.Unlock()
	}
}

// Keep queues a fact that expires at expiry; Run stores it. Keep does not block. If maxWaiting facts wait already, Keep
// drops the fact and logs that.
func (l *Ledger) Keep(text string, expiry time.Time) { l.add(fact{text, expiry}, maxWaiting) }

// KeepMinor queues a fact, as Keep does. It is for facts that may be many and are less important. KeepMinor drops the
// fact if the queue is already half full, so that minor facts never take the space of the important ones.
func (l *Ledger) KeepMinor(text string, expiry time.Time) { l.add(fact{text, expiry}, maxWaiting/2) }

// add queues f. If limit facts wait already, it drops f and logs that.
func (l *Ledger) add(f fact, limit int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) >= limit {
		l.log.Error("too many facts wait to be kept: some may not reach other nodes, nor outlive this process",
			"facts", l.name, "waiting", len(l.waiting))
		return
	}
	l.waiting = append(l.waiting, f)
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Waiting returns how many facts wait to be stored.
func (l *Ledger) Waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.waiting)
}

// Loaded returns a channel that Run closes when it has delivered all facts that the store had at the start.
func (l *Ledger) Loaded() <-chan struct{} { return l.loaded }

// Current returns nil if every fact that any node has stored has been delivered. Otherwise its error says why some facts
// may be missing.
func (l *Ledger) Current() error {
	select {
	case <-l.loaded:
		return l.store.Current()
	default:
		return fmt.Errorf("the stored %s are being loaded", l.name)
	}
}
