// Package ledger keeps facts that expire and that all nodes share. A fact is a line of text, such as that a sign-in was
// signed out. The ledger stores facts behind (write-behind): Keep returns at once, and Run stores them in their order, with
// exponential backoff. Run also follows the facts that any node stores. Only the ledger's user knows what a fact means.
package ledger

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"mayfly/shared/backoff"
)

// Store is where all nodes keep facts: stream.Facts, and one in memory for tests.
type Store interface {
	// Keep stores a fact until that time, for every node and, where messages outlive a restart, beyond one.
	Keep(ctx context.Context, fact string, until time.Time) error
	// Follow calls deliver with every fact that is stored, then returns, and goes on with each fact that any node stores
	// later. It may be called once more if it fails.
	Follow(ctx context.Context, deliver func(fact string, until time.Time)) (stop func(), err error)
	// Current returns nil if every stored fact has been delivered, else why that is not sure.
	Current() error
}

const (
	maxWaiting   = 10_000          // facts that wait to be stored; half of it is for those of Keep alone
	flushTimeout = 2 * time.Second // for storing what waits when the server stops

	firstRetry = time.Second // after a fact could not be stored; doubled each time
	lastRetry  = 30 * time.Second
)

// Ledger keeps and follows the facts of one kind. Any goroutine may call its methods.
type Ledger struct {
	// Static after New.
	name    string // for the log
	store   Store
	deliver func(fact string, until time.Time)
	log     *slog.Logger
	loaded  chan struct{} // closed once every stored fact has been delivered for the first time
	wake    chan struct{} // capacity 1: there is a fact to store

	mu      sync.Mutex // guards what follows; taken last
	waiting []fact     // facts to store, oldest first
}

type fact struct {
	text  string
	until time.Time
}

// New returns a ledger over store. name is what its facts are called in the log. Run calls deliver with every stored fact,
// also with this node's own, from one goroutine at a time.
func New(name string, store Store, deliver func(fact string, until time.Time), log *slog.Logger) *Ledger {
	return &Ledger{name: name, store: store, deliver: deliver, log: log, loaded: make(chan struct{}),
		wake: make(chan struct{}, 1)}
}

// Run follows the stored facts and stores those that wait, until ctx is done. Then it tries once more to store what waits.
func (l *Ledger) Run(ctx context.Context) {
	stop := l.load(ctx)
	if stop == nil {
		return
	}
	defer stop()
	retry, failed := time.NewTimer(0), newRetry()
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.Background(), flushTimeout)
			defer cancel()
			if err := l.flush(last); err != nil {
				l.log.Error("facts were not kept: they don't outlive this process",
					"facts", l.name, "waiting", l.Waiting(), "err", err)
			}
			return
		case <-l.wake:
			if failed.Failures() > 0 {
				continue // storing fails: the next attempt comes when it is due
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

// newRetry returns the waits after failures of the store. Only this node waits for it, so they need no jitter.
func newRetry() backoff.Backoff { return backoff.Backoff{First: firstRetry, Last: lastRetry} }

// load starts to follow the stored facts, with exponential backoff, and returns what stops that; nil if ctx was done before.
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

// flush stores the facts that wait, in their order, until one cannot be stored.
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
		l.waiting = l.waiting[1:] // no other goroutine shortens it
		l.mu.Unlock()
	}
}

// Keep has a fact stored until that time. It does not block.
func (l *Ledger) Keep(text string, until time.Time) { l.add(fact{text, until}, maxWaiting) }

// KeepMinor is Keep for facts that matter less and may be many. It drops the fact if the queue is at least half full: the
// other half is for the facts of Keep.
func (l *Ledger) KeepMinor(text string, until time.Time) { l.add(fact{text, until}, maxWaiting/2) }

func (l *Ledger) add(f fact, most int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) >= most {
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

// Loaded is closed once every stored fact has been delivered for the first time.
func (l *Ledger) Loaded() <-chan struct{} { return l.loaded }

// Current returns nil if every fact that any node has stored has been delivered, else why that is not sure.
func (l *Ledger) Current() error {
	select {
	case <-l.loaded:
		return l.store.Current()
	default:
		return fmt.Errorf("the stored %s are being loaded", l.name)
	}
}
