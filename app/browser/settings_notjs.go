//go:build !js

package browser

// Language returns "".
func Language(string) string { return "" }

// Look does nothing: there is no page.
func Look(theme, text string) {}
