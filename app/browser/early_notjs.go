//go:build !js

package browser

// CoverWithShell does nothing: there is no page.
func CoverWithShell() {}

// EarlyWritten returns false.
func EarlyWritten() (is Early, ok bool) { return Early{}, false }

// EarlyComposing returns false.
func EarlyComposing(func()) bool { return false }

// EndEarly does nothing: there is no page.
func EndEarly() {}
