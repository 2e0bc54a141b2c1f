package browser

import (
	"context"
	"math/rand/v2"
	"strconv"
	"syscall/js"
	"time"
)

// Lock takes the lock called name. If another tab holds the lock, Lock waits, for timeout at most. In a browser without Web
// Locks, Lock succeeds at once and locks nothing. The lock is released when the user closes the tab, and also when the user
// goes to another page: Chromium may then freeze this page and store it in its cache. If the frozen page still held the
// lock, no other tab could get it.
func Lock(name string, timeout time.Duration) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return lock(ctx, name)
}

// Slot waits for one of the n slots that all tabs share under name. ok is false if ctx is done first. Call release when
// the slot is no longer needed. If all slots are taken, Slot chooses one at random and waits in the queue for it. Without
// Web Locks every call gets a slot at once.
func Slot(ctx context.Context, name string, n int) (release func(), ok bool) {
	for i := range n {
		if release, err := tryLock(name + strconv.Itoa(i)); err == nil {
			return release, true
		}
	}
	release, err := lock(ctx, name+strconv.Itoa(rand.N(n)))
	return release, err == nil
}

// lock waits for a lock until ctx is done.
func lock(ctx context.Context, name string) (unlock func(), err error) {
	aborter := global("AbortController").New()
	options := object()
	options.Set("signal", aborter.Get("signal"))
	abort := func() { call(aborter, "abort") } // has no effect once the lock is granted
	defer context.AfterFunc(ctx, abort)()
	return requestLock(name, options, abort)
}

// tryLock takes a lock, or fails at once if another tab holds it.
func tryLock(name string) (unlock func(), err error) {
	options := object()
	options.Set("ifAvailable", true)
	return requestLock(name, options, func() {})
}

// requestLock requests a lock with these options, and waits until the browser has granted or refused it. It calls abort
// when the user leaves the page.
func requestLock(name string, options js.Value, abort func()) (unlock func(), err error) {
	locks := locks()
	if locks.IsUndefined() {
		return func() {}, nil
	}
	var release js.Value // a function that ends the lock: it settles the lock's promise; undefined until the lock is granted
	granted, over := make(chan bool, 1), make(chan bool)
	hold := js.FuncOf(func(_ js.Value, args []js.Value) any {
		release = args[0]
		granted <- true
		return nil
	})
	grant := js.FuncOf(func(_ js.Value, args []js.Value) any {
		if args[0].IsNull() { // another tab holds the lock
			return nil
		}
		return global("Promise").New(hold)
	})
	leave := js.FuncOf(func(js.Value, []js.Value) any {
		abort()
		if release.Truthy() {
			release.Invoke()
		}
		return nil
	})
	call(js.Global(), "addEventListener", "pagehide", leave)
	promise := call(locks, "request", name, options, grant)
	go func() {
		_, _ = await(promise) // settled when the lock is released or refused
		call(js.Global(), "removeEventListener", "pagehide", leave)
		for _, f := range []js.Func{hold, grant, leave} {
			f.Release()
		}
		close(over)
	}()
	select {
	case <-granted:
		return func() { release.Invoke() }, nil
	case <-over:
		return nil, errRefused
	}
}

// locks returns navigator.locks, which is undefined in a browser without Web Locks, and in pages over plain http, except
// from localhost.
func locks() js.Value { return global("navigator").Get("locks") }

// Join joins the channel called name, and returns at once. Until leave is called, receive runs for each message that another
// tab sends on the channel. send sends a message to all other tabs that have joined. If the browser has no channels, or
// denies them, send does nothing, and receive never runs.
func Join(name string, receive func(message string)) (send func(message string), leave func()) {
	send, leave = func(string) {}, func() {}
	defer func() { _ = recover() }() // a browser that denies storage may also deny channels
	channel := global("BroadcastChannel").New(name)
	f := js.FuncOf(func(_ js.Value, args []js.Value) any {
		receive(args[0].Get("data").String())
		return nil
	})
	channel.Set("onmessage", f)
	return func(message string) { call(channel, "postMessage", message) }, func() {
		call(channel, "close")
		f.Release()
	}
}
