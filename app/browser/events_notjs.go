//go:build !js

package browser

// Watch does nothing: there is no page.
func Watch(Events) (stop func()) { return func() {} }
