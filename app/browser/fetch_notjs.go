//go:build !js

package browser

import "time"

// Fetch fails.
func Fetch(string, string, bool, time.Duration) (int, func(string) string, []byte, error) {
	return 0, nil, nil, errNoBrowser
}
