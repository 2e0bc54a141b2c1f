package browser

import "syscall/js"

// area is nothing: sessionStorage is looked up each time, because the look-up itself throws where it is denied.
type area struct{}

// TabStorage returns the tab's storage.
func TabStorage() *Storage { return &Storage{} }

// ReplaceDenied puts an empty list in the place of localStorage where the browser denies it: go-app looks through it when it
// starts, and a look that throws would end the program. Call it before go-app runs.
func ReplaceDenied() {
	defer func() {
		if recover() == nil {
			return
		}
		empty := js.Global().Get("Object").New()
		empty.Set("value", js.Global().Get("Array").New())
		js.Global().Get("Object").Call("defineProperty", js.Global(), "localStorage", empty)
	}()
	global("localStorage")
}

// global returns a property of the window, and panics if the browser throws. js.Value.Get would end the program: of an
// exception only a call makes a panic.
func global(name string) js.Value { return js.Global().Get("Reflect").Call("get", js.Global(), name) }

// Load returns what was saved under key, "" if nothing was.
func (s *Storage) Load(key string) (value string, err error) {
	defer caught(&err)
	v := global("sessionStorage").Call("getItem", key)
	if v.IsNull() {
		return "", nil
	}
	return v.String(), nil
}

// Save keeps value under key.
func (s *Storage) Save(key, value string) (err error) {
	defer caught(&err)
	global("sessionStorage").Call("setItem", key, value)
	return nil
}
