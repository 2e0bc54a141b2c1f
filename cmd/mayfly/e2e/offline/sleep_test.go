package offline_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

// say posts text, which lives for ttl, and returns when it expires by the server's clock, which is this machine's.
func say(r *rig.Raw, text string, ttl time.Duration) (expires time.Time) {
	r.Send(wire.Post{ID: uuid.NewString(), Room: wire.DefaultRoom, Text: text, TTL: ttl.Milliseconds()})
	return time.UnixMilli(rig.Next[wire.Accepted](r).Expires)
}

// until waits until a while after t. What was to be over by then must not be so before.
func until(t *testing.T, at time.Time) {
	t.Helper()
	left := time.Until(at)
	if left < 0 {
		t.Fatalf("it took %s too long to get here: this machine is too slow for this test", -left)
	}
	<-time.After(left + 300*time.Millisecond)
}
