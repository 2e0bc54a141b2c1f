package browser

import "syscall/js"

func location() js.Value { return global("location") }

// Origin returns the page's origin.
func Origin() string { return location().Get("origin").String() }

// Address returns the page's whole address, with query and fragment.
func Address() string { return location().Get("href").String() }

// SocketURL returns the address of the WebSocket at path on the server that the page came from.
func SocketURL(path string) string { return socketURL(Origin(), path) }

// Assign leaves the page and loads url.
func Assign(url string) {
	call(location(), "assign", url)
}

// Replace changes the page's address to path, without leaving the page. It adds no entry to the history: it changes the
// address in the present entry.
func Replace(path string) {
	call(global("history"), "replaceState", js.Null(), "", path)
}

// Revisited reports whether the browser has loaded the page because of a reload, or because the user went back or forward
// in the history.
func Revisited() bool {
	load := call(call(global("performance"), "getEntriesByType", "navigation"), "pop")
	if !load.Truthy() {
		return false
	}
	how := load.Get("type").String()
	return how == "back_forward" || how == "reload"
}

// KeepReadable changes the page's address to an address that Go can parse (see readable), now and whenever the user has
// changed the fragment of the address. Otherwise go-app would end the program when it cannot parse the address.
func KeepReadable() {
	repair := func() {
		if is := Address(); readable(is) != is {
			Replace(readable(is))
		}
	}
	repair()
	onPopState := js.FuncOf(func(js.Value, []js.Value) any {
		repair()
		return nil
	})
	call(js.Global(), "addEventListener", "popstate", onPopState, true) // true: runs before go-app's own handler
}

// Visit makes go-app show path, as if the user had come to path by the back button. Visit does not leave the page, and adds
// no entry to the history.
func Visit(path string) {
	Replace(path)
	call(js.Global(), "dispatchEvent", global("PopStateEvent").New("popstate"))
}
