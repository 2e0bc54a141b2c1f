package browser

import "syscall/js"

// area is nothing: sessionStorage is looked up each time, because the look-up itself throws where it is denied.
type area struct{}

// TabStorage returns the tab's storage.
func TabStorage() *Storage { return &Storage{} }

// Load returns what was saved under key, "" if nothing was.
func (s *Storage) Load(key string) (value string, err error) {
	defer caught(&err)
	v := js.Global().Get("sessionStorage").Call("getItem", key)
	if v.IsNull() {
		return "", nil
	}
	return v.String(), nil
}

// Save keeps value under key.
func (s *Storage) Save(key, value string) (err error) {
	defer caught(&err)
	js.Global().Get("sessionStorage").Call("setItem", key, value)
	return nil
}
