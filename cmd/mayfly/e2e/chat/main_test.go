// Package chat_test chats in real browsers, and natively, against the built server: what the page draws and leaves alone,
// how it reads to assistive technology, and what hostile texts and names do to it. The numbers in the names of tests are
// those of docs/accessibility.md.
package chat_test

import (
	"testing"

	"mayfly/cmd/mayfly/e2e/rig"
)

func TestMain(m *testing.M) { rig.Main(m) }
