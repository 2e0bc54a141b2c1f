package browser

import "syscall/js"

// area is the name of a property of the window object: sessionStorage or localStorage. Each call reads that property again.
// Where the browser denies storage, reading the property fails, and the call returns an error.
type area string

// TabStorage returns the tab's storage.
func TabStorage() *Storage { return &Storage{"sessionStorage"} }

// DeviceStorage returns the storage that all tabs share.
func DeviceStorage() *Storage { return &Storage{"localStorage"} }

// ReplaceDenied replaces localStorage by an empty array if the browser denies access to it. go-app reads localStorage when
// it starts, and an exception there would end the program. Call it before go-app runs.
func ReplaceDenied() {
	if !global("localStorage").IsUndefined() {
		return
	}
	empty := object()
	empty.Set("value", global("Array").New())
	call(global("Object"), "defineProperty", js.Global(), "localStorage", empty)
}

func (a area) call(method string, args ...any) (result js.Value, err error) {
	defer catch(&err)
	return global(string(a)).Call(method, args...), nil
}

// Load returns the value that was saved under key, "" if there is none.
func (s *Storage) Load(key string) (string, error) {
	v, err := s.area.call("getItem", key)
	if err != nil || v.IsNull() {
		return "", err
	}
	return v.String(), nil
}

// Save stores value under key.
func (s *Storage) Save(key, value string) error {
	_, err := s.area.call("setItem", key, value)
	return err
}

// Delete deletes the value under key.
func (s *Storage) Delete(key string) error {
	_, err := s.area.call("removeItem", key)
	return err
}

// Keys returns the keys that have a value.
func (s *Storage) Keys() (keys []string, err error) {
	defer catch(&err)
	names := call(global("Object"), "keys", global(string(s.area)))
	for i := range names.Length() {
		keys = append(keys, names.Index(i).String())
	}
	return keys, nil
}
