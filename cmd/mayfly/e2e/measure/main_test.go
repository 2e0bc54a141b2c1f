// Package measure_test measures: what a message costs the page and the server, how fast the page starts, what a tab holds after
// a while, how much memory a connection takes. Its tests take long by design and print figures; make measure runs them, make
// test does not.
package measure_test

import (
	"testing"

	"mayfly/cmd/mayfly/e2e/rig"
)

func TestMain(m *testing.M) { rig.Main(m) }
