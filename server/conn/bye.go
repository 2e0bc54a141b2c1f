package conn

import (
	"fmt"

	"mayfly/shared/wire"
)

// byeError is the cause of the end of a connection: the server says goodbye with the Bye in it.
type byeError struct{ wire.Bye }

func (e byeError) Error() string { return fmt.Sprintf("bye %s: %s", e.Code, e.Message) }

// Bye returns an error for Conn.End: the connection ends, and b is the last frame that the client gets.
func Bye(b wire.Bye) error { return byeError{b} }
