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

// scratch is a folder for the start of a NATS server in memory. JetStream refuses to start without a folder that it can
// write to, although it stores nothing there. Once the server has started, it needs the folder no more. The owner locks
// the folder, so that removeLeftovers in another process can distinguish it from a leftover.
type scratch struct {
	path string
	lock *os.File // nil if the file system has no locks; then no other process removes the folder
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

// scratchIn makes a folder in place and locks it. removeLeftovers of another process may lock the new folder first, and
// remove it: then scratchIn makes another one.
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

// removeLeftovers removes the scratch folders in places that belong to this user and that no living process has
// locked. The process that made such a folder was killed during its start, or was of version 0.1.0, which kept its
// folder until it stopped. Processes of that version lock nothing, but if one still runs, it does not need its folder.
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
