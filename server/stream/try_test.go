package stream_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"mayfly/server/stream"
	"mayfly/server/stream/natstest"
)

// TestTryCluster calls TryCluster for NATS servers that can be used and for some that cannot. Each error says what to do.
func TestTryCluster(t *testing.T) {
	closed := natstest.Start(t, 1, "authorization { user: ann, password: secret }").URLs()
	strange := natstest.Start(t, 1, "").URLs()
	conn, err := nats.Connect(strange[0])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err == nil {
		_, err = js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "orders", Subjects: []string{"orders"}})
	}
	if err != nil {
		t.Fatal(err)
	}
	without := natstest.StartWith(t, 1, func(p natstest.Place) string {
		return fmt.Sprintf("log_file: %q\nhost: 127.0.0.1\nport: %d\nhttp: \"127.0.0.1:%d\"\n", p.Log, p.Port, p.Monitor)
	}).URLs()
	for name, tt := range map[string]struct {
		urls   []string
		stream string
		says   string // "": it can be used
	}{
		"right":            {strange, "mayfly", ""},
		"a user is wanted": {closed, "mayfly", "want a user of these servers in -nats-creds"},
		"a stream of somebody else": {strange, "orders",
			`-nats-name is "orders": the servers have a stream of that name that is not Mayfly's`},
		"no JetStream": {without, "mayfly", "want a block jetstream in their configuration"},
		"one of two is not reachable": {append([]string{"nats://127.0.0.1:1"}, strange...), "mayfly",
			"-nats has nats://127.0.0.1:1: "},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := stream.TryCluster(t.Context(), stream.Cluster{URLs: tt.urls, Name: tt.stream, Replicas: 1})
			if (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("TryCluster = %v, want %q", err, tt.says)
			}
		})
	}
}
