package browser

import "syscall/js"

// Watch returns at once. From then on, the browser calls the handlers of e when their events happen, until stop is called.
// If the browser has no network when Watch is called, Watch itself calls e.Network(false).
func Watch(e Events) (stop func()) {
	document := js.Global().Get("document")
	var stops []func()
	listen := func(target js.Value, event string, handle func()) {
		f := js.FuncOf(func(js.Value, []js.Value) any {
			handle()
			return nil
		})
		target.Call("addEventListener", event, f)
		stops = append(stops, func() {
			target.Call("removeEventListener", event, f)
			f.Release()
		})
	}
	if e.Network != nil {
		listen(js.Global(), "online", func() { e.Network(true) })
		listen(js.Global(), "offline", func() { e.Network(false) })
		if onLine := global("navigator").Get("onLine"); onLine.Type() == js.TypeBoolean && !onLine.Bool() {
			e.Network(false) // the page was opened without a network
		}
	}
	if e.Shown != nil {
		listen(js.Global(), "pageshow", e.Shown)
		listen(document, "resume", e.Shown)
		listen(document, "visibilitychange", func() {
			if document.Get("visibilityState").String() == "visible" {
				e.Shown()
			}
		})
	}
	return func() {
		for _, stop := range stops {
			stop()
		}
	}
}
