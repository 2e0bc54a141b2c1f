package browser

import (
	"net/url"
	"strings"
)

// readable returns an address that Go can parse: in one that it cannot parse, each % is a character that stands for itself.
// An address has such a % if people write it: /#100%.
func readable(address string) string {
	if _, err := url.Parse(address); err != nil {
		return strings.ReplaceAll(address, "%", "%25")
	}
	return address
}

// socketURL returns the WebSocket address of path on a page's origin: ws for http, wss for https.
func socketURL(origin, path string) string { return "ws" + strings.TrimPrefix(origin, "http") + path }
