//go:build !js

package browser

import "time"

// ZoneOffset returns 0: the zone is UTC.
func ZoneOffset(time.Time) time.Duration { return 0 }

// Hours12 returns false.
func Hours12() bool { return false }
