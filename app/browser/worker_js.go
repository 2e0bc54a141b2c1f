package browser

import "syscall/js"

// WatchWorker calls tell with the version of Mayfly that the service worker has, which is the one that a reload brings: soon,
// whenever another worker takes over, and after UpdateWorker, until stop is called. Where there is no worker it never does.
func WatchWorker(tell func(version string)) (stop func()) {
	heard := js.FuncOf(func(_ js.Value, args []js.Value) any {
		if data := args[0].Get("data"); data.Type() == js.TypeString {
			tell(data.String())
		}
		return nil
	})
	changed := js.FuncOf(func(js.Value, []js.Value) any {
		askWorker()
		return nil
	})
	call(workers(), "addEventListener", "message", heard)
	call(workers(), "addEventListener", "controllerchange", changed)
	askWorker()
	return func() {
		call(workers(), "removeEventListener", "message", heard)
		call(workers(), "removeEventListener", "controllerchange", changed)
		heard.Release()
		changed.Release()
	}
}

// UpdateWorker has the browser look for a newer worker, and the present one for what it has lost. It blocks until the
// browser has looked.
func UpdateWorker() {
	askWorker()
	if registration, err := await(call(workers(), "getRegistration")); err == nil && registration.Truthy() {
		_, _ = await(call(registration, "update")) // without a network there is none
	}
}

// workers is undefined where a browser has no workers, or denies them.
func workers() js.Value { return call(global("Reflect"), "get", global("navigator"), "serviceWorker") }

// askWorker has the worker of the page, if there is one, say its version.
func askWorker() {
	if workers().IsUndefined() {
		return
	}
	if worker := workers().Get("controller"); worker.Truthy() {
		call(worker, "postMessage", "version")
	}
}
