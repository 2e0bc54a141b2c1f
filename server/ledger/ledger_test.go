package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"mayfly/server/ledger"
	"mayfly/server/servertest"
	"mayfly/server/stream/streamtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// deaf is a store that can be read, but whose Keep always fails.
type deaf struct{ *streamtest.Facts }

func (deaf) Keep(context.Context, string, time.Time) error { return errors.New("the disk is full") }

// run runs a ledger over store until the test of the bubble ends.
func run(t *testing.T, store ledger.Store, deliver func(string, time.Time)) (l *ledger.Ledger, stop func()) {
	t.Helper()
	return runLogged(t, store, deliver, io.Discard)
}

// runLogged does what run does, and the ledger writes its log to out.
func runLogged(t *testing.T, store ledger.Store, deliver func(string, time.Time), out io.Writer) (
	l *ledger.Ledger, stop func(),
) {
	t.Helper()
	l = ledger.New("facts", store, deliver, slog.New(slog.NewTextHandler(out, nil)))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		l.Run(ctx)
	}()
	synctest.Wait()
	return l, func() {
		cancel()
		<-ended
	}
}

// TestWhatWaitsIsBounded: KeepMinor leaves half of the queue free for the more important facts of Keep.
func TestWhatWaitsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, stop := run(t, deaf{&streamtest.Facts{}}, func(string, time.Time) {})
		defer stop()
		until := time.Now().Add(time.Hour)
		for i := range ledger.MaxWaiting {
			l.KeepMinor(fmt.Sprint("minor ", i), until)
		}
		if n := l.Waiting(); n != ledger.MaxWaiting/2 {
			t.Errorf("%d wait, want %d", n, ledger.MaxWaiting/2)
		}
		l.Keep("major", until)
		if n := l.Waiting(); n != ledger.MaxWaiting/2+1 {
			t.Errorf("%d wait, want the major one among them", n)
		}
	})
}

// TestFactsAreStoredOnceThatIsPossible: as soon as the store works again, the waiting facts are stored in their order,
// and every node gets them.
func TestFactsAreStoredOnceThatIsPossible(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &streamtest.Facts{}
		var here, there []string
		l, stop := run(t, store, func(fact string, _ time.Time) { here = append(here, fact) })
		defer stop()
		_, stopOther := run(t, store, func(fact string, _ time.Time) { there = append(there, fact) })
		defer stopOther()
		store.Fail(errors.New("the store is away"))
		l.Keep("one", time.Now().Add(time.Hour))
		l.Keep("two", time.Now().Add(time.Hour))
		time.Sleep(time.Minute)
		if l.Waiting() != 2 || l.Current() == nil {
			t.Errorf("%d wait, Current = %v, want 2 and an error", l.Waiting(), l.Current())
		}
		store.Fail(nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		if want := []string{"one", "two"}; !slices.Equal(here, want) || !slices.Equal(there, want) || l.Waiting() != 0 {
			t.Errorf("followed %q and %q, %d wait, want %q and none", here, there, l.Waiting(), want)
		}
	})
}

// TestLedgerIsNotCurrentBeforeItIsRead: before the ledger has read every fact, Current returns an error.
func TestLedgerIsNotCurrentBeforeItIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &streamtest.Facts{}
		store.Fail(errors.New("the store is away"))
		l, stop := run(t, store, func(string, time.Time) {})
		defer stop()
		if l.Current() == nil {
			t.Error("it says that it is current")
		}
		store.Fail(nil)
		<-l.Loaded()
		if err := l.Current(); err != nil {
			t.Errorf("Current = %v", err)
		}
	})
}

// TestLedgerThatEndsBeforeItIsRead stores the facts that wait, or says in the log that they are lost.
func TestLedgerThatEndsBeforeItIsRead(t *testing.T) {
	for name, works := range map[string]bool{"the store works again": true, "the store is still away": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, log := &streamtest.Facts{}, &servertest.Log{}
				store.Fail(errors.New("the store is away"))
				l, stop := runLogged(t, store, func(string, time.Time) {}, log)
				l.Keep("one", time.Now().Add(time.Hour))
				synctest.Wait()
				if works {
					store.Fail(nil)
				}
				stop()
				lost, kept := strings.Contains(log.Take(), "facts were not kept"), l.Waiting() == 0
				if lost == works || kept != works {
					t.Errorf("the log says that facts are lost: %t; all are stored: %t", lost, kept)
				}
			})
		})
	}
}
