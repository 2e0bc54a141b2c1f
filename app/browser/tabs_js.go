package browser

import (
	"context"
	"math/rand/v2"
	"strconv"
	"syscall/js"
	"time"
)

// Lock waits until no other tab holds the lock called name, at most for timeout. A browser without Web Locks lets everyone in
// at once. A tab that goes lets go, and so does one whose page is left: Chromium keeps such a page, frozen, with its locks.
func Lock(name string, timeout time.Duration) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return lock(ctx, name, false)
}

// Place waits until one of the n places that all tabs share under name is free, at most until ctx is done: ok says whether there
// is one. Who has waited longer comes first. Without Web Locks everyone has a place at once.
func Place(ctx context.Context, name string, n int) (leave func(), ok bool) {
	for i := range n {
		if leave, err := lock(ctx, name+strconv.Itoa(i), true); err == nil {
			return leave, true
		}
	}
	leave, err := lock(ctx, name+strconv.Itoa(rand.N(n)), false)
	return leave, err == nil
}

// lock waits for a lock until ctx is done; not at all, if it is wanted at once.
func lock(ctx context.Context, name string, atOnce bool) (unlock func(), err error) {
	locks := global("navigator").Get("locks")
	if locks.IsUndefined() {
		return func() {}, nil
	}
	var release js.Value // settles the promise that keeps the lock, once it is granted
	granted, over := make(chan bool, 1), make(chan bool)
	hold := js.FuncOf(func(_ js.Value, args []js.Value) any {
		release = args[0]
		granted <- true
		return nil
	})
	grant := js.FuncOf(func(_ js.Value, args []js.Value) any {
		if args[0].IsNull() { // it is another's
			return nil
		}
		return global("Promise").New(hold)
	})
	aborter := global("AbortController").New()
	abort := func() { call(aborter, "abort") } // does nothing to a lock that is granted
	leave := js.FuncOf(func(js.Value, []js.Value) any {
		abort()
		if release.Truthy() {
			release.Invoke()
		}
		return nil
	})
	call(js.Global(), "addEventListener", "pagehide", leave)
	stop := context.AfterFunc(ctx, abort)
	options := object()
	if atOnce {
		options.Set("ifAvailable", true)
	} else {
		options.Set("signal", aborter.Get("signal"))
	}
	promise := call(locks, "request", name, options, grant)
	go func() {
		_, _ = await(promise) // until it is released, or refused
		stop()
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

// Join joins the channel called name: what one tab sends comes to receive in all others. Where a browser has no such thing,
// or denies it, nothing is sent and nothing comes.
func Join(name string, receive func(message string)) (send func(message string), leave func()) {
	send, leave = func(string) {}, func() {}
	defer func() { _ = recover() }() // a browser that denies storage may deny this, too
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
