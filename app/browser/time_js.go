package browser

import (
	"syscall/js"
	"time"
)

// ZoneOffset returns by how much the user's present time zone is ahead of UTC at t. Go's package time asks the browser for
// the offset only once. So its local times are wrong after the user has travelled, or when daylight saving time begins.
func ZoneOffset(t time.Time) time.Duration {
	behind := global("Date").New(t.UnixMilli()).Call("getTimezoneOffset").Float()
	return time.Duration(-behind * float64(time.Minute))
}

// Hours12 reports whether the browser's language writes times with 12 hours and AM or PM.
func Hours12() bool {
	format := global("Intl").Get("DateTimeFormat").New(js.Undefined(), map[string]any{"hour": "numeric"})
	return format.Call("resolvedOptions").Get("hour12").Truthy()
}
