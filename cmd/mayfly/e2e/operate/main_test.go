// Package operate_test does as an operator does: starts, stops and kills the built server, looks at its metrics, and keeps its
// messages in a folder.
package operate_test

import (
	"testing"

	"mayfly/cmd/mayfly/e2e/rig"
)

func TestMain(m *testing.M) { rig.Main(m) }
