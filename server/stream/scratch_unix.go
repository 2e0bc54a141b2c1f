//go:build linux || darwin || freebsd

package stream

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// tryLock locks folder, an open file, until folder is closed. If another process has locked the folder, the error is
// errTaken.
func tryLock(folder *os.File) error {
	err := syscall.Flock(int(folder.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errTaken
	}
	return err
}

// ownFile reports whether entry belongs to the user of this process.
func ownFile(entry fs.DirEntry) bool {
	info, err := entry.Info()
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
