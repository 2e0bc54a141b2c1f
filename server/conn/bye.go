package conn

import (
	"fmt"

	"mayfly/shared/wire"
)

// byeError is an error for Conn.End with the frame bye in it. The server sends this frame before it closes the connection.
type byeError struct{ wire.Bye }

func (e byeError) Error() string { return fmt.Sprintf("bye %s: %s", e.Code, e.Message) }

// Bye returns an error for Conn.End. If a connection ends because of this error, b is the last frame that the client gets.
func Bye(b wire.Bye) error { return byeError{b} }
