package stream

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
)

// scratchPrefix begins the name of each scratch folder.
const scratchPrefix = "mayfly-nats-"

// scratch is a folder that a NATS server in memory needs while it starts: JetStream refuses to start without a folder
// that it can write to, although it stores nothing there. The process that has made the folder keeps a lock on it. By
// this lock, removeLeftovers in another process knows that the folder is in use, and not left by a process that was
// killed.
type scratch struct {
	path string
	lock *os.File // nil if the folder could not be locked; then removeLeftovers cannot lock it either, and leaves it alone
}

// scratchPlaces returns the folders in which newScratch tries to make a folder: the system's temporary folder, which
// TMPDIR names, and then places that are writable on many machines whose disks are read-only.
func scratchPlaces() []string {
	return []string{os.TempDir(), "/dev/shm", "/tmp", "/run", "/var/tmp", "."}
}

// newScratch makes a folder in the first of places that allows it. The caller must call remove.
func newScratch(places []string) (*scratch, error) {
	var errs []error
	for _, place := range places {
		s, err := scratchIn(place)
		if err == nil {
			return s, nil
		}
		errs = append(errs, err)
	}
	return nil, fmt.Errorf("NATS wants an empty folder during the start, also in memory: "+
		"set TMPDIR to a folder that this user may write to: %w", errors.Join(errs...))
}

// scratchIn makes a folder in place and locks it, if the system can. Before the new folder is locked, removeLeftovers in
// another process may lock and remove it. Then scratchIn makes another folder.
func scratchIn(place string) (*scratch, error) {
	for {
		path, err := os.MkdirTemp(place, scratchPrefix)
		if err != nil {
			return nil, err
		}
		lock, err := lockFolder(path)
		if !errors.Is(err, errTaken) {
			return &scratch{path, lock}, nil
		}
	}
}

// errTaken is the error of lockFolder if another process has locked or removed the folder.
var errTaken = errors.New("another process has the folder")

// lockFolder locks the folder at path until the returned file is closed. The system unlocks the folder when the process
// ends, also after a crash. The error is errTaken if another process has locked the folder or removed it. Any other error
// means that locking has failed.
func lockFolder(path string) (*os.File, error) {
	folder, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, errTaken
	}
	if err != nil {
		return nil, err
	}
	if err := tryLock(folder); err != nil {
		return nil, errors.Join(err, folder.Close())
	}
	locked, err := folder.Stat()
	now, lost := os.Lstat(path)
	if err != nil || lost != nil || !os.SameFile(locked, now) {
		return nil, errors.Join(errTaken, folder.Close())
	}
	return folder, nil
}

// remove removes the folder with everything in it.
func (s *scratch) remove() error {
	err := os.RemoveAll(s.path)
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close())
	}
	return err
}

// removeLeftovers removes old scratch folders in places: those that belong to this user and that no living process has
// locked. A process that is killed during its start leaves such a folder. Version 0.1.0 of Mayfly did not lock its
// folder, and kept the folder for as long as the process ran. So removeLeftovers may remove the folder of a running
// 0.1.0, too. That does no harm: after its start, the process no longer needs the folder.
func removeLeftovers(places []string, log *slog.Logger) {
	for _, place := range places {
		entries, err := os.ReadDir(place)
		if err != nil {
			continue // there is no such place, or this user cannot have made a folder there
		}
		for _, entry := range entries {
			path := filepath.Join(place, entry.Name())
			if !strings.HasPrefix(entry.Name(), scratchPrefix) || !entry.IsDir() || !ownFile(entry) {
				continue
			}
			lock, err := lockFolder(path)
			if err != nil {
				continue
			}
			if err := (&scratch{path, lock}).remove(); err != nil {
				log.Warn("a folder of a killed process cannot be removed", "folder", path, "err", err)
			}
		}
	}
}
