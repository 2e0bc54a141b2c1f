package stream_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mayfly/server/stream"
)

// entries returns the names of the files and folders in folder.
func entries(t *testing.T, folder string) (names []string) {
	t.Helper()
	found, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range found {
		names = append(names, e.Name())
	}
	return names
}

// TestMemoryNeedsNoTemporaryFolder starts a stream in memory although TMPDIR names a place where no folder can be made.
func TestMemoryNeedsNoTemporaryFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, place := range map[string]string{
		"no such folder": filepath.Join(t.TempDir(), "nowhere"), "a file": file, "a file system that takes no folder": "/proc/self",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TMPDIR", place)
			s := open(t, roomy)
			mustAppend(t, s, "lobby", message(1, time.Minute))
			if err := s.Ready(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestMemoryLeavesNothingBehind looks into the temporary folder while a stream in memory runs: nothing is there that a
// killed process could leave behind.
func TestMemoryLeavesNothingBehind(t *testing.T) {
	place := t.TempDir()
	t.Setenv("TMPDIR", place)
	left := filepath.Join(place, "mayfly-nats-123", "jetstream") // left by a killed process of version 0.1.0
	if err := os.MkdirAll(left, 0o700); err != nil {
		t.Fatal(err)
	}
	s := open(t, roomy)
	mustAppend(t, s, "lobby", message(1, time.Minute))
	if got := entries(t, place); len(got) > 0 {
		t.Errorf("the temporary folder has %q, want nothing", got)
	}
}

func TestNoPlaceForTheStartNamesTMPDIR(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	if _, _, err := stream.NewScratch(nowhere, "/proc/self"); err == nil || !strings.Contains(err.Error(), "set TMPDIR") || !strings.Contains(err.Error(), nowhere) {
		t.Errorf("NewScratch = %v, want it to name TMPDIR and the places", err)
	}
	good := t.TempDir()
	path, remove, err := stream.NewScratch(nowhere, good)
	if err != nil || filepath.Dir(path) != good {
		t.Fatalf("NewScratch = %q, %v, want a folder in %s", path, err, good)
	}
	if err := remove(); err != nil || len(entries(t, good)) > 0 {
		t.Errorf("remove: %v; it left %q", err, entries(t, good))
	}
}

// TestLeftoversAreRemoved checks that only folders that no process has locked are removed.
func TestLeftoversAreRemoved(t *testing.T) {
	place, elsewhere := t.TempDir(), t.TempDir()
	living, remove, err := stream.NewScratch(place)
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"mayfly-nats-1/jetstream", "mayfly-nats-2", "mayfly-e2e-3", "other"} {
		if err := os.MkdirAll(filepath.Join(place, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(place, "mayfly-nats-4"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(elsewhere, "kept"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, link := range []string{"mayfly-nats-5", "mayfly-nats-1/jetstream/link"} {
		if err := os.Symlink(elsewhere, filepath.Join(place, link)); err != nil {
			t.Fatal(err)
		}
	}
	sweep := func() {
		stream.RemoveLeftovers([]string{filepath.Join(place, "nowhere"), place}, slog.New(slog.DiscardHandler))
	}
	sweep()
	stay := []string{"mayfly-e2e-3", filepath.Base(living), "mayfly-nats-4", "mayfly-nats-5", "other"}
	for _, name := range stay {
		if _, err := os.Lstat(filepath.Join(place, name)); err != nil {
			t.Errorf("%v: want it to stay", err)
		}
	}
	if got := entries(t, place); len(got) != len(stay) {
		t.Errorf("the folder has %q, want %q", got, stay)
	}
	if got := entries(t, elsewhere); len(got) != 1 {
		t.Errorf("the folder behind the link has %q, want its file", got)
	}
	if err := remove(); err != nil {
		t.Error(err)
	}
}
