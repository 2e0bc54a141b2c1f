package browser

import "syscall/js"

// WatchWorker asks the service worker which version of Mayfly it has stored, which is the version that a reload would
// show. It asks at once, and again when another worker takes over; UpdateWorker asks, too. onVersion runs with each
// answer, until stop is called. If there is no service worker, onVersion never runs.
func WatchWorker(onVersion func(version string)) (stop func()) {
	onMessage := js.FuncOf(func(_ js.Value, args []js.Value) any {
		if data := args[0].Get("data"); data.Type() == js.TypeString {
			onVersion(data.String())
		}
		return nil
	})
	onChange := js.FuncOf(func(js.Value, []js.Value) any {
		askWorker()
		return nil
	})
	call(workers(), "addEventListener", "message", onMessage)
	call(workers(), "addEventListener", "controllerchange", onChange)
	askWorker()
	return func() {
		call(workers(), "removeEventListener", "message", onMessage)
		call(workers(), "removeEventListener", "controllerchange", onChange)
		onMessage.Release()
		onChange.Release()
	}
}

// UpdateWorker makes the browser look for a newer worker, and makes the current worker fetch again those cached files
// that were deleted. It blocks until the browser has looked and, if it has found a newer worker, has installed it. It
// returns an error if the browser could not look or install, mostly because of the network.
func UpdateWorker() error {
	askWorker()
	registration, err := await(call(workers(), "getRegistration"))
	if err != nil || !registration.Truthy() {
		return nil // there is no worker to update
	}
	if _, err = await(call(registration, "update")); err != nil {
		return err
	}
	return installed(registration.Get("installing"))
}

// installed waits until the worker, if there is one, is installed. It returns an error if the installation has failed.
func installed(worker js.Value) error {
	if !worker.Truthy() {
		return nil
	}
	states := make(chan string, 4) // room for all states after installing, so onState never blocks
	onState := js.FuncOf(func(js.Value, []js.Value) any {
		states <- worker.Get("state").String()
		return nil
	})
	defer onState.Release()
	call(worker, "addEventListener", "statechange", onState)
	defer call(worker, "removeEventListener", "statechange", onState)
	state := worker.Get("state").String()
	for state == "installing" {
		state = <-states
	}
	if state == "redundant" {
		return errRefused
	}
	return nil
}

// workers returns navigator.serviceWorker, which is undefined where the browser has no workers or denies them.
func workers() js.Value { return call(global("Reflect"), "get", global("navigator"), "serviceWorker") }

// askWorker asks the page's worker, if there is one, for its version.
func askWorker() {
	if workers().IsUndefined() {
		return
	}
	if worker := workers().Get("controller"); worker.Truthy() {
		call(worker, "postMessage", "version")
	}
}
