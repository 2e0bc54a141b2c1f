package stream

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"mayfly/server/hub"
)

const (
	lockFile = "lock"
	keysDir  = "keys"
	natsDir  = "nats" // JetStream's own

	// diskMargin is left free on the disk, or a sixteenth of it if that is less; appends end when half of that is gone too.
	diskMargin      = 64 << 20
	diskMarginShare = 16
	leastStore      = 1 << 20 // what JetStream may always keep
	lastBlock       = 8 << 20 // the file that JetStream writes, from which it frees nothing
)

// errDiskFull is what appends end with while others have taken the room on the disk.
var errDiskFull = fmt.Errorf("%w: the disk has no room", hub.ErrFull)

// folder is where messages are kept on disk. It is ours alone while it is open.
type folder struct {
	path string
	lock *os.File
}

// openFolder makes the folder if it isn't there, and takes it for this process.
func openFolder(path string) (*folder, error) {
	if err := os.MkdirAll(path, privateDir); err != nil {
		return nil, fmt.Errorf("want a folder, or where one can be made: %w", err)
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("want a folder that this user may read: %w", err)
	}
	for _, e := range entries {
		switch e.Name() {
		case lockFile, keysDir, natsDir, "lost+found":
		default:
			return nil, fmt.Errorf("%s is not Mayfly's: want an empty folder, or one that Mayfly made", filepath.Join(path, e.Name()))
		}
	}
	if err := os.Chmod(path, privateDir); err != nil {
		return nil, fmt.Errorf("want a folder that belongs to this user: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(path, lockFile), os.O_CREATE|os.O_RDWR, privateFile)
	if err != nil {
		return nil, fmt.Errorf("want a folder that this user may write to: %w", err)
	}
	if err := lockWhole(lock); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return &folder{path, lock}, nil
}

func (f *folder) in(name string) string { return filepath.Join(f.path, name) }

// close lets others have the folder.
func (f *folder) close() error { return f.lock.Close() }

// store returns how many bytes of live messages the disk can take for us: half of what is ours or free, as JetStream
// rewrites a file only when less than half of it lives.
func (f *folder) store() (int64, error) {
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
	return max((disk.free+ours-disk.margin()-lastBlock)/2, leastStore), nil
}

// full returns errDiskFull when so little is free that a write may fail, which JetStream doesn't survive.
func (f *folder) full() error {
	disk, err := statDisk(f.path)
	if err == nil && disk.free < disk.margin()/2 {
		return errDiskFull
	}
	return err
}

// syncFolder makes lasting what was made, renamed or removed in the folder at path.
func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// space is a disk's, in bytes.
type space struct{ size, free int64 }

func (s space) margin() int64 { return min(diskMargin, s.size/diskMarginShare) }
