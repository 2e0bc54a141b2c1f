package measure_test

import (
	"flag"
	"testing"
	"time"

	"mayfly/cmd/mayfly/e2e/rig"
)

var stops = flag.Int("stops", 20, "how often TestStopUnderLoad stops a server")

// TestStopUnderLoad stops a server with 1,000 clients as often as -stops says, each time a new one. Together the clients
// post 40 messages a second.
func TestStopUnderLoad(t *testing.T) {
	for range *stops {
		t.Run("", func(t *testing.T) { rig.StopUnderLoad(t, 1000, 20, 500*time.Millisecond) })
	}
}
