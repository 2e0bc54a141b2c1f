package browser

import (
	"net/url"
	"strings"
)

// readable returns address if Go can parse it. Otherwise it returns address with each % replaced by %25. For example, Go
// cannot parse /#100%, because in an address two hexadecimal digits must follow a %.
func readable(address string) string {
	if _, err := url.Parse(address); err != nil {
		return strings.ReplaceAll(address, "%", "%25")
	}
	return address
}

// socketURL returns the WebSocket address of path on a page's origin: ws for http, wss for https.
func socketURL(origin, path string) string { return "ws" + strings.TrimPrefix(origin, "http") + path }
