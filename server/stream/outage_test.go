package stream_test

import (
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mayfly/server/stream"
	"mayfly/shared/wire"
)

const (
	fleeting = 1500 * time.Millisecond // the life of messages that expire while the stream is away
	enough   = 100                     // accepted posts between two outages
)

// away reports whether f says that the stream cannot answer now, but may later. If f is any other refusal, the test
// fails.
func away(t *testing.T, f wire.Frame) bool {
	r, ok := f.(wire.Refused)
	if ok && (r.Code != wire.CodeUnavailable || r.RetryMS <= 0) {
		t.Errorf("refused while the stream is away: %+v, want unavailable and a time to try again", r)
	}
	return ok
}

// outcome records the answers to all posts.
type outcome struct {
	mu       sync.Mutex
	accepted map[string]wire.Accepted // by id
	refused  map[string]bool
}

// accepts returns how many posts were accepted.
func (o *outcome) accepts() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.accepted)
}

// refusals returns how many posts were refused.
func (o *outcome) refusals() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.refused)
}

// ends records f, the answer to a post.
func (o *outcome) ends(t *testing.T, id string, f wire.Frame) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if a, ok := f.(wire.Accepted); ok {
		o.accepted[id] = a
	} else if away(t, f) {
		o.refused[id] = true
	} else if f != nil {
		t.Errorf("a post was answered %s", show(f))
	}
}

// every yields 0, 1, 2 and so on at that pace, until stop is true.
func every(pace time.Duration, stop *atomic.Bool) iter.Seq[int] {
	return func(yield func(int) bool) {
		tick := time.NewTicker(pace)
		defer tick.Stop()
		for n := 0; !stop.Load() && yield(n); n++ {
			<-tick.C
		}
	}
}

// TestOutage breaks the stream of a server at which clients post, join, read and poll, and lets it work again, twice.
func TestOutage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		config stream.Config
		fail   func(*stream.NATS) error
	}{
		{"NATS ended, on disk", onDisk(t, roomy), func(s *stream.NATS) error { s.Kill(); return nil }},
		{"JetStream ended, on disk", onDisk(t, roomy), (*stream.NATS).Break},
		{"connections cut, in memory", roomy, (*stream.NATS).Cut},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := openOnce(t, tt.config, slog.New(slog.DiscardHandler))
			t.Cleanup(func() { closeLast(t, s) })
			t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
			h := serve(t, s)
			o := &outcome{accepted: map[string]wire.Accepted{}, refused: map[string]bool{}}
			readers := []<-chan wire.Frame{}
			for range 2 {
				r, _ := h.in(t, "lobby")
				readers = append(readers, r.listen())
			}
			_, first := h.in(t, "lobby")

			var stop atomic.Bool
			var busy sync.WaitGroup
			for i := range 4 {
				poster, _ := h.in(t, "lobby")
				busy.Go(func() {
					for n := range every(40*time.Millisecond, &stop) {
						id := fmt.Sprintf("%08d-0000-4000-8000-%012d", i, n)
						poster.send(wire.Post{ID: id, Room: "lobby", Text: fmt.Sprint(n), TTL: int64(n%2) * fleeting.Milliseconds()})
						o.ends(t, id, poster.answer())
					}
				})
			}
			busy.Go(func() { // by polls
				for n := range every(40*time.Millisecond, &stop) {
					id := fmt.Sprintf("%08d-0000-4000-8000-%012d", 9, n)
					frames := h.poll(t, wire.Hello{Wait: new(int64(0)), Rooms: []wire.Join{{Room: "lobby", Cursor: &wire.Cursor{Epoch: first.Epoch}}}},
						wire.Post{ID: id, Room: "lobby", Text: fmt.Sprint(n)})
					i := slices.IndexFunc(frames, func(f wire.Frame) bool { k := wire.Kind(f); return k == "accepted" || k == "refused" })
					if i < 0 || !slices.ContainsFunc(frames, func(f wire.Frame) bool { return wire.Kind(f) == "joined" }) {
						t.Errorf("a poll was answered with %d frames, want joined, and what became of the post", len(frames))
						return
					}
					o.ends(t, id, frames[i])
				}
			})
			var kept, opened, unopened int
			busy.Go(func() { // a room that is open is joined from memory; another one when the stream is there
				again, _ := h.in(t, "lobby")
				// the server accepts 64 joins and leaves in 10 s, and some ticks come late
				for n := range every(time.Second, &stop) {
					room := fmt.Sprintf("room-%d", n)
					again.send(wire.Join{Room: "lobby"})
					f := again.answer()
					if j, ok := f.(wire.Joined); !ok || j.Room != "lobby" {
						t.Errorf("joining an open room was answered %s", show(f))
						return // its answers would no longer match its frames
					}
					kept++
					again.send(wire.Join{Room: room})
					if away(t, again.answer()) {
						unopened++
					} else {
						opened++
						again.send(wire.Leave{Room: room})
					}
				}
			})

			chats := func() {
				before := o.accepts()
				eventually(t, "chatting", func() bool { return o.accepts() > before+enough })
			}
			chats()
			for n := 0; n < 2 || n < 50 && o.refusals() == 0; n++ { // the stream may work again before a client posts
				if err := tt.fail(s); err != nil {
					t.Fatal(err)
				}
				eventually(t, "ready again", func() bool { return s.Ready(t.Context()) == nil })
				chats()
			}
			chats()
			stop.Store(true)
			busy.Wait()
			last, _ := h.in(t, "lobby")
			last.send(wire.Post{ID: "00000000-0000-4000-8000-00000000dead", Room: "lobby", Text: "the end"})
			end := await[wire.Accepted](last)
			t.Logf("%d posts accepted, %d refused; %d joins from memory, %d rooms opened, %d not", len(o.accepted), len(o.refused), kept, opened, unopened)
			if len(o.refused) == 0 {
				t.Error("nothing was refused: the stream was never away")
			}
			for _, r := range readers {
				o.judge(t, r, end.Seq)
			}
		})
	}
}

// TestOutageOfMemory ends JetStream in memory, where nothing restarts it. Known messages can still be read, and clients
// that post are told to wait.
func TestOutageOfMemory(t *testing.T) {
	t.Parallel()
	s := openOnce(t, roomy, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { closeLast(t, s) })
	h := serve(t, s)
	ann, _ := h.in(t, "lobby")
	ben, _ := h.in(t, "lobby")
	ann.send(wire.Post{ID: message(1, 0).ID, Room: "lobby", Text: "before"})
	await[wire.Accepted](ann) // it may come before or after posted
	await[wire.Posted](ben)
	if err := s.Break(); err != nil {
		t.Fatal(err)
	}
	for n, f := range []wire.Frame{wire.Post{ID: message(2, 0).ID, Room: "lobby", Text: "during"}, wire.Join{Room: "tea"}} {
		ann.send(f)
		if !away(t, ann.answer()) {
			t.Errorf("frame %d was not refused", n)
		}
	}
	if _, joined := h.in(t, "lobby"); len(joined.Messages) != 1 {
		t.Errorf("joined with %d messages, want the one from before", len(joined.Messages))
	}
	if s.Ready(t.Context()) == nil {
		t.Error("it says that it is ready")
	}
}

// fleets reports whether a message is one of those that expire while the stream is away.
func fleets(at, expires int64) bool { return expires-at == fleeting.Milliseconds() }

// judge reads the frames that a client got until the message end and until all fleeting messages are gone. Every accepted
// message must be among them, once and in order. A message that was refused as unavailable may have been stored all the
// same, once.
func (o *outcome) judge(t *testing.T, told <-chan wire.Frame, end int64) {
	t.Helper()
	last, seen, living := int64(0), map[string]int64{}, map[int64]bool{} // living: the fleeting messages that were not yet removed
	timeout := time.After(testTimeout)
	for last != end || len(living) > 0 {
		var f wire.Frame
		select {
		case f = <-told:
		case <-timeout:
		}
		switch f := f.(type) {
		case wire.Posted:
			if _, twice := seen[f.ID]; twice || f.Seq <= last {
				t.Fatalf("%+v after %d, twice: %v", f, last, twice)
			}
			last, seen[f.ID] = f.Seq, f.Seq
			if fleets(f.At, f.Expires) {
				living[f.Seq] = true
			}
		case wire.Removed:
			for _, seq := range f.Seqs {
				delete(living, seq)
			}
		case nil:
			t.Fatalf("it ends at %d of %d, with %d messages that were never removed", last, end, len(living))
		}
	}
	for id, a := range o.accepted {
		if seen[id] != a.Seq && !(seen[id] == 0 && fleets(a.At, a.Expires)) { // the message may have expired on its way
			t.Errorf("%s was accepted as %d, and seen as %d", id, a.Seq, seen[id])
		}
	}
	for id := range seen {
		if _, accepted := o.accepted[id]; !accepted && !o.refused[id] && seen[id] != end {
			t.Errorf("%s was seen and never answered", id)
		}
	}
}
