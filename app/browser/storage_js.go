package browser

import "syscall/js"

// area is the name of a window's storage. It is looked up each time, because the look-up itself throws where it is denied.
type area string

// TabStorage returns the tab's storage.
func TabStorage() *Storage { return &Storage{"sessionStorage"} }

// DeviceStorage returns the storage that all tabs share.
func DeviceStorage() *Storage { return &Storage{"localStorage"} }

// ReplaceDenied puts an empty list in the place of localStorage where the browser denies it: go-app looks through it when it
// starts, and a look that throws would end the program. Call it before go-app runs.
func ReplaceDenied() {
	if !global("localStorage").IsUndefined() {
		return
	}
	empty := object()
	empty.Set("value", global("Array").New())
	call(global("Object"), "defineProperty", js.Global(), "localStorage", empty)
}

func (a area) call(method string, args ...any) (result js.Value, err error) {
	defer caught(&err)
	return global(string(a)).Call(method, args...), nil
}

// Load returns what was saved under key, "" if nothing was.
func (s *Storage) Load(key string) (string, error) {
	v, err := s.area.call("getItem", key)
	if err != nil || v.IsNull() {
		return "", err
	}
	return v.String(), nil
}

// Save keeps value under key.
func (s *Storage) Save(key, value string) error {
	_, err := s.area.call("setItem", key, value)
	return err
}

// Delete forgets what was saved under key.
func (s *Storage) Delete(key string) error {
	_, err := s.area.call("removeItem", key)
	return err
}

// Keys returns under which keys something was saved.
func (s *Storage) Keys() (keys []string, err error) {
	defer caught(&err)
	names := call(global("Object"), "keys", global(string(s.area)))
	for i := range names.Length() {
		keys = append(keys, names.Index(i).String())
	}
	return keys, nil
}
