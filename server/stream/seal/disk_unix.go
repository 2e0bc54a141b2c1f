//go:build linux || darwin || freebsd

package seal

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// statDisk returns the size and the free space of the disk that path is on. Space that only root may use does not count
// as free.
func statDisk(path string) (space, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return space{}, fmt.Errorf("read the free space of the disk: %w", err)
	}
	return space{size: int64(s.Blocks) * int64(s.Bsize), free: int64(s.Bavail) * int64(s.Bsize)}, nil
}

// lockExclusive locks f until f is closed. The system releases the lock when the process ends, also after a crash.
func lockExclusive(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return ErrInUse
	}
	if err != nil {
		return fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	return nil
}

// outOfRoom reports whether err means that the disk is full or a quota is reached.
func outOfRoom(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
