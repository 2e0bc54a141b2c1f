package stream_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mayfly/server/hub"
	"mayfly/server/stream"
	"mayfly/shared/wire"
)

const (
	perRoom    = 1000                                           // messages of one room in the benchmarks of this file
	unanswered = 256                                            // posts that may wait for an answer
	hundred    = "lunch? lunch? lunch? lunch? lunch? lunch? " + // a text of 100 characters
		"lunch? lunch? lunch? lunch? lunch? lunch? lunch? lunch? ok"
)

// crowd is a hub over an embedded NATS server in memory. Its members count frames.
type crowd struct {
	*hub.Hub
	free  chan struct{} // has room for one value for each unanswered post
	stats func() hub.Stats
}

// newCrowd starts a hub whose messages live for ttl.
func newCrowd(b *testing.B, ttl time.Duration) *crowd {
	log, clock := slog.New(slog.DiscardHandler), hub.NewClock(time.Now)
	s, err := stream.OpenEmbedded(b.Context(), stream.Config{MaxTTL: ttl, RoomEvents: 10 * perRoom, Bytes: 16 << 30}, clock,
		prometheus.NewRegistry(), log)
	if err != nil {
		b.Fatal(err)
	}
	h := hub.New(hub.Config{
		TTL:   wire.TTL{Min: 1000, Default: ttl.Milliseconds(), Max: ttl.Milliseconds()},
		Posts: 1 << 30, GuestPosts: 1 << 30, Acts: 1 << 30, Per: time.Second,
		RoomMessages: 2 * perRoom, RoomBytes: 1 << 30, Rooms: 1 << 20,
	}, s, s, clock, log)
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = h.Run(ctx) })
	b.Cleanup(func() {
		stop()
		running.Wait()
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return &crowd{Hub: h, free: make(chan struct{}, unanswered), stats: h.Stats}
}

// author is a member that lets the crowd go on when one of its posts is answered, and notes when a message comes.
type author struct {
	crowd *crowd
	came  func()
}

var posted, accepted = []byte(`{"type":"posted"`), []byte(`{"type":"accepted"`)

func (a *author) Send(f *hub.Frame) bool {
	switch b := f.AppendTo(nil, 0); {
	case strings.HasPrefix(string(b), string(accepted)):
		<-a.crowd.free
	case strings.HasPrefix(string(b), string(posted)) && a.came != nil:
		a.came()
	}
	return true
}

// enter returns a client of a guest in that room.
func (c *crowd) enter(b *testing.B, room string, came func()) *hub.Client {
	guest := wire.User{ID: "g-ABCDEFGHIJKLMNOPQRST" + room, Name: "Guest " + room, Anonymous: true}
	client := c.NewClient(&author{c, came}, guest, "", hub.Writer)
	client.Join(b.Context(), "join", wire.Join{Room: room})
	return client
}

// fill posts n messages, and returns when all of them live.
func (c *crowd) fill(b *testing.B, n int) {
	var client *hub.Client
	room := ""
	for i := range n {
		if i%perRoom == 0 {
			room = "room-" + strconv.Itoa(i/perRoom)
			client = c.enter(b, room, nil)
		}
		c.free <- struct{}{}
		client.Post(wire.Post{ID: fmt.Sprintf("0190a8f0-0000-7000-8000-%012d", i), Room: room, Text: hundred})
	}
	for deadline := time.Now().Add(testTimeout); c.stats().Messages < n; runtime.Gosched() {
		if time.Now().After(deadline) {
			b.Fatalf("%d messages live, want %d", c.stats().Messages, n)
		}
	}
}

// resident returns the bytes of memory that the process has from the system.
func resident(b *testing.B) float64 {
	stat, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Skip(err)
	}
	pages, err := strconv.ParseFloat(strings.Fields(string(stat))[1], 64)
	if err != nil {
		b.Fatal(err)
	}
	return pages * float64(os.Getpagesize())
}

// inUse returns the bytes of the heap and the stacks after a collection.
func inUse() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapInuse + m.StackInuse)
}

// BenchmarkLiveMessage measures the memory for each of as many messages as -benchtime says, in the hub and in JetStream. The
// file named in MEMORY_PROFILE gets a profile of the heap.
func BenchmarkLiveMessage(b *testing.B) {
	c := newCrowd(b, time.Hour)
	c.fill(b, 1) // the first message starts goroutines and makes buffers
	heap, rss := inUse(), resident(b)
	b.ResetTimer()
	c.fill(b, b.N)
	b.StopTimer()
	b.ReportMetric((resident(b)-rss)/float64(b.N), "RSS-B/message")
	b.ReportMetric((inUse()-heap)/float64(b.N), "heap-B/message")
	if name := os.Getenv("MEMORY_PROFILE"); name != "" && b.N > 1 {
		f, err := os.Create(name)
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		if err := pprof.WriteHeapProfile(f); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkExpiry measures how long a message takes from its post to its delivery while as many messages as -benchtime says
// expire. They expire as fast as they were posted.
func BenchmarkExpiry(b *testing.B) {
	if b.N == 1 {
		return // the first run of every benchmark, which counts for nothing here
	}
	ttl := max(30*time.Second, time.Duration(b.N)*200*time.Microsecond) // all live before the first expires
	c := newCrowd(b, ttl)
	came := make(chan time.Time)
	probe := c.enter(b, "probe", func() { came <- time.Now() })
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	b.ResetTimer()
	began := time.Now()
	c.fill(b, b.N)
	filled := time.Since(began)
	for c.stats().Messages == b.N { // until the first message expires
		<-tick.C
	}
	var waits []time.Duration
	for i := 0; c.stats().Messages > 0 && time.Since(began) < ttl+2*filled+time.Second; i++ {
		c.free <- struct{}{}
		at := time.Now()
		probe.Post(wire.Post{ID: fmt.Sprintf("0190a8f0-0000-7000-9000-%012d", i), Room: "probe", Text: hundred, TTL: 1000})
		waits = append(waits, (<-came).Sub(at))
		<-tick.C
	}
	slices.Sort(waits)
	if len(waits) == 0 {
		b.Fatal("all messages had expired before the first post")
	}
	b.ReportMetric(float64(b.N)/filled.Seconds(), "expired/s")
	b.ReportMetric(float64(waits[len(waits)/2].Microseconds()), "median-µs")
	b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(float64(waits[len(waits)-1].Microseconds()), "worst-µs")
}
