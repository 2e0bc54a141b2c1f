package stream_test

import (
	"reflect"
	"testing"
	"time"

	"mayfly/server/hub"
	"mayfly/server/stream"
	"mayfly/server/stream/streamtest"
)

// signalTwins runs a test on each implementation of hub.Signals: they must behave in the same way.
func signalTwins(t *testing.T, test func(t *testing.T, s hub.Signals)) {
	t.Run("NATS", func(t *testing.T) { test(t, open(t, roomy)) })
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
