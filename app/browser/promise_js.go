package browser

import (
	"errors"
	"syscall/js"
)

// global returns a property of the window, undefined if there is none, or if the browser throws. js.Value.Get would end the
// program: of an exception only a call makes a panic.
//
//go:noinline
func global(name string) js.Value { return call(js.Global().Get("Reflect"), "get", js.Global(), name) }

// call calls a method. It returns undefined if there is none, or if it throws. Like global, it stands here to be called, not
// copied, wherever it is used, and catches what would otherwise need a catch there: the browser downloads this program whole.
//
//go:noinline
func call(target js.Value, method string, args ...any) (result js.Value) {
	defer func() {
		if recover() != nil {
			result = js.Undefined()
		}
	}()
	return target.Call(method, args...)
}

// once waits for the first of a target's events, and returns its name. Nothing but an error happens to undefined.
func once(target js.Value, events ...string) string {
	if target.IsUndefined() {
		return "error"
	}
	happened := make(chan string, len(events))
	handle := js.FuncOf(func(_ js.Value, args []js.Value) any {
		happened <- args[0].Get("type").String()
		return nil
	})
	for _, event := range events {
		target.Set("on"+event, handle)
	}
	event := <-happened
	handle.Release()
	return event
}

// await waits for a promise; undefined is one that failed.
func await(promise js.Value) (value js.Value, err error) {
	if promise.IsUndefined() {
		return promise, errRefused
	}
	done := make(chan bool, 1)
	settled := func(ok bool) js.Func {
		return js.FuncOf(func(_ js.Value, args []js.Value) any {
			value = args[0]
			done <- ok
			return nil
		})
	}
	then, failed := settled(true), settled(false)
	defer then.Release()
	defer failed.Release()
	call(promise, "then", then, failed)
	if !<-done {
		return value, errRefused
	}
	return value, nil
}

var errRefused = errors.New("the browser refused")

// object returns a JavaScript object of names and values by turns.
func object(pairs ...string) js.Value {
	o := global("Object").New()
	for i := 0; i < len(pairs); i += 2 {
		o.Set(pairs[i], pairs[i+1])
	}
	return o
}

// array returns b as a Uint8Array.
func array(b []byte) js.Value {
	a := global("Uint8Array").New(len(b))
	js.CopyBytesToJS(a, b)
	return a
}
