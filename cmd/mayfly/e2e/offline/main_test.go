// Package offline_test holds what outlives the server, the tab and the browser: the installed page and its worker, what waits
// on the device, and what a page shows that was frozen, asleep or has a wrong clock.
package offline_test

import (
	"testing"

	"mayfly/cmd/mayfly/e2e/rig"
)

func TestMain(m *testing.M) { rig.Main(m) }
