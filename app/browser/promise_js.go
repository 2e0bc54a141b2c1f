package browser

import (
	"errors"
	"fmt"
	"syscall/js"
)

// global returns a property of the window, or undefined if there is none or the browser throws. It does not use
// js.Value.Get: an exception there ends the program, while an exception in js.Value.Call becomes a panic.
func global(name string) js.Value { return call(js.Global().Get("Reflect"), "get", js.Global(), name) }

// call calls a method. It returns undefined if there is no such method or if the method throws. An exception arrives as a
// panic; call recovers from it for all callers, which keeps the program that the browser downloads small.
func call(target js.Value, method string, args ...any) (result js.Value) {
	defer func() {
		if recover() != nil {
			result = js.Undefined()
		}
	}()
	return target.Call(method, args...)
}

// catch turns a panic into an error. A JavaScript exception arrives as a panic.
func catch(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("the browser refused: %v", r)
	}
}

// firstEvent waits until target has one of these events, and returns the name of that event. For an undefined target it
// returns "error".
func firstEvent(target js.Value, events ...string) string {
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

// await waits until promise is settled and returns its value. An undefined promise counts as rejected.
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

// object returns a JavaScript object with these alternating names and values.
func object(pairs ...string) js.Value {
	o := global("Object").New()
	for i := 0; i < len(pairs); i += 2 {
		o.Set(pairs[i], pairs[i+1])
	}
	return o
}

// array returns a copy of b as a Uint8Array.
func array(b []byte) js.Value {
	a := global("Uint8Array").New(len(b))
	js.CopyBytesToJS(a, b)
	return a
}
