package browser

import "strings"

// socketURL returns the WebSocket address of path on a page's origin: ws for http, wss for https.
func socketURL(origin, path string) string { return "ws" + strings.TrimPrefix(origin, "http") + path }
