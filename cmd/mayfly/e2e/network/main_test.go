// Package network_test breaks the network between clients and the built server, blocks its WebSockets, attacks the server
// and puts load on it, while people chat.
package network_test

import (
	"testing"

	"mayfly/cmd/mayfly/e2e/rig"
)

func TestMain(m *testing.M) { rig.Main(m) }
