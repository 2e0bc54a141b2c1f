package stream_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"mayfly/server/hub"
	"mayfly/server/servertest"
	"mayfly/server/stream"
	"mayfly/server/stream/natstest"
	"mayfly/server/stream/streamtest"
	"mayfly/shared/wire"
)

// TestMain lets four tests run at the same time, unless -parallel says how many. The parallel tests here wait, in real
// time, for JetStream's timers and for the pauses of watch. More tests at once would not end sooner, because one of them
// waits for 15 s, and each has a NATS server whose answers have deadlines.
func TestMain(m *testing.M) {
	natstest.Main()
	flag.Parse()
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "test.parallel" })
	if !said {
		if err := flag.Set("test.parallel", "4"); err != nil {
			panic(err)
		}
	}
	goleak.VerifyTestMain(m)
}

const testTimeout = servertest.Timeout

func open(t *testing.T, config stream.Config) *stream.NATS {
	t.Helper()
	return openWith(t, config, prometheus.NewRegistry())
}

func openWith(t *testing.T, config stream.Config, metrics prometheus.Registerer) *stream.NATS {
	t.Helper()
	n, err := stream.OpenEmbedded(t.Context(), config, hub.NewClock(time.Now), metrics, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, n)
	return n
}

// closeAtEnd closes n at the end of the test.
func closeAtEnd(t *testing.T, n *stream.NATS) {
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
}

var roomy = stream.Config{MaxTTL: time.Hour, RoomEvents: 10_000, Bytes: 64 << 20}

// onDisk returns config with a folder of its own.
func onDisk(t *testing.T, config stream.Config) stream.Config {
	t.Helper()
	config.Folder = filepath.Join(t.TempDir(), "data")
	return config
}

// twins runs a test on each implementation of hub.Stream: they must behave in the same way.
func twins(t *testing.T, test func(t *testing.T, s hub.Stream)) {
	t.Run("NATS", func(t *testing.T) { test(t, open(t, roomy)) })
	t.Run("NATS on disk", func(t *testing.T) { test(t, open(t, onDisk(t, roomy))) })
	t.Run("NATS of its own", func(t *testing.T) { test(t, openCluster(t, clusterOf(natstest.Start(t, 1, "")), roomy)) })
	t.Run("Memory", func(t *testing.T) { test(t, streamtest.NewMemory()) })
}

// storesAtOnce does what stores does, but runs both tests at the same time, because they wait.
func storesAtOnce(t *testing.T, config stream.Config, test func(t *testing.T, s *stream.NATS)) {
	t.Parallel()
	stores(t, config, func(t *testing.T, s *stream.NATS) {
		t.Parallel()
		test(t, s)
	})
}

// stores runs a test on NATS in memory and on disk.
func stores(t *testing.T, config stream.Config, test func(t *testing.T, s *stream.NATS)) {
	t.Run("in memory", func(t *testing.T) { test(t, open(t, config)) })
	t.Run("on disk", func(t *testing.T) { test(t, open(t, onDisk(t, config))) })
}

func message(n int, ttl time.Duration) wire.Message {
	now := time.Now().UnixMilli()
	return wire.Message{
		ID: fmt.Sprintf("0190a8f0-0000-7000-8000-%012d", n), User: wire.User{ID: "u-1", Name: "Ada"},
		Text: fmt.Sprintf("message %d <&> 🪰", n), At: now, Expires: now + ttl.Milliseconds(),
	}
}

// receipt is a hub.Receipt with its message.
type receipt struct {
	Message wire.Message
	Repeat  bool
}

type answer struct {
	receipt receipt
	err     error
}

// receipts returns a function to give to Append, which passes the answer on to done.
func receipts(done func(receipt, error)) func(hub.Receipt, error) {
	return func(r hub.Receipt, err error) { done(receipt{streamtest.Message(r.Event), r.Repeat}, err) }
}

// messages returns a function to give to Follow, which passes each message on to deliver.
func messages(deliver func(wire.Message)) func(hub.Event) {
	return func(e hub.Event) {
		if e.Kind != "" {
			deliver(streamtest.Message(e))
		}
	}
}

func appendOne(t *testing.T, s hub.Stream, room string, m wire.Message) answer {
	t.Helper()
	answers := make(chan answer, 1)
	s.Append(room, hub.NewMessage(m), receipts(func(r receipt, err error) { answers <- answer{r, err} }))
	select {
	case a := <-answers:
		return a
	case <-time.After(testTimeout):
		t.Fatal("no answer to an append")
		return answer{}
	}
}

func mustAppend(t *testing.T, s hub.Stream, room string, m wire.Message) wire.Message {
	t.Helper()
	a := appendOne(t, s, room, m)
	if a.err != nil {
		t.Fatalf("Append: %v", a.err)
	}
	return a.receipt.Message
}

// appendAll appends n messages from number first on, in their order. Only some of them wait for an answer at the same
// time, because an append fails after 5 s without an answer, and a busy machine stores few in that time.
func appendAll(t *testing.T, s hub.Stream, room string, first, n int, ttl time.Duration) {
	t.Helper()
	const atOnce = 8
	free := make(chan struct{}, atOnce)
	for i := range n {
		free <- struct{}{}
		s.Append(room, hub.NewMessage(message(first+i, ttl)), func(_ hub.Receipt, err error) {
			if err != nil {
				t.Error(err)
			}
			<-free
		})
	}
	for range atOnce {
		free <- struct{}{}
	}
}

// follow follows room, and returns a channel of its messages that is large enough for any test here.
func follow(t *testing.T, s hub.Stream, room string) <-chan wire.Message {
	t.Helper()
	c := make(chan wire.Message, 10000)
	empty := func() {
		for len(c) > 0 {
			<-c
		}
	}
	t.Cleanup(catchUp(t, s, room, empty, func(m wire.Message) { c <- m }))
	return c
}

func want(t *testing.T, c <-chan wire.Message, m wire.Message) {
	t.Helper()
	select {
	case got := <-c:
		if !reflect.DeepEqual(got, m) {
			t.Errorf("followed %+v, want %+v", got, m)
		}
	case <-time.After(testTimeout):
		t.Fatalf("did not follow %+v", m)
	}
}

func TestFollowBringsWhatIsStoredThenWhatComes(t *testing.T) {
	twins(t, func(t *testing.T, s hub.Stream) {
		var before []wire.Message
		for i := range 3 {
			before = append(before, mustAppend(t, s, "lobby", message(i, time.Minute)))
			mustAppend(t, s, "tea", message(100+i, time.Minute))
		}
		c := follow(t, s, "lobby")
		if len(c) != len(before) {
			t.Errorf("%d messages when Follow returned, want %d", len(c), len(before))
		}
		for _, m := range before {
			want(t, c, m)
		}
		for i := range 3 {
			mustAppend(t, s, "tea", message(200+i, time.Minute))
			want(t, c, mustAppend(t, s, "lobby", message(10+i, time.Minute)))
		}
	})
}

func TestHeadIsTheLastOfItsRoom(t *testing.T) {
	twins(t, func(t *testing.T, s hub.Stream) {
		wantHead := func(room string, head, last int64) {
			t.Helper()
			if h, l, err := s.Head(t.Context(), room); err != nil || h != head || l != last {
				t.Errorf("the head of %s is %d, the last seq %d, %v, want %d and %d", room, h, l, err, head, last)
			}
		}
		_, before, err := s.Head(t.Context(), "lobby")
		if err != nil {
			t.Fatal(err)
		}
		wantHead("lobby", 0, before)
		mustAppend(t, s, "lobby", message(1, time.Minute))
		second := mustAppend(t, s, "lobby", message(2, time.Minute)).Seq
		tea := mustAppend(t, s, "tea", message(3, time.Minute)).Seq
		wantHead("lobby", second, tea)
		wantHead("tea", tea, tea)
		brief := mustAppend(t, s, "tea", message(4, time.Second)).Seq
		eventually(t, "the last message of tea has expired", func() bool {
			head, _, err := s.Head(t.Context(), "tea")
			return err == nil && head == tea
		})
		wantHead("tea", tea, brief)
	})
}

func TestStopEndsFollowing(t *testing.T) {
	twins(t, func(t *testing.T, s hub.Stream) {
		stopped := make(chan wire.Message, 10)
		stop, err := s.Follow(t.Context(), "lobby", messages(func(m wire.Message) { stopped <- m }))
		if err != nil {
			t.Fatal(err)
		}
		stop()
		c := follow(t, s, "lobby")
		want(t, c, mustAppend(t, s, "lobby", message(1, time.Minute)))
		if len(stopped) != 0 {
			t.Errorf("followed %+v after stop", <-stopped)
		}
	})
}

func TestAppendTwiceIsARepeat(t *testing.T) {
	twins(t, func(t *testing.T, s hub.Stream) {
		c := follow(t, s, "lobby")
		first := mustAppend(t, s, "lobby", message(1, time.Minute))
		again := message(1, 2*time.Minute)
		again.Text = "another text"
		for range 2 {
			a := appendOne(t, s, "lobby", again)
			if a.err != nil || !a.receipt.Repeat || !reflect.DeepEqual(a.receipt.Message, first) {
				t.Errorf("second Append = %+v, %v, want a repeat of %+v", a.receipt, a.err, first)
			}
		}
		other := again
		other.User.ID = "u-2"
		if a := appendOne(t, s, "lobby", other); a.err != nil || a.receipt.Repeat {
			t.Errorf("another person's same id = %+v, %v, want no repeat", a.receipt, a.err)
		}
		if a := appendOne(t, s, "tea", again); a.err != nil || a.receipt.Repeat {
			t.Errorf("the same id in another room = %+v, %v, want no repeat", a.receipt, a.err)
		}
		want(t, c, first)
		other.Seq = first.Seq + 1
		want(t, c, other)
	})
}

func TestAnExpiredMessageIsNoRepeat(t *testing.T) {
	twins(t, func(t *testing.T, s hub.Stream) {
		expired := message(1, -time.Millisecond) // it is stored, but has expired
		mustAppend(t, s, "lobby", expired)
		for round := range 2 {
			a := appendOne(t, s, "lobby", message(1, -time.Millisecond))
			if a.err != nil || a.receipt.Repeat {
				t.Errorf("round %d: Append = %+v, %v, want a new message", round, a.receipt, a.err)
			}
		}
	})
}

func TestManyAtOnceKeepOneOrder(t *testing.T) {
	twins(t, func(t *testing.T, s hub.Stream) {
		const writers, each = 8, 250
		one, two := follow(t, s, "lobby"), follow(t, s, "lobby")
		var stored sync.WaitGroup
		for w := range writers {
			stored.Go(func() { appendAll(t, s, "lobby", w*each, each, 10*time.Minute) })
		}
		stored.Wait()
		late := follow(t, s, "lobby")
		last, byWriter := int64(0), map[int]int{}
		for range writers * each {
			m := <-one
			want(t, two, m)
			want(t, late, m)
			if m.Seq <= last {
				t.Fatalf("seq %d after %d", m.Seq, last)
			}
			last = m.Seq
			var n int
			if _, err := fmt.Sscanf(m.Text, "message %d", &n); err != nil {
				t.Fatal(err)
			}
			if w := n / each; n%each != byWriter[w] {
				t.Fatalf("writer %d: message %d, want %d", w, n%each, byWriter[w])
			}
			byWriter[n/each]++
		}
	})
}

func TestFullRoomRefusesAndKeepsWhatItHas(t *testing.T) {
	stores(t, stream.Config{MaxTTL: time.Hour, RoomEvents: 3, Bytes: 1 << 20}, func(t *testing.T, s *stream.NATS) {
		var kept []wire.Message
		for i := range 3 {
			kept = append(kept, mustAppend(t, s, "lobby", message(i, time.Minute)))
		}
		if a := appendOne(t, s, "lobby", message(3, time.Minute)); !errors.Is(a.err, hub.ErrFull) {
			t.Errorf("Append to a full room = %+v, %v, want ErrFull", a.receipt, a.err)
		}
		mustAppend(t, s, "tea", message(4, time.Minute)) // another room is not full
		c := follow(t, s, "lobby")
		for _, m := range kept {
			want(t, c, m)
		}
	})
}

func TestFullStreamRefusesAndKeepsWhatItHas(t *testing.T) {
	stores(t, stream.Config{MaxTTL: time.Hour, RoomEvents: 5000, Bytes: 64 << 10}, func(t *testing.T, s *stream.NATS) {
		long := func(i int) wire.Message {
			m := message(i, time.Minute)
			m.Text = strings.Repeat("x", wire.MaxText)
			return m
		}
		first := mustAppend(t, s, "lobby", long(0))
		for i := 1; ; i++ {
			a := appendOne(t, s, fmt.Sprintf("room-%d", i), long(i))
			if errors.Is(a.err, hub.ErrFull) {
				break
			}
			if a.err != nil || i > 64 {
				t.Fatalf("append %d = %v, want ErrFull some time", i, a.err)
			}
		}
		want(t, follow(t, s, "lobby"), first)
	})
}

// TestFullStreamIsLogged: when the stream is full, the log has one line of Mayfly and none of NATS. A full room writes
// nothing to the log, because that concerns only its members.
func TestFullStreamIsLogged(t *testing.T) {
	config := stream.Config{MaxTTL: time.Hour, RoomEvents: 2, Bytes: 64 << 10}
	for name, config := range map[string]stream.Config{"memory": config, "disk": onDisk(t, config)} {
		t.Run(name, func(t *testing.T) {
			var log servertest.Log
			s, err := stream.OpenEmbedded(t.Context(), config, hub.NewClock(time.Now), prometheus.NewRegistry(),
				slog.New(slog.NewTextHandler(&log, nil)))
			if err != nil {
				t.Fatal(err)
			}
			for i := range 3 {
				if a := appendOne(t, s, "lobby", message(i, time.Minute)); errors.Is(a.err, hub.ErrFull) != (i == 2) {
					t.Fatalf("append %d to the room = %v", i, a.err)
				}
			}
			if got := log.String(); got != "" {
				t.Errorf("a full room writes to the log: %s", got)
			}
			for i, full := 0, 0; full < 3; i++ {
				m := message(100+i, time.Minute)
				m.Text = strings.Repeat("x", wire.MaxText)
				switch a := appendOne(t, s, fmt.Sprintf("room-%d", i), m); {
				case errors.Is(a.err, hub.ErrFull):
					full++
				case a.err != nil || i > 64:
					t.Fatalf("append %d = %v, want ErrFull some time", i, a.err)
				}
			}
			if got := log.String(); strings.Count(got, "the stream is full") != 1 || strings.Count(got, "\n") != 1 {
				t.Errorf("the log of a full stream is %q, want one line", got)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestJetStreamForgets waits for a second or two of real time, because it needs JetStream's own timer.
func TestJetStreamForgets(t *testing.T) {
	t.Parallel()
	for name, longest := range map[string]time.Duration{"a short life": time.Hour, "the longest life": time.Second} {
		t.Run(name, func(t *testing.T) {
			config := roomy
			config.MaxTTL = longest
			storesAtOnce(t, config, func(t *testing.T, s *stream.NATS) {
				m := mustAppend(t, s, "lobby", message(1, time.Second))
				eventually(t, "JetStream forgets the message", func() bool { return len(all(t, s, "lobby")) == 0 })
				if now := time.Now().UnixMilli(); now < m.Expires {
					t.Errorf("JetStream forgot the message %d ms before it expired", m.Expires-now)
				}
			})
		})
	}
}

// TestLongerLivesLater: a restart lets messages live longer, and JetStream still forgets the old ones in time.
func TestLongerLivesLater(t *testing.T) {
	t.Parallel()
	config := onDisk(t, roomy)
	config.MaxTTL = time.Second
	s, err := stream.OpenEmbedded(t.Context(), config, hub.NewClock(time.Now), prometheus.NewRegistry(),
		slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	mustAppend(t, s, "lobby", message(1, time.Second))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	config.MaxTTL = time.Hour
	s = open(t, config)
	mustAppend(t, s, "lobby", message(2, time.Hour))
	eventually(t, "JetStream forgets the old message", func() bool {
		stored, err := s.Sealed(t.Context(), "lobby", 1)
		return err == nil && stored == nil
	})
}

func TestFollowReadsManyPages(t *testing.T) {
	stores(t, roomy, func(t *testing.T, s *stream.NATS) {
		const many = 1300 // more than two pages
		appendAll(t, s, "lobby", 0, many, 10*time.Minute)
		c := follow(t, s, "lobby")
		if len(c) != many {
			t.Fatalf("%d messages, want %d", len(c), many)
		}
	})
}

// TestFollowerThatFallsBehind: while a follower is busy, more messages come than its queue holds. It still gets each of them
// once and in order.
func TestFollowerThatFallsBehind(t *testing.T) {
	s := open(t, roomy)
	busy, c := make(chan struct{}), make(chan wire.Message, 10000)
	stop, err := s.Follow(t.Context(), "lobby", messages(func(m wire.Message) {
		<-busy
		c <- m
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	const many = stream.Queued + 500
	appendAll(t, s, "lobby", 0, many, 10*time.Minute)
	close(busy)
	for i := range int64(many) {
		select {
		case m := <-c:
			if m.Seq != i+1 {
				t.Fatalf("followed %d after %d", m.Seq, i)
			}
		case <-time.After(testTimeout):
			t.Fatalf("did not follow %d", i+1)
		}
	}
}

func TestEveryStreamHasAnEpochOfItsOwn(t *testing.T) {
	a, b := open(t, roomy), open(t, roomy)
	if a.Epoch() == "" || a.Epoch() == b.Epoch() {
		t.Errorf("epochs %q and %q, want two different ones", a.Epoch(), b.Epoch())
	}
	if err := a.Ready(t.Context()); err != nil {
		t.Errorf("Ready: %v", err)
	}
}

func TestFollowGivesUpWithItsContext(t *testing.T) {
	stores(t, roomy, func(t *testing.T, s *stream.NATS) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.Follow(ctx, "lobby", func(hub.Event) {}); err == nil {
			t.Error("Follow with a context that is done returned no error")
		}
	})
}

// benchmarks runs a benchmark on NATS in memory and on disk.
func benchmarks(b *testing.B, run func(b *testing.B, s *stream.NATS)) {
	for _, name := range []string{"in memory", "on disk"} {
		b.Run(name, func(b *testing.B) {
			config := stream.Config{MaxTTL: time.Hour, RoomEvents: 1 << 30, Bytes: 8 << 30}
			if name == "on disk" {
				config.Folder = b.TempDir()
			}
			s, err := stream.OpenEmbedded(b.Context(), config, hub.NewClock(time.Now), prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			run(b, s)
		})
	}
}

// BenchmarkAppendToFollow measures the time from Append until the follower gets the event: the median of all.
func BenchmarkAppendToFollow(b *testing.B) {
	benchmarks(b, func(b *testing.B, s *stream.NATS) {
		c := make(chan time.Time, 1)
		stop, err := s.Follow(b.Context(), "lobby", func(hub.Event) { c <- time.Now() })
		if err != nil {
			b.Fatal(err)
		}
		defer stop()
		var took []time.Duration
		for b.Loop() {
			e := hub.NewMessage(message(len(took), time.Minute))
			began := time.Now()
			s.Append("lobby", e, func(hub.Receipt, error) {})
			took = append(took, (<-c).Sub(began))
		}
		slices.Sort(took)
		b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1000, "median-µs")
	})
}

// BenchmarkAppends measures the throughput: no append waits for the answer to the one before.
func BenchmarkAppends(b *testing.B) {
	benchmarks(b, func(b *testing.B, s *stream.NATS) {
		var answers sync.WaitGroup
		i := 0
		for b.Loop() {
			i++
			answers.Add(1)
			s.Append("lobby", hub.NewMessage(message(i, time.Minute)), func(_ hub.Receipt, err error) {
				if err != nil {
					b.Error(err)
				}
				answers.Done()
			})
		}
		answers.Wait()
	})
}
