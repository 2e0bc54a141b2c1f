package browser

import (
	"net/url"
	"strings"
)

// readable returns address, or an address in its place that Go can parse. Go cannot parse /#100%, because in an address a
// % begins an escape. In such an address, readable replaces each % by %25.
func readable(address string) string {
	if _, err := url.Parse(address); err != nil {
		return strings.ReplaceAll(address, "%", "%25")
	}
	return address
}

// socketURL returns the WebSocket address of path on a page's origin: ws for http, wss for https.
func socketURL(origin, path string) string { return "ws" + strings.TrimPrefix(origin, "http") + path }
