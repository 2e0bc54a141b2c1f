//go:build !js

package browser

// Origin returns http://localhost.
func Origin() string { return "http://localhost" }

// Address returns http://localhost/.
func Address() string { return Origin() + "/" }

// SocketURL returns the address that a page from http://localhost would use.
func SocketURL(path string) string { return socketURL(Origin(), path) }

// Assign does nothing.
func Assign(string) {}

// Replace does nothing.
func Replace(string) {}

// Revisited returns false.
func Revisited() bool { return false }

// Visit does nothing.
func Visit(string) {}
