package stream_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"mayfly/server/hub"
	"mayfly/server/servertest"
	"mayfly/server/stream"
	"mayfly/server/stream/natstest"
)

// admin returns the JetStream API of the servers, for what only an operator does.
func admin(t *testing.T, c *natstest.Cluster) jetstream.JetStream {
	t.Helper()
	conn, err := nats.Connect(strings.Join(c.URLs(), ","))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// configOf returns the configuration of the stream of events.
func configOf(t *testing.T, js jetstream.JetStream) jetstream.StreamConfig {
	t.Helper()
	return configOfStream(t, js, "mayfly")
}

func configOfStream(t *testing.T, js jetstream.JetStream, name string) jetstream.StreamConfig {
	t.Helper()
	found, err := js.Stream(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return found.CachedInfo().Config
}

// TestClusterCopiesThatAreLostSilently: nothing is republished any more, and no connection is lost. The messages come all
// the same.
func TestClusterCopiesThatAreLostSilently(t *testing.T) {
	t.Parallel()
	servers := natstest.Start(t, 1, "")
	n := openCluster(t, clusterOf(servers), roomy)
	lobby, tea := follow(t, n, "lobby"), follow(t, n, "tea")
	mustAppend(t, n, "lobby", message(1, time.Minute))
	nextOf(t, lobby)
	js := admin(t, servers)
	config := configOf(t, js)
	config.RePublish = nil
	if _, err := js.UpdateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	inLobby, inTea := mustAppend(t, n, "lobby", message(2, time.Minute)), mustAppend(t, n, "tea", message(3, time.Minute))
	want(t, lobby, inLobby)
	want(t, tea, inTea)
}

// TestClusterFactsThatAreLostSilently: the same for facts, while nobody posts.
func TestClusterFactsThatAreLostSilently(t *testing.T) {
	t.Parallel()
	servers := natstest.Start(t, 1, "")
	n := openCluster(t, clusterOf(servers), roomy)
	facts := followSignouts(t, n.Facts())
	wantEntry(t, facts, keep(t, n.Facts(), "out a", time.Hour))
	js := admin(t, servers)
	config := configOfStream(t, js, "mayfly_SIGNOUTS")
	config.RePublish = nil
	if _, err := js.UpdateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	wantEntry(t, facts, keep(t, n.Facts(), "out b", time.Hour))
}

// TestClusterLimitsAreOnlyRaised: nodes with other flags, and older ones, never lower a limit of a stream or undo what a
// newer node has done, because JetStream would delete messages.
func TestClusterLimitsAreOnlyRaised(t *testing.T) {
	t.Parallel()
	servers := natstest.Start(t, 1, "")
	cluster, js := clusterOf(servers), admin(t, servers)
	small, large := roomy, roomy
	small.Bytes, small.MaxTTL, small.RoomEvents = roomy.Bytes/2, roomy.MaxTTL/2, roomy.RoomEvents/2
	openCluster(t, cluster, small)
	openCluster(t, cluster, large)
	openCluster(t, cluster, small)
	got := configOf(t, js)
	if got.MaxBytes != large.Bytes || got.MaxAge < large.MaxTTL || got.MaxMsgsPerSubject != int64(large.RoomEvents) {
		t.Errorf("the stream has %d bytes, %s and %d events a room, want the limits of %+v",
			got.MaxBytes, got.MaxAge, got.MaxMsgsPerSubject, large)
	}
	got.Metadata["mayfly_config"], got.MaxBytes = "2", small.Bytes
	if _, err := js.UpdateStream(t.Context(), got); err != nil {
		t.Fatal(err)
	}
	openCluster(t, cluster, large)
	if now := configOf(t, js); now.MaxBytes != small.Bytes || now.Metadata["mayfly_config"] != "2" {
		t.Errorf("an older node has changed the stream of a newer one: %d bytes, %v", now.MaxBytes, now.Metadata)
	}
}

// TestClusterThatCannotBeUsed: the errors say what to do, and come at once.
func TestClusterThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	servers := natstest.Start(t, 1, "")
	_, err := admin(t, servers).CreateStream(t.Context(), jetstream.StreamConfig{Name: "foreign", Subjects: []string{"x"}})
	if err != nil {
		t.Fatal(err)
	}
	guarded := natstest.Start(t, 1, "authorization { user: ann, password: secret }\n")
	for _, tt := range []struct {
		name   string
		change func(*stream.Cluster)
		says   string
	}{
		{"three replicas on one server", func(c *stream.Cluster) { c.Replicas = 3 }, "want -nats-replicas 1"},
		{"a stream that is not Mayfly's", func(c *stream.Cluster) { c.Name = "foreign" }, "want another -nats-name"},
		{"no user", func(c *stream.Cluster) { c.URLs = guarded.URLs() }, "want a user of these servers in -nats-creds"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cluster := clusterOf(servers)
			tt.change(&cluster)
			n, err := stream.OpenCluster(t.Context(), cluster, roomy, hub.NewClock(time.Now), prometheus.NewRegistry(),
				slog.New(slog.DiscardHandler))
			if err == nil {
				t.Fatal("it opened", n.Close())
			}
			if !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "deadline") {
				t.Errorf("the error is %q, want %q in it", err, tt.says)
			}
		})
	}
}

// TestClusterClockThatIsBehind: a node whose clock is behind goes by the clock of the stream, shows nothing that has
// expired, and says what is wrong.
func TestClusterClockThatIsBehind(t *testing.T) {
	t.Parallel()
	clock := hub.NewClock(func() time.Time { return time.Now().Add(-time.Hour) })
	n := openClusterWith(t, clusterOf(natstest.Start(t, 1, "")), roomy, clock, prometheus.NewRegistry())
	if behind := time.Since(clock.Now()); behind > time.Minute {
		t.Errorf("the clock is %s behind, want it to be right", behind)
	}
	if !strings.Contains(n.Warning(), "1h0m0s behind the clock of NATS") {
		t.Errorf("the warning is %q, want it to say that the clock was behind", n.Warning())
	}
	if err := n.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestClusterClockThatIsAhead: a node whose clock is ahead says so, and what people post there lives no longer on other
// nodes, whose clocks stay right.
func TestClusterClockThatIsAhead(t *testing.T) {
	t.Parallel()
	cluster, metrics := clusterOf(natstest.Start(t, 1, "")), prometheus.NewRegistry()
	right := hub.NewClock(time.Now)
	other := openClusterWith(t, cluster, roomy, right, prometheus.NewRegistry())
	ahead := hub.NewClock(func() time.Time { return time.Now().Add(time.Hour) })
	n := openClusterWith(t, cluster, roomy, ahead, metrics)
	if !strings.Contains(n.Warning(), "ahead of the clock of NATS") {
		t.Errorf("the warning is %q, want it to say that the clock is ahead", n.Warning())
	}
	if got := servertest.Metric(t, metrics, "mayfly_stream_clock_offset_seconds", ""); got < 3500 || got > 3700 {
		t.Errorf("the metric says %v seconds, want 3600", got)
	}
	followed := follow(t, other, "lobby")
	m := message(1, time.Minute)
	m.At, m.Expires = m.At+time.Hour.Milliseconds(), m.Expires+time.Hour.Milliseconds()
	mustAppend(t, n, "lobby", m)
	got := nextOf(t, followed)
	left, life := time.Until(time.UnixMilli(got.Expires)), got.Expires-got.At
	if left > time.Minute || life != time.Minute.Milliseconds() {
		t.Errorf("the message lives for another %s, and for %d ms in all, want a minute", left, got.Expires-got.At)
	}
}
