//go:build !js

package browser

// WatchWorker never calls onVersion: outside a browser there is no worker.
func WatchWorker(onVersion func(version string)) (stop func()) { return func() {} }

// UpdateWorker does nothing.
func UpdateWorker() error { return nil }
