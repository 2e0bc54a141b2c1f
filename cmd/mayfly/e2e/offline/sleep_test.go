package offline_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

// say posts text to the lobby, where it lives for ttl, and returns when it expires by the server's clock, which is this
// machine's. It opens a connection for that: the server ends a connection on which nobody reads for half a minute.
func say(t *testing.T, server *rig.Server, text string, ttl time.Duration) (expires time.Time) {
	t.Helper()
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	defer r.Close()
	r.Send(wire.Post{ID: uuid.NewString(), Room: wire.DefaultRoom, Text: text, TTL: ttl.Milliseconds()})
	return time.UnixMilli(rig.Next[wire.Accepted](r).Expires)
}

// pass waits until that time has passed.
func pass(at time.Time) { <-time.After(time.Until(at)) }
