package browser

// Events holds the handlers of the page's events. The browser's event loop calls them: they must not block. A handler may be
// nil.
type Events struct {
	Network func(up bool) // runs when the browser finds or loses the network
	Shown   func()        // runs when the page is shown or resumed, or comes back from the browser's cache
}
