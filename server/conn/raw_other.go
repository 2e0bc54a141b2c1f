//go:build !unix

package conn

import (
	"errors"
	"net"
	"syscall"
)

// rawOf returns nil: on this system a goroutine of the connection writes the queue (Socket.drain), not a Writers.
func rawOf(net.Conn) syscall.RawConn { return nil }

// rawWriter is used on Unix only (see raw_unix.go).
type rawWriter struct{}

func newRawWriter() *rawWriter { return &rawWriter{} }

func (*rawWriter) now(syscall.RawConn, []byte) (int, error) { return 0, errors.ErrUnsupported }

func readRaw(syscall.RawConn, []byte) (int, error) { return 0, errors.ErrUnsupported }
