//go:build !linux && !darwin && !freebsd

package seal

import (
	"errors"
	"os"
)

func statDisk(string) (space, error) { return space{}, errors.ErrUnsupported }

func lockExclusive(*os.File) error { return errors.New("this system cannot keep messages on disk") }

func outOfRoom(error) bool { return false }
