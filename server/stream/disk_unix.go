//go:build linux || darwin || freebsd

package stream

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// statDisk returns the space of the disk that path is on, as far as this user may have it.
func statDisk(path string) (space, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return space{}, fmt.Errorf("look for room on the disk: %w", err)
	}
	return space{size: int64(s.Blocks) * int64(s.Bsize), free: int64(s.Bavail) * int64(s.Bsize)}, nil
}

// lockWhole takes f for as long as it is open; the system lets go when the process ends, however it does.
func lockWhole(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errors.New("another mayfly is using this folder: stop it, or choose another folder")
	}
	if err != nil {
		return fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	return nil
}

// outOfRoom reports whether err says that there is no room to write.
func outOfRoom(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// boot names the time since the system was started, where it says so.
func boot() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id))
}
