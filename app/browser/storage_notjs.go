//go:build !js

package browser

import (
	"maps"
	"slices"
	"sync"
)

type area struct {
	mu     sync.Mutex
	values map[string]string
}

// TabStorage returns a new storage in memory.
func TabStorage() *Storage { return &Storage{} }

// DeviceStorage returns a new storage in memory.
func DeviceStorage() *Storage { return &Storage{} }

// Load returns the value that was saved under key, "" if there is none.
func (s *Storage) Load(key string) (string, error) {
	s.area.mu.Lock()
	defer s.area.mu.Unlock()
	return s.area.values[key], nil
}

// Save stores value under key.
func (s *Storage) Save(key, value string) error {
	s.area.mu.Lock()
	defer s.area.mu.Unlock()
	if s.area.values == nil {
		s.area.values = map[string]string{}
	}
	s.area.values[key] = value
	return nil
}

// Delete deletes the value under key.
func (s *Storage) Delete(key string) error {
	s.area.mu.Lock()
	defer s.area.mu.Unlock()
	delete(s.area.values, key)
	return nil
}

// Keys returns the keys that have a value.
func (s *Storage) Keys() ([]string, error) {
	s.area.mu.Lock()
	defer s.area.mu.Unlock()
	return slices.Collect(maps.Keys(s.area.values)), nil
}
