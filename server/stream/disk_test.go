package stream_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mayfly/server/hub"
	"mayfly/server/servertest"
	"mayfly/server/stream"
	"mayfly/shared/wire"
)

// reopen closes s and opens the same folder again.
func reopen(t *testing.T, s *stream.NATS, config stream.Config) *stream.NATS {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return openOnce(t, config, slog.New(slog.DiscardHandler))
}

// openOnce opens a stream. It does not close the stream: the test must do that, with closeLast or reopen.
func openOnce(t *testing.T, config stream.Config, log *slog.Logger) *stream.NATS {
	t.Helper()
	s, err := stream.OpenEmbedded(t.Context(), config, hub.NewClock(time.Now), prometheus.NewRegistry(), log)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closeLast(t *testing.T, s *stream.NATS) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// all returns the messages in a room.
func all(t *testing.T, s hub.Stream, room string) (held []wire.Message) {
	t.Helper()
	stop := catchUp(t, s, room, func() { held = nil }, func(m wire.Message) { held = append(held, m) })
	stop()
	return held
}

// catchUp follows room. On a busy machine a room is sometimes not read in time. Then catchUp calls the function again and
// tries once more, as the hub does.
func catchUp(t *testing.T, s hub.Stream, room string, again func(), deliver func(wire.Message)) (stop func()) {
	t.Helper()
	for deadline := time.Now().Add(testTimeout); ; again() {
		stop, err := s.Follow(t.Context(), room, messages(deliver))
		if err == nil {
			return stop
		}
		if !errors.Is(err, context.DeadlineExceeded) || time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// has compares the messages in a room with want.
func has(t *testing.T, s hub.Stream, room string, want []wire.Message) {
	t.Helper()
	got := all(t, s, room)
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || !reflect.DeepEqual(got[i], want[i]) {
			t.Fatalf("%s has %d messages, want %d; the first difference is at %d:\n%+v\n%+v", room, len(got), len(want), i, got, want)
		}
	}
}

func TestStreamOnDiskIsThereAgain(t *testing.T) {
	config := onDisk(t, roomy)
	s := openOnce(t, config, slog.New(slog.DiscardHandler))
	epoch, stored := s.Epoch(), map[string][]wire.Message{}
	for i := range 30 {
		room := []string{"lobby", "tea"}[i%2]
		stored[room] = append(stored[room], mustAppend(t, s, room, message(i, time.Duration(i+1)*time.Minute)))
	}
	for _, change := range []func(c *stream.Config){
		func(*stream.Config) {},
		func(c *stream.Config) { c.RoomEvents, c.MaxTTL, c.Bytes = 3, time.Minute, 8<<20 }, // takes nothing away
		func(c *stream.Config) { *c = config },
	} {
		changed := config
		change(&changed)
		s = reopen(t, s, changed)
		if s.Epoch() != epoch {
			t.Errorf("epoch %q after a restart, want %q", s.Epoch(), epoch)
		}
		for room, want := range stored {
			has(t, s, room, want)
		}
		first := stored["tea"][0]
		if a := appendOne(t, s, "tea", message(1, time.Minute)); a.err != nil || !a.receipt.Repeat ||
			!reflect.DeepEqual(a.receipt.Message, first) {
			t.Errorf("a repeat after a restart = %+v, %v, want one of %+v", a.receipt, a.err, first)
		}
	}
	next := mustAppend(t, s, "lobby", message(100, time.Minute))
	if last := stored["tea"][14]; next.Seq <= last.Seq {
		t.Errorf("seq %d after a restart, want more than %d", next.Seq, last.Seq)
	}
	closeLast(t, s)
}

// grep returns the files below dir that contain text.
func grep(t *testing.T, dir, text string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // JetStream has removed it meanwhile
			return nil
		}
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if bytes.Contains(b, []byte(text)) || strings.Contains(path, text) {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestNothingOnDiskCanBeRead(t *testing.T) {
	config := onDisk(t, roomy)
	s := openOnce(t, config, slog.New(slog.DiscardHandler))
	m := message(1, time.Minute)
	m.Text, m.User = "quod-erat-demonstrandum", wire.User{ID: "u-euclid", Name: "Euclid of Alexandria"}
	for range 3 {
		mustAppend(t, s, "geometry", m) // the text of a repeat must not be readable either
	}
	for _, when := range []string{"while it runs", "after it was closed"} {
		for _, secret := range []string{m.Text, m.User.ID, "Euclid", m.ID} {
			if found := grep(t, config.Folder, secret); len(found) > 0 {
				t.Errorf("%s %q can be read in %q", when, secret, found)
			}
		}
		if when == "while it runs" {
			closeLast(t, s)
		}
	}
	if len(grep(t, config.Folder, "geometry")) == 0 {
		t.Error("the room's name cannot be found: this test does not look at the right files")
	}
}

func TestFolderIsPrivate(t *testing.T) {
	config := onDisk(t, roomy)
	if err := os.Mkdir(config.Folder, 0o755); err != nil {
		t.Fatal(err)
	}
	s := open(t, config)
	mustAppend(t, s, "lobby", message(1, time.Minute))
	for name, want := range map[string]fs.FileMode{".": fs.ModeDir | 0o700, "keys": fs.ModeDir | 0o700, "lock": 0o600, "keys/ids": 0o600, "format": 0o600} {
		info, err := os.Stat(filepath.Join(config.Folder, name))
		if err != nil || info.Mode() != want {
			t.Errorf("%s has mode %s, %v, want %s", name, info.Mode(), err, want)
		}
	}
	for _, name := range keys(t, config) {
		if info, err := os.Stat(filepath.Join(config.Folder, "keys", name)); err != nil || info.Mode() != 0o600 || info.Size() != 32 {
			t.Errorf("key %s has mode %s and %d bytes, %v", name, info.Mode(), info.Size(), err)
		}
	}
}

var keyName = regexp.MustCompile(`^\d{8}T\d{4}Z$`)

// keys returns the names of the keys for minutes, oldest first.
func keys(t *testing.T, config stream.Config) (names []string) {
	t.Helper()
	files, err := os.ReadDir(filepath.Join(config.Folder, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if keyName.MatchString(f.Name()) {
			names = append(names, f.Name())
		}
	}
	return names
}

func keyOf(m wire.Message) string { return time.UnixMilli(m.Expires).UTC().Format("20060102T1504Z") }

func TestKeysGoWhenTheirMinuteHasPassed(t *testing.T) {
	config := onDisk(t, roomy)
	s := open(t, config)
	early, late := mustAppend(t, s, "lobby", message(1, 2*time.Minute)), mustAppend(t, s, "lobby", message(2, 10*time.Minute))
	if got := keys(t, config); got[0] != keyOf(early) || !slices.Contains(got, keyOf(late)) {
		t.Fatalf("keys %q, want %q and %q", got, keyOf(early), keyOf(late))
	}
	// The key for the minute after that of a message is made in advance.
	if err := s.TendKeys(time.Now()); err != nil {
		t.Fatal(err)
	}
	soon := early
	soon.Expires += time.Minute.Milliseconds()
	if got := keys(t, config); len(got) != 4 || got[1] != keyOf(soon) {
		t.Errorf("keys %q, want one of the minute after each", got)
	}
	end := time.UnixMilli(early.Expires).Truncate(time.Minute).Add(time.Minute)
	if err := s.TendKeys(end.Add(-time.Nanosecond)); err != nil || keys(t, config)[0] != keyOf(early) {
		t.Errorf("keys %q, %v before the minute has passed, want %q to be there", keys(t, config), err, keyOf(early))
	}
	if err := s.TendKeys(end); err != nil || keys(t, config)[0] != keyOf(soon) {
		t.Errorf("keys %q, %v after the minute has passed, want %q to be gone", keys(t, config), err, keyOf(early))
	}
	has(t, s, "lobby", []wire.Message{late})
}

func TestOldKeysGoAtTheStart(t *testing.T) {
	config := onDisk(t, roomy)
	s := openOnce(t, config, slog.New(slog.DiscardHandler))
	m := mustAppend(t, s, "lobby", message(1, 2*time.Minute))
	folder := filepath.Join(config.Folder, "keys")
	old := time.Now().UTC().Add(-time.Minute).Format("20060102T1504Z")
	for _, name := range []string{old, keyOf(m) + ".tmp"} { // such files are left by a process that was killed
		if err := os.WriteFile(filepath.Join(folder, name), bytes.Repeat([]byte{1}, 32), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s = reopen(t, s, config)
	defer closeLast(t, s)
	if got := keys(t, config); got[0] != keyOf(m) {
		t.Errorf("keys %q, want %q to be the oldest", got, keyOf(m))
	}
	if left := grep(t, folder, ".tmp"); len(left) > 0 {
		t.Errorf("%q are left", left)
	}
	has(t, s, "lobby", []wire.Message{m})
}

// TestClockIsNotBehindTheFolder: the wall clock was set back while Mayfly did not run. No message in the folder may live
// longer because of that.
func TestClockIsNotBehindTheFolder(t *testing.T) {
	config := onDisk(t, roomy)
	s := openOnce(t, config, slog.New(slog.DiscardHandler))
	m := mustAppend(t, s, "lobby", message(1, time.Minute))
	closeLast(t, s)
	clock := hub.NewClock(func() time.Time { return time.Now().Add(-time.Hour) })
	s, err := stream.OpenEmbedded(t.Context(), config, clock, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer closeLast(t, s)
	if now := clock.Now(); now.UnixMilli() < m.At {
		t.Errorf("the clock shows %s, and a message was stored at %s", now, time.UnixMilli(m.At))
	}
}

func TestMessageWithoutItsKeyIsSkipped(t *testing.T) {
	for _, tt := range []struct {
		name   string
		damage func(key string) error
		logged string
	}{
		{"the key is gone", os.Remove, "there is no key"},
		{"the key is cut short", func(key string) error { return os.Truncate(key, 7) }, "a key is damaged"},
		{"the key is empty", func(key string) error { return os.Truncate(key, 0) }, "a key is damaged"},
		{"the key is another", func(key string) error { return os.WriteFile(key, bytes.Repeat([]byte{1}, 32), 0o600) }, "does not open it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			config := onDisk(t, roomy)
			s := openOnce(t, config, slog.New(slog.DiscardHandler))
			var kept []wire.Message
			for i := range 21 {
				if m := mustAppend(t, s, "lobby", message(i, time.Duration(10+10*(i%2))*time.Minute)); i%2 == 1 {
					kept = append(kept, m)
				}
			}
			closeLast(t, s)
			lost := message(0, 10*time.Minute)
			for _, name := range keys(t, config) { // the next minute may just have begun
				if name < keyOf(kept[0]) {
					if err := tt.damage(filepath.Join(config.Folder, "keys", name)); err != nil {
						t.Fatal(err)
					}
				}
			}
			var log bytes.Buffer
			s = openOnce(t, config, slog.New(slog.NewTextHandler(&log, nil)))
			has(t, s, "lobby", kept)
			// Nobody waits for the last event of the room, though it cannot be read.
			head, _, err := s.Head(t.Context(), "lobby")
			last := int64(0)
			stop, followErr := s.Follow(t.Context(), "lobby", func(e hub.Event) { last = e.Seq })
			if err := cmp.Or(err, followErr); err != nil {
				t.Fatal(err)
			}
			if stop(); last != head {
				t.Errorf("the last event that is delivered has the seq %d, and the room's head is %d", last, head)
			}
			// The author may post the message again, because it is lost, and everything else works.
			if a := appendOne(t, s, "lobby", lost); a.err != nil || a.receipt.Repeat {
				t.Errorf("posting a lost message again = %+v, %v, want a new one", a.receipt, a.err)
			} else {
				kept = append(kept, a.receipt.Message)
			}
			has(t, s, "lobby", kept)
			closeLast(t, s)
			if !strings.Contains(log.String(), tt.logged) || strings.Contains(log.String(), "message 0 <&>") || strings.Contains(log.String(), "Ada") {
				t.Errorf("the log is\n%s\nwant %q in it, and nothing of a message", &log, tt.logged)
			}
			if lines := strings.Count(log.String(), "stored messages cannot be read"); lines > 4 {
				t.Errorf("%d lines about messages that cannot be read, want one a page:\n%s", lines, &log)
			}
		})
	}
}

func TestFolderThatCannotBeUsed(t *testing.T) {
	base := t.TempDir()
	path := func(name string) string { return filepath.Join(base, name) }
	for _, err := range []error{
		os.WriteFile(path("file"), nil, 0o600),
		os.Mkdir(path("locked"), 0o500),
		os.Mkdir(path("foreign"), 0o755),
		os.WriteFile(path("foreign/thesis.txt"), nil, 0o600),
		os.MkdirAll(path("damaged/nats/jetstream/$G/streams/MAYFLY"), 0o700),
		os.WriteFile(path("damaged/format"), []byte("mayfly 2\n"), 0o600),
		os.MkdirAll(path("older/nats"), 0o700),
		os.MkdirAll(path("newer/keys"), 0o700),
		os.WriteFile(path("newer/format"), []byte("mayfly 3\n"), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	taken := onDisk(t, roomy)
	open(t, taken)
	for _, tt := range []struct{ name, folder, says string }{
		{"a file", path("file"), "want a folder"},
		{"below a file", path("file/data"), "want a folder"},
		{"no permission", path("locked/data"), "want a folder"},
		{"others' files", path("foreign"), "thesis.txt is not Mayfly's"},
		{"in use", taken.Folder, "another mayfly is using this folder"},
		{"an older version's", path("older"), "delete the folder with its messages, or choose another folder"},
		{"a newer version's", path("newer"), "start the version that wrote it"},
		{"a stream that cannot be read", path("damaged"), "could not be recovered"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.name == "no permission" && os.Geteuid() == 0 {
				t.Skip("root may write anywhere; see TestReadOnlyDisk")
			}
			config := roomy
			config.Folder = tt.folder
			s, err := stream.OpenEmbedded(t.Context(), config, hub.NewClock(time.Now), prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
			if err == nil {
				closeLast(t, s)
			}
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("OpenEmbedded = %v, want %q in it", err, tt.says)
			}
		})
	}
	if info, err := os.Stat(path("foreign")); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("others' folder has mode %s now, %v", info.Mode(), err)
	}
}

// tally records how often each append has ended, and with which result.
type tally struct {
	t  *testing.T
	s  *stream.NATS
	wg sync.WaitGroup

	mu     sync.Mutex     // guards what follows
	ends   map[string]int // how often the append with that id has ended
	stored []wire.Message // the stored messages, in the order of their answers
	errs   []error
}

func newTally(t *testing.T, s *stream.NATS) *tally {
	return &tally{t: t, s: s, ends: map[string]int{}}
}

func (a *tally) append(m wire.Message) {
	a.wg.Add(1)
	a.s.Append("lobby", hub.NewMessage(m), receipts(func(r receipt, err error) {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.ends[m.ID]++; a.ends[m.ID] > 1 {
			a.t.Errorf("append %s ended %d times", m.ID, a.ends[m.ID])
			return
		}
		if err == nil {
			a.stored = append(a.stored, r.Message)
		} else {
			a.errs = append(a.errs, err)
		}
		a.wg.Done()
	}))
}

// wait waits for every answer and returns them.
func (a *tally) wait() (stored []wire.Message, errs []error) {
	a.t.Helper()
	done := make(chan struct{})
	go func() {
		a.wg.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(testTimeout):
		a.t.Fatal("appends have no answer")
	}
	return a.stored, a.errs
}

// eventually calls ok again and again until it returns true.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(testTimeout)
	for !ok() {
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatal("never: " + what)
		}
	}
}

func TestBlockedStreamSaysWhy(t *testing.T) {
	s := open(t, roomy)
	reason := errors.New("a reason")
	s.Block(reason)
	if a := appendOne(t, s, "lobby", message(1, time.Minute)); a.err != reason {
		t.Errorf("Append = %+v, %v, want %v", a.receipt, a.err, reason)
	}
	if err := s.Ready(t.Context()); err != reason {
		t.Errorf("Ready = %v, want %v", err, reason)
	}
	s.Block(nil)
	mustAppend(t, s, "lobby", message(1, time.Minute))
	if err := s.Ready(t.Context()); err != nil {
		t.Errorf("Ready = %v", err)
	}
}

// TestHealthIsAskedAgain: a bad answer that comes only now and then, because the machine is busy, does not restart the
// server.
func TestHealthIsAskedAgain(t *testing.T) {
	for _, tt := range []struct {
		name string
		well int // the index of the first good answer
		ill  bool
	}{
		{"well", 0, false},
		{"once not", 1, false},
		{"a few times not", 9, false},
		{"ill", 1000, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asked := 0
			err := stream.Lasting(func() string {
				if asked++; asked > tt.well {
					return ""
				}
				return "startup did not complete"
			})
			if (err != nil) != tt.ill || err != nil && !strings.Contains(err.Error(), "startup did not complete") {
				t.Errorf("it is not well: %v (want: %v), after %d answers", err, tt.ill, asked)
			}
		})
	}
}

func TestServerThatFailedIsStartedAnew(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		fail func(s *stream.NATS) error
	}{
		{"JetStream ended", (*stream.NATS).Break},
		{"NATS ended", func(s *stream.NATS) error { s.Kill(); return nil }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			log := &servertest.Log{}
			s := openOnce(t, onDisk(t, roomy), slog.New(slog.NewTextHandler(log, nil)))
			t.Cleanup(func() { closeLast(t, s) })
			epoch, c := s.Epoch(), follow(t, s, "lobby")
			before := mustAppend(t, s, "lobby", message(1, time.Minute))
			want(t, c, before)

			during := newTally(t, s)
			for i := range 100 {
				during.append(message(1000+i, 10*time.Minute))
			}
			if err := tt.fail(s); err != nil {
				t.Fatal(err)
			}
			for i := range 100 {
				during.append(message(2000+i, 10*time.Minute))
			}
			eventually(t, "started anew", func() bool { return strings.Contains(log.String(), "the stream stores again") })
			if err := s.Ready(t.Context()); err != nil {
				t.Errorf("Ready: %v", err)
			}

			stored, errs := during.wait()
			if len(stored)+len(errs) != 200 || len(errs) == 0 {
				t.Errorf("%d appends stored and %d not, want all 200 to have ended, some with an error", len(stored), len(errs))
			}
			for _, err := range errs {
				if errors.Is(err, hub.ErrFull) {
					t.Errorf("an append ended with %v, which is not why", err)
				}
			}
			after := mustAppend(t, s, "lobby", message(3, time.Minute))
			if s.Epoch() != epoch {
				t.Errorf("epoch %q, want %q still", s.Epoch(), epoch)
			}
			// The follower has everything that was accepted, in order, and perhaps what was stored but not answered.
			last, seen := before.Seq, map[int64]wire.Message{}
			for m := range c {
				if m.Seq <= last {
					t.Fatalf("seq %d after %d", m.Seq, last)
				}
				last, seen[m.Seq] = m.Seq, m
				if m.Seq == after.Seq {
					break
				}
			}
			for _, m := range stored {
				if !reflect.DeepEqual(seen[m.Seq], m) {
					t.Errorf("%+v was accepted, but the follower saw %+v", m, seen[m.Seq])
				}
			}
			late := all(t, s, "lobby")
			if len(late) != len(seen)+1 {
				t.Errorf("a late follower sees %d messages, the first one %d", len(late), len(seen)+1)
			}
		})
	}
}

// TestLostSeqsAreNotGivenOutAgain: JetStream acknowledges messages while it ends by itself, and may not write them.
func TestLostSeqsAreNotGivenOutAgain(t *testing.T) {
	t.Parallel()
	config := onDisk(t, roomy)
	s := open(t, config)
	c, kept := follow(t, s, "lobby"), filepath.Join(t.TempDir(), "kept")
	want(t, c, mustAppend(t, s, "lobby", message(1, time.Minute)))
	if err := os.CopyFS(kept, os.DirFS(filepath.Join(config.Folder, "nats"))); err != nil {
		t.Fatal(err)
	}
	var lost wire.Message
	for i := range 3 {
		lost = mustAppend(t, s, "lobby", message(10+i, time.Minute))
		want(t, c, lost)
	}
	s.KillAnd(func(natsFolder string) {
		if err := errors.Join(os.RemoveAll(natsFolder), os.CopyFS(natsFolder, os.DirFS(kept))); err != nil {
			t.Error(err)
		}
	})
	eventually(t, "ready again", func() bool { return s.Ready(t.Context()) == nil })
	m := mustAppend(t, s, "lobby", message(20, time.Minute))
	if m.Seq <= lost.Seq {
		t.Errorf("a message has seq %d, and one that everybody knows has %d", m.Seq, lost.Seq)
	}
	want(t, c, m)
}

func TestFollowersReadAgainWhatTheyMissed(t *testing.T) {
	t.Parallel()
	s := open(t, onDisk(t, roomy))
	var channels []<-chan wire.Message
	for range 50 {
		channels = append(channels, follow(t, s, "lobby"))
	}
	for round := range 3 {
		s.Kill()
		var m wire.Message
		eventually(t, "stored", func() bool {
			if s.Ready(t.Context()) != nil {
				return false
			}
			a := appendOne(t, s, "lobby", message(round, time.Minute))
			m = a.receipt.Message
			return a.err == nil
		})
		for _, c := range channels {
			want(t, c, m)
		}
	}
}
