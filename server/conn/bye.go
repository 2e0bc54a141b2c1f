package conn

import (
	"fmt"

	"mayfly/shared/wire"
)

// byeError ends a connection with a goodbye.
type byeError struct{ wire.Bye }

func (e byeError) Error() string { return fmt.Sprintf("bye %s: %s", e.Code, e.Message) }

// Bye returns the error that ends a connection with the goodbye b.
func Bye(b wire.Bye) error { return byeError{b} }
