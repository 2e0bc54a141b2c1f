package hub_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"mayfly/server/hub"
	"mayfly/server/stream/streamtest"
	"mayfly/shared/wire"
)

// sink is a member that only counts its frames.
type sink struct{ frames atomic.Int64 }

func (s *sink) Send(*hub.Frame) bool {
	s.frames.Add(1)
	return true
}

// echo is a stream that stores nothing and delivers every message at once.
type echo struct {
	seq     int64
	deliver func(hub.Event)
}

func (e *echo) Epoch() string { return "echo" }

func (e *echo) Append(_ string, ev hub.Event, done func(hub.Receipt, error)) {
	e.seq++
	ev.Seq = e.seq
	done(hub.Receipt{Event: ev}, nil)
	e.deliver(ev)
}

func (e *echo) Follow(_ context.Context, _ string, deliver func(hub.Event)) (stop func(), err error) {
	e.deliver = deliver
	return func() {}, nil
}

func (e *echo) Erase(string, int64) {}

func (e *echo) Head(context.Context, string) (head, last int64, err error) { return 0, 0, nil }

// BenchmarkFanOut measures one delivery in a room of 1,000 members. "floor" only calls Send with a finished frame; "hub"
// does all the work of a post in the hub.
func BenchmarkFanOut(b *testing.B) {
	const members = 1000
	b.Run("floor", func(b *testing.B) {
		var sinks []hub.Member
		for range members {
			sinks = append(sinks, &sink{})
		}
		f := hub.NewFrame(wire.Leave{Room: "lobby"})
		for b.Loop() {
			for _, s := range sinks {
				s.Send(f)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*members), "ns/delivery")
	})
	b.Run("hub", func(b *testing.B) {
		config := testConfig
		config.Posts, config.RoomMessages, config.RoomBytes = 1<<30, 1<<30, 1<<40
		h := hub.New(config, &echo{}, streamtest.NewMemory(), hub.NewClock(time.Now), slog.New(slog.DiscardHandler))
		var first *hub.Client
		for i := range members {
			c := h.NewClient(&sink{}, wire.User{ID: fmt.Sprintf("u-%d", i), Name: "Ann"}, "", hub.Writer)
			c.Join(b.Context(), "join", wire.Join{Room: "lobby"})
			if first == nil {
				first = c
			}
		}
		n := 0
		for b.Loop() {
			n++
			first.Post(post(n, "lobby", time.Second))
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*members), "ns/delivery")
	})
}
