package stream_test

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mayfly/server/servertest"
	"mayfly/server/stream"
	"mayfly/shared/wire"
)

func TestAppendsAreMeasured(t *testing.T) {
	metrics := prometheus.NewRegistry()
	s := openWith(t, stream.Config{MaxTTL: time.Hour, RoomEvents: 1, Bytes: 1 << 20}, metrics)
	mustAppend(t, s, "lobby", message(1, time.Minute))
	appendOne(t, s, "lobby", message(1, time.Minute)) // a repeat is no failure
	appendOne(t, s, "lobby", message(2, time.Minute)) // full
	want := map[string]float64{
		"mayfly_stream_append_seconds":                2,
		"mayfly_stream_append_failures_total full":    1,
		"mayfly_stream_append_failures_total timeout": 0,
		"mayfly_stream_append_failures_total busy":    0,
		"mayfly_stream_append_failures_total other":   0,
		"mayfly_stream_gaps_total":                    0,
		"mayfly_stream_reread_messages_total":         0,
	}
	got := servertest.Gather(t, metrics)
	for series, value := range want {
		if v, ok := got[series]; !ok || v != value {
			t.Errorf("%s is %v (there: %v), want %v", series, v, ok, value)
		}
	}
	if len(got) != len(want) {
		t.Errorf("metrics: %v, want these alone: %v", got, want)
	}
}

func TestMissedMessagesAreReadAgainAndCounted(t *testing.T) {
	metrics := prometheus.NewRegistry()
	s := openWith(t, roomy, metrics)
	followed, busy := make(chan wire.Message, 10), make(chan struct{})
	stop, err := s.Follow(t.Context(), "lobby", messages(func(m wire.Message) {
		<-busy
		followed <- m
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	first := mustAppend(t, s, "lobby", message(1, time.Minute))
	// so the follower seems to have missed the message between
	if err := s.ForgeCopy("lobby", first.Seq+2, first.Seq+1); err != nil {
		t.Fatal(err)
	}
	second := mustAppend(t, s, "lobby", message(2, time.Minute))
	close(busy)
	want(t, followed, first)
	want(t, followed, second)
	// the message comes, and the second one came only once
	want(t, followed, mustAppend(t, s, "lobby", message(3, time.Minute)))
	got := servertest.Gather(t, metrics)
	if got["mayfly_stream_gaps_total"] != 1 || got["mayfly_stream_reread_messages_total"] != 1 {
		t.Errorf("metrics: %v, want one gap and one message read again", got)
	}
}
