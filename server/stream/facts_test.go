package stream_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mayfly/server/stream"
	"mayfly/server/stream/streamtest"
)

// signouts is the interface that both implementations of the facts have.
type signouts interface {
	Keep(ctx context.Context, entry string, until time.Time) error
	Follow(ctx context.Context, deliver func(entry string, until time.Time)) (stop func(), err error)
	Current() error
}

type entry struct {
	text  string
	until int64
}

// followSignouts returns a channel with the facts that s delivers. A server of a cluster answers only when it is ready, so
// followSignouts tries again.
func followSignouts(t *testing.T, s signouts) <-chan entry {
	t.Helper()
	c := make(chan entry, 10_000)
	var stop func()
	eventually(t, "the facts can be followed", func() bool {
		for len(c) > 0 {
			<-c
		}
		var err error
		stop, err = s.Follow(t.Context(), func(text string, until time.Time) { c <- entry{text, until.UnixMilli()} })
		return err == nil
	})
	t.Cleanup(stop)
	return c
}

func wantEntry(t *testing.T, c <-chan entry, want entry) {
	t.Helper()
	select {
	case got := <-c:
		if got != want {
			t.Errorf("delivered %+v, want %+v", got, want)
		}
	case <-time.After(testTimeout):
		t.Fatalf("%+v never came", want)
	}
}

// keep keeps an entry, and returns it.
func keep(t *testing.T, s signouts, text string, d time.Duration) entry {
	t.Helper()
	until := time.Now().Add(d)
	if err := s.Keep(t.Context(), text, until); err != nil {
		t.Fatal(err)
	}
	return entry{text, until.UnixMilli()}
}

// TestSignoutsReachWhoFollowsNowAndLater: on each implementation, facts reach present and later followers. A fact that
// has expired reaches none.
func TestSignoutsReachWhoFollowsNowAndLater(t *testing.T) {
	both := func(t *testing.T, s, other signouts) {
		early := keep(t, s, "out a", time.Hour)
		c := followSignouts(t, s)
		wantEntry(t, c, early)
		late := keep(t, s, "saw b c", 24*time.Hour)
		wantEntry(t, c, late)
		if err := s.Current(); err != nil {
			t.Errorf("Current = %v", err)
		}
		newcomer := followSignouts(t, other)
		wantEntry(t, newcomer, early)
		wantEntry(t, newcomer, late)
	}
	stores(t, roomy, func(t *testing.T, s *stream.NATS) {
		both(t, s.Facts(), s.Facts())
		keep(t, s.Facts(), "out d", -time.Second)
		c := followSignouts(t, s.Facts())
		<-c
		<-c
		wantEntry(t, c, keep(t, s.Facts(), "out e", time.Minute)) // the fact before this one never comes
	})
	t.Run("Memory", func(t *testing.T) { s := &streamtest.Facts{}; both(t, s, s) })
}

func TestSignoutsOnDiskAreThereAgain(t *testing.T) {
	config := onDisk(t, roomy)
	s := openOnce(t, config, slog.New(slog.DiscardHandler))
	first, second := keep(t, s.Facts(), "out a", time.Hour), keep(t, s.Facts(), "out b", 24*time.Hour)
	s = reopen(t, s, config)
	defer closeLast(t, s)
	c := followSignouts(t, s.Facts())
	wantEntry(t, c, first)
	wantEntry(t, c, second)
}

// TestSignoutsFollowAServerStartedAnew: when the server is restarted, no earlier fact is lost and later facts arrive.
// Meanwhile Current returns an error.
func TestSignoutsFollowAServerStartedAnew(t *testing.T) {
	t.Parallel()
	s := open(t, onDisk(t, roomy))
	kept := s.Facts()
	c := followSignouts(t, kept)
	wantEntry(t, c, keep(t, kept, "out a", time.Hour))
	s.Kill()
	eventually(t, "cut off", func() bool { return kept.Current() != nil })
	eventually(t, "current again", func() bool { return kept.Current() == nil })
	var last entry
	eventually(t, "kept", func() bool {
		until := time.Now().Add(time.Hour)
		last = entry{"out b", until.UnixMilli()}
		return kept.Keep(t.Context(), last.text, until) == nil
	})
	for got := range c { // a fact whose Keep got no answer may have been stored, too
		if got.text == last.text {
			break
		}
		t.Errorf("delivered %+v", got)
	}
}

func TestSignoutsAreNotKeptWhileNothingCanBe(t *testing.T) {
	s := open(t, onDisk(t, roomy))
	s.Block(fmt.Errorf("the disk has no room"))
	if err := s.Facts().Keep(t.Context(), "out a", time.Now().Add(time.Hour)); err == nil {
		t.Error("kept")
	}
}

// TestSignoutsAreBounded: if there are too many facts, the oldest are deleted.
func TestSignoutsAreBounded(t *testing.T) {
	config := roomy
	config.Bytes = 4 * 320 * 1000 // room for 1,000 facts
	stores(t, config, func(t *testing.T, s *stream.NATS) {
		for i := range 1100 {
			keep(t, s.Facts(), fmt.Sprintf("out %024d", i), time.Hour)
		}
		c := followSignouts(t, s.Facts())
		if got := <-c; len(c) != 999 || got.text != fmt.Sprintf("out %024d", 100) {
			t.Errorf("%d entries from %q on, want 1000 from the 100th", len(c)+1, got.text)
		}
	})
}

// TestSignoutsTakeWhatTheyMay checks that a stored fact is not larger than factSize.
func TestSignoutsTakeWhatTheyMay(t *testing.T) {
	config := onDisk(t, roomy)
	s := openOnce(t, config, slog.New(slog.DiscardHandler))
	const n = 2000
	for i := range n {
		keep(t, s.Facts(), fmt.Sprintf("saw %024d %024d", i, i), 24*time.Hour)
	}
	closeLast(t, s)
	var size int64
	err := filepath.WalkDir(filepath.Join(config.Folder, "nats"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".blk" {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(fmt.Sprintf("saw %024d", n-1))) {
			size += int64(len(b))
		}
		return err
	})
	if err != nil || size == 0 || size > n*320 {
		t.Errorf("%d entries take %d bytes (%v), want at most 320 each", n, size, err)
	}
}
