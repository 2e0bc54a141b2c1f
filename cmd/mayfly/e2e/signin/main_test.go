// Package signin_test signs in and out, in real browsers and natively, with providers that work and that go wrong.
package signin_test

import (
	"testing"

	"mayfly/cmd/mayfly/e2e/rig"
)

func TestMain(m *testing.M) { rig.Main(m) }
