package conn_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"mayfly/server/conn"
	"mayfly/shared/wire"
)

func TestMissingPartsOfAHandshake(t *testing.T) {
	whole := map[string]string{"Connection": "keep-alive, Upgrade", "Upgrade": "WebSocket", "Sec-WebSocket-Key": "x",
		"Sec-WebSocket-Version": "13", "Sec-WebSocket-Protocol": wire.Subprotocol}
	for _, tt := range []struct {
		name    string
		change  map[string]string // "" removes a header
		proto   string
		missing string
	}{
		{"nothing", nil, "HTTP/1.1", ""},
		{"nginx as it comes", map[string]string{"Connection": "close", "Upgrade": ""}, "HTTP/1.0",
			"Upgrade Connection HTTP/1.1"},
		{"nginx with HTTP/1.1 alone", map[string]string{"Connection": "", "Upgrade": ""}, "HTTP/1.1", "Upgrade Connection"},
		{"Upgrade alone", map[string]string{"Upgrade": ""}, "HTTP/1.1", "Upgrade"},
		{"Connection alone", map[string]string{"Connection": "close"}, "HTTP/1.1", "Connection"},
		{"another Upgrade", map[string]string{"Upgrade": "h2c"}, "HTTP/1.1", "Upgrade"},
		{"the key", map[string]string{"Sec-WebSocket-Key": ""}, "HTTP/1.1", "Sec-WebSocket-Key"},
		{"the version", map[string]string{"Sec-WebSocket-Version": ""}, "HTTP/1.1", "Sec-WebSocket-Version"},
		{"everything, from a browser", map[string]string{"Connection": "", "Upgrade": "", "Sec-WebSocket-Key": "",
			"Sec-WebSocket-Version":  "",
			"Sec-WebSocket-Protocol": "", "Sec-Fetch-Mode": "websocket"}, "HTTP/1.1",
			"Upgrade Connection Sec-WebSocket-Key Sec-WebSocket-Version Sec-WebSocket-Protocol"},
		{"everything: a look with curl", map[string]string{"Connection": "", "Upgrade": "", "Sec-WebSocket-Key": "",
			"Sec-WebSocket-Version":  "",
			"Sec-WebSocket-Protocol": ""}, "HTTP/1.1", ""},
		{"the subprotocol, of a foreign client", map[string]string{"Sec-WebSocket-Protocol": "mqtt"}, "HTTP/1.1", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/ws", nil)
			r.Proto, r.ProtoMinor = tt.proto, int(tt.proto[len(tt.proto)-1]-'0')
			for _, headers := range []map[string]string{whole, tt.change} {
				for name, value := range headers {
					if r.Header.Set(name, value); value == "" {
						r.Header.Del(name)
					}
				}
			}
			if got := strings.Join(conn.Missing(r), " "); got != tt.missing {
				t.Errorf("Missing = %q, want %q", got, tt.missing)
			}
		})
	}
}
