package seal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	lockFile = "lock"
	keysDir  = "keys"
	natsDir  = "nats" // JetStream writes here
	acmeDir  = "acme" // package certs keeps keys and certificates here, as the flag -acme-cache says

	// formatFile is the file that names the format of the folder. A folder that has keys or messages but no such file was
	// made by an older version of Mayfly, whose records had no kind.
	formatFile = "format"
	format     = "mayfly 2\n"

	// The margin is space that the messages leave free on the disk: diskMargin bytes, or the disk's size divided by
	// diskMarginShare if that is less. Appends are refused once less than half of the margin is free.
	diskMargin      = 64 << 20
	diskMarginShare = 16
	minCapacity     = 1 << 20 // the smallest result of Capacity, in bytes
	lastBlock       = 8 << 20 // the largest size of the file that JetStream still fills, and so cannot compact yet
)

// ErrDiskFull is the error of Full while the disk is nearly full, and of Seal if the disk has no room for a new key.
var ErrDiskFull = errors.New("the disk has no room")

// ErrForeign is the error of OpenFolder for a folder that is not Mayfly's, or that another version of Mayfly wrote.
var ErrForeign = errors.New("the folder cannot be this Mayfly's")

// foreign is an error for which errors.Is(err, ErrForeign) is true. Its text says what the operator must do.
type foreign string

func (f foreign) Error() string        { return string(f) }
func (f foreign) Is(target error) bool { return target == ErrForeign }

// Folder is the folder on disk where messages are stored. While it is open, a lock keeps other processes out.
type Folder struct {
	path string
	lock *os.File
}

// OpenFolder creates the folder if there is none, and locks it for this process.
func OpenFolder(path string) (*Folder, error) {
	if err := os.MkdirAll(path, privateDir); err != nil {
		return nil, fmt.Errorf("want a folder, or a path where this user may make a folder: %w", err)
	}
	if err := checkEntries(path); err != nil {
		return nil, err
	}
	if err := os.Chmod(path, privateDir); err != nil {
		return nil, fmt.Errorf("want a folder that belongs to this user: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(path, lockFile), os.O_CREATE|os.O_RDWR, privateFile)
	if err != nil {
		return nil, fmt.Errorf("want a folder that this user may write to: %w", err)
	}
	if err := lockExclusive(lock); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	f := &Folder{path, lock}
	if err := f.checkFormat(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return f, nil
}

// checkEntries returns an error if there is a file in the folder at path that is not Mayfly's.
func checkEntries(path string) error {
	entries, err := os.ReadDir(path)
	if err != nil {
		return fmt.Errorf("want a folder that this user may read: %w", err)
	}
	for _, e := range entries {
		switch e.Name() {
		case lockFile, formatFile, keysDir, natsDir, acmeDir, "lost+found":
		default:
			return foreign(filepath.Join(path, e.Name()) + " is not Mayfly's: want an empty folder, or one that Mayfly made")
		}
	}
	return nil
}

// checkFormat returns an error if another version of Mayfly wrote the folder in another format. If the folder is new,
// checkFormat writes the file formatFile.
func (f *Folder) checkFormat() error {
	written, err := f.readFormat()
	if err != nil || written {
		return err
	}
	return writeSynced(f.in(formatFile), format)
}

// readFormat reports whether the folder has the file formatFile. It returns an error if another version of Mayfly wrote the
// folder in another format.
func (f *Folder) readFormat() (written bool, err error) {
	stored, err := os.ReadFile(f.in(formatFile))
	switch {
	case err == nil && string(stored) == format:
		return true, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return false, fmt.Errorf("read the folder's format: %w", err)
	}
	for _, name := range []string{keysDir, natsDir} {
		if _, err := os.Lstat(f.in(name)); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		return false, foreign("the folder was written by another version of Mayfly, in a format that this one cannot " +
			"read: start the version that wrote it, or delete the folder with its messages, or choose another folder")
	}
	return false, nil
}

// writeSynced writes a file that only this user may read, and syncs it to disk. The file survives a crash once its folder
// is synced, too.
func writeSynced(path, content string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, privateFile)
	if err != nil {
		return err
	}
	_, err = file.WriteString(content)
	return errors.Join(err, file.Sync(), file.Close())
}

// Replace writes a file that only this user may read, and syncs it to disk. If there is a file at path already, the new file
// replaces it. After a crash there is the whole old file or the whole new one, and perhaps a file with the suffix ".tmp".
func Replace(path string, content []byte) error {
	f, err := os.OpenFile(path+temporary, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, privateFile)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(path+temporary, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(path+temporary))
	}
	return syncFolder(filepath.Dir(path))
}

// NATS returns the path of the folder in which JetStream writes.
func (f *Folder) NATS() string { return f.in(natsDir) }

func (f *Folder) in(name string) string { return filepath.Join(f.path, name) }

// Close unlocks the folder.
func (f *Folder) Close() error { return f.lock.Close() }

// Capacity returns how many bytes of live messages the disk can hold. JetStream can use the free space and the space of
// its own files, except the margin and lastBlock. Capacity returns half of that. The other half may be full of expired
// messages, because JetStream compacts a file only when less than half of the file is live.
func (f *Folder) Capacity() (int64, error) {
	disk, err := statDisk(f.path)
	if err != nil {
		return 0, err
	}
	var ours int64
	err = filepath.WalkDir(f.in(natsDir), func(_ string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Mode().IsRegular() {
			ours += info.Size()
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	return max((disk.free+ours-disk.margin()-lastBlock)/2, minCapacity), nil
}

// Full returns ErrDiskFull if so little space is free that a write may fail. JetStream does not recover from a failed write.
func (f *Folder) Full() error {
	disk, err := statDisk(f.path)
	if err == nil && disk.free < disk.margin()/2 {
		return ErrDiskFull
	}
	return err
}

// syncFolder syncs the folder at path, so that files created, renamed or deleted in it survive a crash.
func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// space is the size and the free space of a disk, in bytes.
type space struct{ size, free int64 }

func (s space) margin() int64 { return min(diskMargin, s.size/diskMarginShare) }
