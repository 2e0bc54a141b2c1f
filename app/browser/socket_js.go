package browser

import (
	"context"
	"errors"
	"syscall/js"

	"mayfly/shared/wire"
)

// native is the browser's WebSocket with its callbacks.
type native struct {
	ws js.Value
	on map[string]js.Func
}

// Dial opens a WebSocket. It blocks until the WebSocket is open or the attempt has failed. If ctx is done first, Dial
// closes the WebSocket, ignores its later events, and returns the error of ctx.
func Dial(ctx context.Context, url, subprotocol string) (s *Socket, err error) {
	defer catch(&err)
	ws := js.Global().Get("WebSocket").New(url, subprotocol)
	ws.Set("binaryType", "arraybuffer")
	s = &Socket{in: newInbox(), native: native{ws: ws, on: map[string]js.Func{}}}
	opened := make(chan bool, 1) // true: the WebSocket is open; false: the attempt has failed
	s.on("open", func(js.Value) { opened <- true })
	s.on("message", func(event js.Value) { s.in.push(bytesOf(event.Get("data"))) })
	s.on("close", func(event js.Value) {
		s.in.finish(&wire.ClosedError{Code: event.Get("code").Int(), Reason: event.Get("reason").String()})
		s.native.release()
		select {
		case opened <- false:
		default: // the channel opened still contains true: Dial will return the Socket, and then Read returns the close code
		}
	})
	select {
	case ok := <-opened:
		if !ok {
			return nil, errors.New("connect to " + url + ": it failed, and a browser does not say why")
		}
		return s, nil
	case <-ctx.Done():
		s.native.release()
		s.Close(closeNormal, "")
		return nil, ctx.Err()
	}
}

const stateOpen = 1 // the value of WebSocket.readyState while the WebSocket is open

// on sets the handler of one event of the socket.
func (s *Socket) on(event string, handle func(js.Value)) {
	f := js.FuncOf(func(_ js.Value, args []js.Value) any {
		handle(args[0])
		return nil
	})
	s.native.on[event] = f
	s.native.ws.Set("on"+event, f)
}

// release removes the callbacks from the socket and frees them.
func (n *native) release() {
	for event, f := range n.on {
		n.ws.Set("on"+event, js.Null())
		f.Release()
	}
	clear(n.on)
}

func (n *native) write(message []byte) (err error) {
	defer catch(&err)
	if n.ws.Get("readyState").Int() != stateOpen { // send would drop the message without an error
		return errors.New("write: the connection is not open")
	}
	n.ws.Call("send", string(message))
	return nil
}

func (n *native) close(code int, reason string) {
	var err error
	defer catch(&err) // if the browser throws, there is nothing to close
	n.ws.Call("close", code, reason)
}

// bytesOf returns the bytes of data, which is a string or an ArrayBuffer. Messages from a Mayfly server are strings; the
// results of WebCrypto are ArrayBuffers.
func bytesOf(data js.Value) []byte {
	if data.Type() == js.TypeString {
		return []byte(data.String())
	}
	array := js.Global().Get("Uint8Array").New(data)
	b := make([]byte, array.Length())
	js.CopyBytesToGo(b, array)
	return b
}
