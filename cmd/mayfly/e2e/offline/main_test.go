// Package offline_test tests everything that outlives the server, the tab and the browser: the installed page and its
// worker, entries and drafts on the device, and pages that were frozen or asleep or have a wrong clock.
package offline_test

import (
	"testing"

	"mayfly/cmd/mayfly/e2e/rig"
)

func TestMain(m *testing.M) { rig.Main(m) }
