// Package soak_test leaves a tab in a room where messages come and go, and looks whether what it holds levels off: make soak.
package soak_test

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/chromedp"
	"github.com/google/uuid"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

func TestMain(m *testing.M) { rig.Main(m) }

var long = flag.Duration("for", 40*time.Second, "for how long messages come and go")

const (
	ttl  = 10 * time.Second
	pace = 200 * time.Millisecond // between two messages

	warmUp  = ttl + 2*time.Second // until as many go as come
	samples = 100                 // taken afterwards, at most one a second
)

// watch lets the test see what wasm_exec.js keeps for Go, and counts the functions that it makes for js.FuncOf: Go counts
// the living ones where nobody can look.
const watch = `Object.defineProperty(window, 'Go', {configurable: true, set(original) {
	Object.defineProperty(window, 'Go', {value: class extends original {
		constructor() {
			super();
			window.go = this;
			this.callbacks = new Set();
		}
		_makeFuncWrapper(id) {
			const f = super._makeFuncWrapper(id);
			this.callbacks.add(f);
			return f;
		}
	}});
}});`

// A level is what the tab holds at some time.
type level struct {
	nodes, listeners, heap   int // of the document; heap is JavaScript's, in bytes, after a collection
	callbacks, values, memory int // Go's: functions, other references to JavaScript, linear memory in bytes
}
