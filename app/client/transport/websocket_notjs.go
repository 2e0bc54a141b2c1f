//go:build !js

package transport

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coder/websocket"

	"mayfly/shared/wire"
)

// writeTimeout is how long a native connection may take to hand one message to the operating system.
const writeTimeout = 10 * time.Second

// DialWebSocket returns a Dial for native programs. url is the address of the server's WebSocket, such as
// "ws://localhost:8080/ws". In a browser, Mayfly uses browser.Socket instead: there, coder/websocket loses close codes
// and the messages before a close.
func DialWebSocket(url string) Dial {
	return func(ctx context.Context) (Conn, error) {
		ws, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{Subprotocols: []string{wire.Subprotocol}})
		if err != nil {
			return nil, fmt.Errorf("connect to %s: %w", url, err)
		}
		ws.SetReadLimit(wire.MaxServerMessage)
		return webSocket{ws}, nil
	}
}

type webSocket struct{ ws *websocket.Conn }

func (w webSocket) Read(ctx context.Context) ([]byte, error) {
	_, message, err := w.ws.Read(ctx)
	if err == nil {
		return message, nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var closed websocket.CloseError
	if errors.As(err, &closed) {
		return nil, &wire.ClosedError{Code: int(closed.Code), Reason: closed.Reason}
	}
	return nil, &wire.ClosedError{Code: closeCut, Reason: err.Error()}
}

func (w webSocket) Write(message []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	return w.ws.Write(ctx, websocket.MessageText, message)
}

func (w webSocket) Close(code int, reason string) { w.ws.Close(websocket.StatusCode(code), reason) }
