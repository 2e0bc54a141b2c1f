package browser

// Events holds the handlers of the page's events. The browser's event loop calls them: they must not block. A handler may be
// nil.
type Events struct {
	Network func(up bool) // runs when the browser finds the network (up is true) or loses the network (up is false)
	Shown   func()        // runs when the page is shown or resumed, or comes back from the browser's cache
}
