package browser

import "syscall/js"

// CoverWithShell hides the shell except its composer, which then covers the composer of the client's page. If the shell's
// composer is disabled, CoverWithShell removes the shell. Call it when the client's page is in the document.
func CoverWithShell() { call(global("mayflyEarly"), "cover") }

// EarlyWritten returns what the user has written in the shell's composer. ok is false if there is no shell any more.
func EarlyWritten() (is Early, ok bool) {
	written := call(global("mayflyEarly"), "written")
	if written.IsUndefined() {
		return Early{}, false
	}
	is = Early{Room: written.Get("room").String(), Text: written.Get("text").String(),
		Touched: written.Get("touched").Bool(), From: written.Get("from").Int(),
		To: written.Get("to").Int()}
	sent := written.Get("sent")
	for i := range sent.Length() {
		is.Sent = append(is.Sent, sent.Index(i).String())
	}
	return is, true
}

// EarlyComposing reports whether an input method is composing a text in the shell's composer. If so, the parameter then is
// called once, when that text is composed.
func EarlyComposing(then func()) bool {
	var f js.Func
	f = js.FuncOf(func(js.Value, []js.Value) any {
		f.Release()
		go then()
		return nil
	})
	if call(global("mayflyEarly"), "composing", f).Equal(js.ValueOf(true)) {
		return true
	}
	f.Release()
	return false
}

// EndEarly removes the shell.
func EndEarly() { call(global("mayflyEarly"), "end") }
