//go:build !js

package browser

// WatchWorker never calls its functions: outside a browser there is no worker.
func WatchWorker(onVersion, onOpen func(string), onStrange func()) (stop func()) { return func() {} }

// UpdateWorker does nothing.
func UpdateWorker() error { return nil }
