//go:build !js

package browser

type database struct{}

// NewDevice returns a device that stores nothing.
func NewDevice() *Device { return &Device{} }

// Load fails.
func (*database) Load() (map[string]string, error) { return nil, errNoBrowser }

// Save fails.
func (*database) Save(map[string]string) error { return errNoBrowser }

// Lock fails.
func (d *Device) Lock() (unlock func(), err error) { return nil, errNoBrowser }

// Tabs fails.
func (d *Device) Tabs() (open []string, err error) { return nil, errNoBrowser }
