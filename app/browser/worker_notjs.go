//go:build !js

package browser

// WatchWorker never calls tell: a program of its own has no worker.
func WatchWorker(tell func(version string)) (stop func()) { return func() {} }

// UpdateWorker does nothing.
func UpdateWorker() {}
