package browser

import (
	"errors"
	"fmt"
	"syscall/js"
)

// global returns a property of the window. It returns undefined if there is no such property, or if the browser throws. It
// does not read the property with js.Value.Get, where an exception would end the program. Instead it calls Reflect.get with
// the function call, which recovers from an exception.
func global(name string) js.Value { return call(js.Global().Get("Reflect"), "get", js.Global(), name) }

// call calls a method. It returns undefined if there is no such method or if the method throws. A JavaScript exception
// arrives in Go as a panic. call recovers from the panic, so that its many callers need no code for that: such code would
// make the program that the browser downloads larger.
func call(target js.Value, method string, args ...any) (result js.Value) {
	defer func() {
		if recover() != nil {
			result = js.Undefined()
		}
	}()
	return target.Call(method, args...)
}

// catch recovers from a panic and stores it in *err as an error. Call it with defer, in a function that calls JavaScript: an
// exception of JavaScript arrives in Go as a panic.
func catch(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("the browser refused: %v", r)
	}
}

// NextTask waits until the browser has ended its present task, such as a key press, and has begun another. In a hidden page,
// where timers are late, it does not wait.
func NextTask() {
	if global("document").Get("hidden").Truthy() {
		return
	}
	begun := make(chan struct{})
	begin := js.FuncOf(func(js.Value, []js.Value) any {
		close(begun)
		return nil
	})
	call(js.Global(), "setTimeout", begin)
	<-begun
	begin.Release()
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

// await waits until promise is settled. It returns the promise's value, and errRefused if the promise was rejected. It also
// returns errRefused, at once, if promise is undefined: the function call returns undefined when it has failed.
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

// object returns a JavaScript object with these properties. pairs are a name, its value, the next name, and so on.
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
