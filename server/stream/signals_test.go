package stream_test

import (
	"context"
	"log/slog"
	"reflect"
	"runtime"
	"sync"
	"testing"
	"time"

	"mayfly/server/hub"
	"mayfly/server/stream"
	"mayfly/server/stream/natstest"
	"mayfly/server/stream/streamtest"
	"mayfly/shared/wire"
)

// signalTwins runs a test on each implementation of hub.Signals: they must behave in the same way.
func signalTwins(t *testing.T, test func(t *testing.T, s hub.Signals)) {
	t.Run("NATS", func(t *testing.T) { test(t, open(t, roomy)) })
	t.Run("NATS of its own", func(t *testing.T) { test(t, openCluster(t, clusterOf(natstest.Start(t, 1, "")), roomy)) })
	t.Run("Memory", func(t *testing.T) { test(t, streamtest.NewMemory()) })
}

// listen returns a channel of the signals that come.
func listen(t *testing.T, s hub.Signals) (c chan hub.Signal, stop func()) {
	t.Helper()
	c = make(chan hub.Signal, 100)
	stop, err := s.Listen(t.Context(), func(signal hub.Signal) { c <- signal })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return c, stop
}

func send(t *testing.T, s hub.Signals, signal hub.Signal) {
	t.Helper()
	if err := s.Send(signal); err != nil {
		t.Fatal(err)
	}
}

func wantSignal(t *testing.T, c <-chan hub.Signal, signal hub.Signal) {
	t.Helper()
	select {
	case got := <-c:
		if !reflect.DeepEqual(got, signal) {
			t.Errorf("got the signal %q %q, want %q %q", got.Kind, got.Body, signal.Kind, signal.Body)
		}
	case <-time.After(testTimeout):
		t.Fatalf("the signal %q %q did not come", signal.Kind, signal.Body)
	}
}

func TestSignalsReachEachListenerInOrder(t *testing.T) {
	signalTwins(t, func(t *testing.T, s hub.Signals) {
		a, b := hub.Signal{Kind: "typing", Body: []byte("ann")}, hub.Signal{Kind: "wink", Body: []byte{}}
		one, _ := listen(t, s)
		two, _ := listen(t, s)
		send(t, s, a)
		send(t, s, b)
		for _, c := range []chan hub.Signal{one, two} {
			wantSignal(t, c, a)
			wantSignal(t, c, b)
		}
	})
}

func TestStopEndsListening(t *testing.T) {
	signalTwins(t, func(t *testing.T, s hub.Signals) {
		stopped, stop := listen(t, s)
		stop()
		stop()
		on, _ := listen(t, s)
		send(t, s, hub.Signal{Kind: "typing"})
		<-on
		if len(stopped) > 0 {
			t.Error("a signal came after stop")
		}
	})
}

// TestSignalsAreNotStored: a signal takes no seq, and a follower of the room does not see it.
func TestSignalsAreNotStored(t *testing.T) {
	stores(t, roomy, func(t *testing.T, s *stream.NATS) {
		on, _ := listen(t, s)
		first := mustAppend(t, s, "lobby", message(1, time.Minute))
		send(t, s, hub.Signal{Kind: "typing"})
		<-on
		second := mustAppend(t, s, "lobby", message(2, time.Minute))
		if second.Seq != first.Seq+1 {
			t.Errorf("seqs %d and %d with a signal between, want neighbours", first.Seq, second.Seq)
		}
		if got := all(t, s, "lobby"); len(got) != 2 {
			t.Errorf("the room holds %d messages, want 2", len(got))
		}
	})
}

// TestEventOfAnotherKindIsDelivered: a newer node may store events of kinds, and records of versions, that this one does not
// know. Their seqs count.
func TestEventOfAnotherKindIsDelivered(t *testing.T) {
	twins(t, func(t *testing.T, s hub.Stream) {
		c := make(chan hub.Event, 10)
		stop, err := s.Follow(t.Context(), "lobby", func(e hub.Event) { c <- e })
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(stop)
		now := time.Now().UnixMilli()
		wink := hub.Event{Kind: "wink", User: "u-1", ID: "1", At: now, Expires: now + 60_000, Body: []byte("at Ben")}
		s.Append("lobby", wink, func(_ hub.Receipt, err error) {
			if err != nil {
				t.Error(err)
			}
		})
		select {
		case got := <-c:
			if wink.Seq = got.Seq; !reflect.DeepEqual(got, wink) || got.Seq == 0 {
				t.Errorf("got %+v, want %+v with a seq", got, wink)
			}
		case <-time.After(testTimeout):
			t.Fatal("the event did not come")
		}
	})
}

// member is a hub.Member that passes on the frames of one type.
type member[F wire.Frame] chan F

func (m member[F]) Send(f *hub.Frame) bool {
	if decoded, err := wire.Decode(f.AppendTo(nil, 0)); err == nil {
		if f, ok := decoded.(F); ok {
			m <- f
		}
	}
	return true
}

// TestNodesKnowEachOthersPeople: two hubs exchange signals over NATS. The second one starts later, and is asked again and
// again until it knows who is on the first.
func TestNodesKnowEachOthersPeople(t *testing.T) {
	signalTwins(t, func(t *testing.T, s hub.Signals) {
		config := hub.Config{Posts: 20, Acts: 60, Per: 10 * time.Second, RoomMessages: 10, RoomBytes: 1 << 20, Rooms: 10}
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		node := func() *hub.Hub {
			h := hub.New(config, streamtest.NewMemory(), s, hub.NewClock(time.Now), slog.New(slog.DiscardHandler))
			running.Go(func() { _ = h.Run(ctx) })
			return h
		}
		defer running.Wait()
		defer cancel()
		join := func(h *hub.Hub, m hub.Member, name string) *hub.Client {
			c := h.NewClient(m, wire.User{ID: "u-" + name, Name: name}, "", hub.Writer)
			c.Join(ctx, "join", wire.Join{Room: "lobby"})
			return c
		}
		typing := make(member[wire.Typing], 100)
		ann := join(node(), typing, "ann")
		other := node()
		for deadline := time.Now().Add(testTimeout); ; {
			people := make(member[wire.People], 1)
			ben := join(other, people, "ben") // a new connection each time: one may ask 64 times
			ben.Who(wire.Who{Room: "lobby"})
			if f := <-people; f.Total == 2 && f.Users[0].Name == "ben" && f.Users[1].Name == "ann" {
				ben.Typing(wire.Typing{Room: "lobby"})
				break
			}
			ben.Close()
			if time.Now().After(deadline) {
				t.Fatal("the second node never heard of ann")
			}
			runtime.Gosched()
		}
		if f := <-typing; f.User.Name != "ben" {
			t.Errorf("%+v is typing, want ben", f.User)
		}
		ann.Close()
	})
}
