package stream_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mayfly/server/hub"
	"mayfly/server/servertest"
	"mayfly/server/stream"
	"mayfly/shared/wire"
)

// smallDisk mounts a disk of that size until the test ends. Only root can: others skip the test, but CI must run it.
func smallDisk(t *testing.T, options string) string {
	t.Helper()
	path := t.TempDir()
	if err := syscall.Mount("mayfly-test", path, "tmpfs", 0, options); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("mount a tmpfs: %v", err)
		}
		t.Skipf("this test needs root on Linux, for a small disk: mount a tmpfs: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(path, 0); err != nil {
			t.Error(err)
		}
	})
	return path
}

// ballast takes all the space on a disk except leave bytes, until the function that it returns is called.
func ballast(t *testing.T, disk string, leave int64) (remove func()) {
	t.Helper()
	path := filepath.Join(disk, "lost+found") // the only other name that a stream accepts in its folder
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var s syscall.Statfs_t
	if err := syscall.Statfs(disk, &s); err != nil {
		t.Fatal(err)
	}
	chunk := make([]byte, 4096)
	for left := int64(s.Bavail)*s.Bsize - leave; left > 0; left -= int64(len(chunk)) {
		if _, err := f.Write(chunk); errors.Is(err, syscall.ENOSPC) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	}
}

func TestDiskThatIsFullRefusesUntilMessagesExpire(t *testing.T) {
	t.Parallel()
	config := roomy
	config.Folder = smallDisk(t, "size=24m")
	s := open(t, config)
	kept := mustAppend(t, s, "keep", message(0, 10*time.Minute))
	// Fill the disk with messages that live for a few seconds. If that takes longer than they live, the first messages
	// expire before the disk is full: then try again with twice the life.
	const most = 2000 // more messages of that length than 24 MiB can hold
	n, away := 0, 0
	for full := 0; full == 0; {
		ttl := 2 * time.Second << (n / most)
		if ttl > config.MaxTTL {
			t.Fatalf("24 MiB hold %d messages of %d characters", most, wire.MaxText)
		}
		batch := newTally(t, s)
		for range 8 { // several at once, because an append fails after 5 s without an answer
			n++
			m := message(n, ttl)
			m.Text = strings.Repeat("x", wire.MaxText)
			batch.append(m)
		}
		_, errs := batch.wait()
		for _, err := range errs {
			if errors.Is(err, hub.ErrFull) {
				full++
			} else if away++; away > 100 { // on a busy machine the stream may sometimes not answer in time
				t.Fatalf("Append = %v, want ErrFull", err)
			}
		}
		if len(errs) > 0 && full == 0 {
			eventually(t, "ready", func() bool { return s.Ready(t.Context()) == nil })
		}
	}
	has(t, s, "keep", []wire.Message{kept})
	eventually(t, "room again", func() bool { return appendOne(t, s, "tea", message(1, time.Minute)).err == nil })
	has(t, s, "keep", []wire.Message{kept})
}

func TestDiskThatOthersFillRefusesUntilThereIsRoom(t *testing.T) {
	t.Parallel()
	config := roomy
	config.Folder = smallDisk(t, "size=32m")
	s := open(t, config)
	var kept []wire.Message
	for i := range 100 {
		kept = append(kept, mustAppend(t, s, "lobby", message(i, 10*time.Minute)))
	}
	free := ballast(t, config.Folder, 128<<10)
	eventually(t, "not ready", func() bool { return s.Ready(t.Context()) != nil })
	if err := s.Ready(t.Context()); !errors.Is(err, hub.ErrFull) {
		t.Errorf("Ready = %v, want ErrFull", err)
	}
	for i := range 10 {
		if a := appendOne(t, s, "lobby", message(1000+i, 10*time.Minute)); !errors.Is(a.err, hub.ErrFull) {
			t.Errorf("Append = %+v, %v, want ErrFull", a.receipt, a.err)
		}
	}
	// If a write has failed before Mayfly noticed that the disk is full, JetStream is being restarted.
	eventually(t, "reading", func() bool {
		_, _, err := s.Head(t.Context(), "lobby")
		return err == nil
	})
	has(t, s, "lobby", kept)
	free()
	eventually(t, "ready", func() bool { return s.Ready(t.Context()) == nil })
	kept = append(kept, mustAppend(t, s, "lobby", message(2000, 10*time.Minute)))
	has(t, s, "lobby", kept)
}

// TestFailedWriteIsGotOver fills the disk faster than watch checks it, so that writes fail. After that JetStream answers
// no append, even when there is space, until the server is restarted.
func TestFailedWriteIsGotOver(t *testing.T) {
	t.Parallel()
	log := &servertest.Log{}
	config := roomy
	config.Folder = smallDisk(t, "size=32m")
	s := openOnce(t, config, slog.New(slog.NewTextHandler(log, nil)))
	t.Cleanup(func() { closeLast(t, s) })
	epoch, c := s.Epoch(), follow(t, s, "lobby")
	long := strings.Repeat("x", wire.MaxText)
	a := newTally(t, s)
	n := 0
	more := func(k int) {
		for range k {
			n++
			m := message(n, 10*time.Minute)
			m.Text = long
			a.append(m)
		}
	}
	for range 25 { // 8 at once, because an append fails after 5 s without an answer
		more(8)
		a.wait()
	}
	for round := range 3 {
		for !strings.Contains(log.String(), "no space left") {
			free := ballast(t, config.Folder, 0)
			more(100)
			eventually(t, "the error is noticed", func() bool { return s.Ready(t.Context()) != nil })
			free()
			if !strings.Contains(log.String(), "no space left") {
				// watch has checked the disk just in time
				eventually(t, "ready", func() bool { return s.Ready(t.Context()) == nil })
			}
		}
		eventually(t, "ready", func() bool { return s.Ready(t.Context()) == nil })
		if a := appendOne(t, s, "lobby", message(1_000_000+round, 10*time.Minute)); a.err != nil {
			t.Fatalf("Append when there is room again: %v", a.err)
		}
		log.Reset()
	}
	stored, errs := a.wait()
	if len(stored) < 200 || len(errs) == 0 {
		t.Errorf("%d appends stored, %d not", len(stored), len(errs))
	}
	if s.Epoch() != epoch {
		t.Errorf("epoch %q, want %q still", s.Epoch(), epoch)
	}
	in := map[int64]wire.Message{}
	last := int64(0)
	for _, m := range all(t, s, "lobby") {
		if m.Seq <= last {
			t.Errorf("seq %d after %d", m.Seq, last)
		}
		last, in[m.Seq] = m.Seq, m
	}
	for _, m := range stored {
		if !reflect.DeepEqual(in[m.Seq], m) {
			t.Errorf("message %d was accepted and is not there any more", m.Seq)
		}
	}
	for range in {
		select {
		case m := <-c:
			if !reflect.DeepEqual(in[m.Seq], m) {
				t.Errorf("the follower saw %d, which is not stored", m.Seq)
			}
		case <-time.After(testTimeout):
			t.Fatal("the follower did not see everything")
		}
	}
}

func TestReadOnlyDisk(t *testing.T) {
	config := roomy
	config.Folder = filepath.Join(smallDisk(t, "size=1m,ro"), "data")
	s, err := stream.OpenEmbedded(t.Context(), config, hub.NewClock(time.Now), prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	if err == nil {
		closeLast(t, s)
	}
	if err == nil || !strings.Contains(err.Error(), "want a folder") || !strings.Contains(err.Error(), "read-only") {
		t.Errorf("OpenEmbedded on a disk that is read-only = %v", err)
	}
}
