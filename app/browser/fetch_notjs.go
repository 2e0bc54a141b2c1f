//go:build !js

package browser

import (
	"context"
	"time"
)

// Fetch fails.
func Fetch(string, string, time.Duration) (int, func(string) string, []byte, error) {
	return 0, nil, nil, errNoBrowser
}

// FetchKeepalive fails.
func FetchKeepalive(string, string, time.Duration) (int, func(string) string, []byte, error) {
	return 0, nil, nil, errNoBrowser
}

// Post fails.
func Post(context.Context, string, string, []byte) (int, func(string) string, []byte, error) {
	return 0, nil, nil, errNoBrowser
}
