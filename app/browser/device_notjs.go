//go:build !js

package browser

type shelf struct{}

// NewDevice returns a device that keeps nothing.
func NewDevice() *Device { return &Device{} }

// Load fails.
func (*shelf) Load() (map[string]string, error) { return nil, errNoBrowser }

// Save fails.
func (*shelf) Save(map[string]string) error { return errNoBrowser }

// Lock fails.
func (d *Device) Lock() (unlock func(), err error) { return nil, errNoBrowser }

// Tabs fails.
func (d *Device) Tabs() (open []string, err error) { return nil, errNoBrowser }
