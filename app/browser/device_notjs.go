//go:build !js

package browser

import "time"

type (
	database  struct{}
	otherTabs struct{}
)

// NewDevice returns a device that stores nothing.
func NewDevice() *Device {
	d := &Device{}
	d.Notes.read(TabStorage(), time.Now())
	return d
}

// Load fails.
func (*database) Load() (map[string]string, error) { return nil, errNoBrowser }

// Save fails.
func (*database) Save(map[string]string) error { return errNoBrowser }

// Update fails.
func (*database) Update(func(all map[string]string) (changes map[string]string)) error {
	return errNoBrowser
}

// Closed fails.
func (*otherTabs) Closed([]string) (closed []string, err error) { return nil, errNoBrowser }
