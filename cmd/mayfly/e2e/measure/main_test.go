// Package measure_test measures the cost of a message and of a reaction for the page, the cost of a message for the server,
// the start of the page, the memory of a tab after a while, and the memory of a connection. Its tests take long by design
// and print figures. make measure runs them, make test does not.
package measure_test

import (
	"testing"

	"mayfly/cmd/mayfly/e2e/rig"
)

func TestMain(m *testing.M) { rig.Main(m) }
