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

// Replace changes the page's address, and its entry in the history, to path. It does not leave the page.
func Replace(path string) {
	call(global("history"), "replaceState", js.Null(), "", path)
}

// Visit goes to path as the back button does: it does not leave the page and adds no entry to the history.
func Visit(path string) {
	Replace(path)
	call(js.Global(), "dispatchEvent", global("PopStateEvent").New("popstate"))
}

// Submit leaves the page by posting a form to url. fields are alternating names and values. In a form they do not
// appear in an address.
func Submit(url string, fields ...string) {
	document := global("document")
	form := call(document, "createElement", "form")
	form.Set("method", "post")
	form.Set("action", url)
	for i := 0; i < len(fields); i += 2 {
		input := call(document, "createElement", "input")
		input.Set("type", "hidden")
		input.Set("name", fields[i])
		input.Set("value", fields[i+1])
		call(form, "append", input)
	}
	call(document.Get("body"), "append", form)
	call(form, "submit")
}
