//go:build !js

package browser

import (
	"context"
	"errors"
)

var errNoBrowser = errors.New("there is no browser here")

type native struct{}

// Dial fails: outside a browser, transport.DialWebSocket (app/client/transport) connects.
func Dial(context.Context, string, string) (*Socket, error) { return nil, errNoBrowser }

func (native) write([]byte) error { return errNoBrowser }
func (native) close(int, string)  {}
