//go:build !js

package browser

// Seal fails.
func (Vault) Seal(string) (string, error) { return "", errNoBrowser }

// Open fails.
func (Vault) Open(string) (string, bool, error) { return "", false, errNoBrowser }

// Forget does nothing.
func (Vault) Forget() {}
