//go:build !js

package browser

// VerifySignature finds no signature good.
func VerifySignature(string, []byte, []byte, []byte) bool { return false }
