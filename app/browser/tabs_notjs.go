//go:build !js

package browser

import (
	"context"
	"time"
)

// Lock returns at once: there are no other tabs.
func Lock(string, time.Duration) (unlock func(), err error) { return func() {}, nil }

// Place returns at once, too.
func Place(context.Context, string, int) (leave func(), ok bool) { return func() {}, true }

// Join returns a channel that nobody else is on.
func Join(string, func(string)) (send func(string), leave func()) {
	return func(string) {}, func() {}
}
