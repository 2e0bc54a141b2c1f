//go:build !js

package browser

import (
	"context"
	"time"
)

// Lock returns at once: there are no other tabs.
func Lock(string, time.Duration) (unlock func(), err error) { return func() {}, nil }

// Slot returns at once: there are no other tabs.
func Slot(context.Context, string, int) (release func(), ok bool) { return func() {}, true }

// Join returns a channel without other members.
func Join(string, func(string)) (send func(string), leave func()) {
	return func(string) {}, func() {}
}
