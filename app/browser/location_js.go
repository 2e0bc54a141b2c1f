package browser

import "syscall/js"

// SocketURL returns the address of the WebSocket at path on the server that the page came from.
func SocketURL(path string) string {
	return socketURL(js.Global().Get("location").Get("origin").String(), path)
}
