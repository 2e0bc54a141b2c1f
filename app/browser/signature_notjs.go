//go:build !js

package browser

// VerifySignature returns false for every signature.
func VerifySignature(string, []byte, []byte, []byte) bool { return false }
