//go:build !linux && !darwin && !freebsd

package stream

import (
	"errors"
	"io/fs"
	"os"
)

func tryLock(*os.File) error { return errors.ErrUnsupported }

func ownFile(fs.DirEntry) bool { return false }
