package browser

// Events are what happens to the page. Each function is called from the browser's event loop: it must not block. One
// that is nil is not called.
type Events struct {
	Network func(up bool) // the browser found or lost a network
	Seen    func()        // the page is looked at again, runs again after it was frozen, or came back from the browser's cache
}
