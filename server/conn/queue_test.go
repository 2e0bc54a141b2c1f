package conn_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mayfly/server/conn"
	"mayfly/server/hub"
	"mayfly/server/servertest"
	"mayfly/server/stream/streamtest"
	"mayfly/shared/wire"
)

// catcher is a hub.Member that keeps its frames.
type catcher struct{ frames []*hub.Frame }

func (c *catcher) Send(f *hub.Frame) bool {
	c.frames = append(c.frames, f)
	return true
}

func TestFramesThatExpireInAQueueAreCounted(t *testing.T) {
	memory, caught := streamtest.NewMemory(), &catcher{}
	ttl := wire.TTL{Min: 1000, Default: 300_000, Max: 86_400_000}
	h := hub.New(hub.Config{TTL: ttl, Posts: 20, GuestPosts: 1000, Per: time.Second, RoomMessages: 10,
		RoomBytes: 1 << 20, Rooms: 1}, memory, memory, hub.NewClock(time.Now), slog.New(slog.DiscardHandler))
	c := h.NewClient(caught, wire.User{ID: "u-ann"}, "", hub.Writer)
	c.Join(t.Context(), "join", wire.Join{Room: "lobby"})
	for i := range 3 {
		c.Post(wire.Post{Room: "lobby", ID: fmt.Sprintf("0190a8f0-0000-7000-8000-%012d", i), Text: "hello",
			TTL: int64(1+i) * 60_000})
	}
	expired := prometheus.NewCounter(prometheus.CounterOpts{Name: "expired"})
	reg := prometheus.NewRegistry()
	reg.MustRegister(expired)
	q := conn.NewQueue(expired)
	for _, f := range caught.frames { // one joined, and an accepted and a posted for each message
		if !q.Push(f) {
			t.Fatal("no room in the queue")
		}
	}
	got := q.Take(nil, time.Now().Add(150*time.Second).UnixMilli())
	if strings.Count(string(got), `"posted"`) != 1 || strings.Count(string(got), `"accepted"`) != 3 || strings.Contains(string(got), "\n\n") {
		t.Errorf("written: %s, want three accepted and one posted", got)
	}
	if counted := servertest.Metric(t, reg, "expired", ""); counted != 2 {
		t.Errorf("%v frames expired in the queue, want 2", counted)
	}
}
