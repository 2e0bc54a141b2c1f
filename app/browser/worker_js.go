package browser

import "syscall/js"

// WatchWorker asks the service worker which version of Mayfly the worker has stored, and returns without waiting for the
// answer. A reload would show that version. Until stop is called, onVersion runs with each answer of the worker. WatchWorker
// asks again when another worker takes over, and UpdateWorker asks, too. onOpen runs when the user has clicked a
// notification and this tab must show the room with that path. onStrange runs if the worker has opened the stored page, and
// the network then answered with something else, such as the login page of a proxy: a reload shows that. Without a service
// worker, none of them ever runs.
func WatchWorker(onVersion, onOpen func(string), onStrange func()) (stop func()) {
	onMessage := js.FuncOf(func(_ js.Value, args []js.Value) any {
		switch data := args[0].Get("data"); data.Type() {
		case js.TypeString:
			onVersion(data.String())
		case js.TypeObject:
			if data.Get("strange").Truthy() {
				onStrange()
			} else {
				onOpen(data.Get("path").String())
			}
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

// UpdateWorker makes the browser look for a newer service worker and install it. It also makes the current worker fetch
// again the files that were deleted from the cache. It blocks until the browser has installed the newer worker, or has found
// that there is none. It returns an error if the browser could not do this, mostly because of the network.
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
func askWorker() { postToWorker("version") }

// postToWorker sends a message to the page's worker, if there is one.
func postToWorker(message any) {
	if workers().IsUndefined() {
		return
	}
	if worker := workers().Get("controller"); worker.Truthy() {
		call(worker, "postMessage", message)
	}
}
