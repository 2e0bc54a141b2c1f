package seal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrInUse is the error of OpenFolder and TryFolder for a folder that another process uses.
var ErrInUse = errors.New("another mayfly is using this folder: stop it, or choose another folder")

// TryFolder looks for the problems that OpenFolder would report. It leaves nothing behind in the folder (see tryWrite), and
// makes no folder. So root may run mayfly check: the check leaves no file that the server's account cannot use. If there is
// no folder at path, TryFolder looks at the nearest folder above path. capacity is how many bytes of live messages the disk
// can hold.
func TryFolder(path string) (capacity int64, err error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := Writable(path); err != nil {
			return 0, err
		}
		return (&Folder{path: existing(path)}).Capacity()
	}
	if err := checkEntries(path); err != nil {
		return 0, err
	}
	f := &Folder{path: path}
	if _, err := f.readFormat(); err != nil {
		return 0, err
	}
	if err := f.tryLock(); err != nil {
		return 0, err
	}
	if err := Writable(path); err != nil {
		return 0, err
	}
	return f.Capacity()
}

// Writable returns nil if this user may write to the folder at path, or make it. It leaves nothing behind.
func Writable(path string) error {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := tryWrite(existing(path)); err != nil {
			return fmt.Errorf("want a folder, or a path where this user may make a folder: %w", err)
		}
		return nil
	}
	if err := tryWrite(path); err != nil {
		return fmt.Errorf("want a folder that this user may write to: %w", err)
	}
	return nil
}

// existing returns the nearest folder above path that is there.
func existing(path string) string {
	for {
		parent := filepath.Dir(path)
		if _, err := os.Stat(parent); err == nil || parent == path {
			return parent
		}
		path = parent
	}
}

// tryWrite writes an empty file into the folder and removes it. OpenFolder would take the file for a foreign one, so it is
// not there for longer than a moment.
func tryWrite(folder string) error {
	file, err := os.CreateTemp(folder, ".mayfly-check-")
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

// tryLock returns ErrInUse if another process has locked the folder.
func (f *Folder) tryLock() error {
	lock, err := os.OpenFile(f.in(lockFile), os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("want a folder that this user may write to: %w", err)
	}
	if err := lockExclusive(lock); err != nil {
		return errors.Join(err, lock.Close())
	}
	return lock.Close()
}
