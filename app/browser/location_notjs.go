//go:build !js

package browser

// SocketURL returns the address that a page from http://localhost would use.
func SocketURL(path string) string { return socketURL("http://localhost", path) }
