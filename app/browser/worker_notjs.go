//go:build !js

package browser

// WatchWorker never calls onVersion and onOpen: outside a browser there is no worker.
func WatchWorker(onVersion, onOpen func(string)) (stop func()) { return func() {} }

// UpdateWorker does nothing.
func UpdateWorker() error { return nil }
