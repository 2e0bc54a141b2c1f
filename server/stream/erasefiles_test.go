package stream_test

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mayfly/server/hub"
	"mayfly/server/servertest"
	"mayfly/server/stream"
	"mayfly/shared/wire"
)

// blockFiles returns JetStream's files of records in a folder, by path below it.
func blockFiles(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "nats", "jetstream", "*", "streams", "MAYFLY", "msgs", "*.blk"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no file of records in %s, %v", folder, err)
	}
	files := map[string][]byte{}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		name, failed := filepath.Rel(folder, path)
		if err = errors.Join(err, failed); err != nil {
			t.Fatal(err)
		}
		files[name] = b
	}
	return files
}

// halfErased returns the files of records as they were when JetStream had stored that an event is deleted, but had not
// overwritten it yet: those from before, with the end of those from after.
func halfErased(t *testing.T, before, after map[string][]byte) map[string][]byte {
	t.Helper()
	half, grew := map[string][]byte{}, false
	for name, b := range after {
		half[name] = slices.Concat(before[name], b[len(before[name]):])
		grew = grew || len(b) > len(before[name])
	}
	if !grew {
		t.Fatal("JetStream has stored nothing of a deletion: this test does not test what it says")
	}
	return half
}

func writeAll(t *testing.T, folder string, files map[string][]byte) {
	t.Helper()
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(folder, name), b, 0o600); err != nil {
			t.Error(err)
		}
	}
}

// holds compares the events that a room holds with want. None may have text.
func holds(t *testing.T, s *stream.NATS, room, text string, want []int64) {
	t.Helper()
	var held []int64
	var found bool
	eventually(t, "the room is read", func() bool {
		held, found = seqs(t, s, room, text)
		return held != nil
	})
	if found || !reflect.DeepEqual(held, want) {
		t.Errorf("the room holds %v, with the text %v, want %v without it", held, found, want)
	}
}

// bulk appends n messages of 24 KiB to the room bulk, the first with the number from.
func bulk(t *testing.T, s *stream.NATS, from, n int) (stored []wire.Message) {
	t.Helper()
	for i := range n {
		m := message(from+i, time.Hour)
		m.Text = strings.Repeat("\u2028", wire.MaxText)
		stored = append(stored, mustAppend(t, s, "bulk", m))
	}
	return stored
}

// places are the places in JetStream's files where a message may be that is taken back.
var places = []struct {
	name          string
	before, after int // messages of 24 KiB; JetStream begins a new file after 8 MiB
}{{"alone", 0, 0}, {"in the file that is being written", 3, 3}, {"in a file that is complete", 3, 450}}

// copyInUse copies a folder that a stream uses, as a kill leaves it. If the stream renames a file during the copy, copyInUse
// begins again.
func copyInUse(t *testing.T, to, from string) {
	t.Helper()
	for {
		err := os.CopyFS(to, os.DirFS(from))
		if err == nil {
			return
		}
		if !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if err := os.RemoveAll(to); err != nil {
			t.Fatal(err)
		}
	}
}

// TestKilledBeforeItHasErased: the process is killed once a removal is stored, before or while JetStream erases the message.
// The bytes are gone at the next start, before anybody opens the room, and everything else is there.
func TestKilledBeforeItHasErased(t *testing.T) {
	for _, tt := range places {
		t.Run(tt.name, func(t *testing.T) {
			config := onDisk(t, roomy)
			s := openOnce(t, config, slog.New(slog.DiscardHandler))
			other := bulk(t, s, 1000, tt.before)
			first, m := mustAppend(t, s, "lobby", message(1, time.Hour)), mustAppend(t, s, "lobby", message(2, time.Hour))
			other = append(other, bulk(t, s, 2000, tt.after)...)
			last, removal := mustAppend(t, s, "lobby", message(3, time.Hour)), mustAppendEvent(t, s, "lobby", takeBack(m))
			sealed := sealedBytes(t, s, m.Seq)
			killed := map[string]stream.Config{"before it erases": onDisk(t, roomy), "while it erases": onDisk(t, roomy)}
			for _, k := range killed {
				copyInUse(t, k.Folder, config.Folder)
			}
			before := blockFiles(t, config.Folder)
			s.Erase("lobby", m.Seq)
			eventually(t, "it is in no file", func() bool { return len(grep(t, config.Folder, sealed)) == 0 })
			writeAll(t, killed["while it erases"].Folder, halfErased(t, before, blockFiles(t, config.Folder)))
			closeLast(t, s)
			for when, config := range killed {
				if len(grep(t, config.Folder, sealed)) == 0 {
					t.Fatalf("killed %s: it is in no file: this test does not test what it says", when)
				}
				s, want := openOnce(t, config, slog.New(slog.DiscardHandler)), []int64{first.Seq, last.Seq, removal}
				for range 2 {
					if found := grep(t, config.Folder, sealed); len(found) > 0 {
						t.Errorf("killed %s: it is in %q", when, found)
					}
					holds(t, s, "lobby", m.Text, want)
					has(t, s, "bulk", other)
					next := mustAppend(t, s, "lobby", message(len(want)+10, time.Hour))
					if next.Seq <= removal {
						t.Errorf("killed %s: the next seq is %d", when, next.Seq)
					}
					want = append(want, next.Seq)
					s = reopen(t, s, config)
				}
				closeLast(t, s)
			}
		})
	}
}

// TestFailedWhileItErased: JetStream fails while it erases, and Mayfly starts it again in the same process.
func TestFailedWhileItErased(t *testing.T) {
	t.Parallel()
	config := onDisk(t, roomy)
	s := openOnce(t, config, slog.New(slog.DiscardHandler))
	first, m := mustAppend(t, s, "lobby", message(1, time.Hour)), mustAppend(t, s, "lobby", message(2, time.Hour))
	removal, sealed := mustAppendEvent(t, s, "lobby", takeBack(m)), sealedBytes(t, s, m.Seq)
	before := blockFiles(t, config.Folder)
	s.Erase("lobby", m.Seq)
	eventually(t, "it is in no file", func() bool { return len(grep(t, config.Folder, sealed)) == 0 })
	s.KillAnd(func(string) {
		writeAll(t, config.Folder, halfErased(t, before, blockFiles(t, config.Folder)))
		if len(grep(t, config.Folder, sealed)) == 0 {
			t.Error("it is in no file: this test does not test what it says")
		}
	})
	eventually(t, "ready again", func() bool { return s.Ready(t.Context()) == nil })
	if found := grep(t, config.Folder, sealed); len(found) > 0 {
		t.Errorf("it is in %q", found)
	}
	holds(t, s, "lobby", m.Text, []int64{first.Seq, removal})
	closeLast(t, s)
}

// TestAllOfAFileTakenBack: nothing is left of the first file. The events of the others keep their seqs.
func TestAllOfAFileTakenBack(t *testing.T) {
	config := onDisk(t, roomy)
	s := openOnce(t, config, slog.New(slog.DiscardHandler))
	taken := bulk(t, s, 1, 400)
	sealed := map[int64]string{}
	for _, m := range taken {
		stored, err := s.Sealed(t.Context(), "bulk", m.Seq)
		if err != nil {
			t.Fatal(err)
		}
		sealed[m.Seq] = string(stored[20:200])
	}
	var want []int64
	for _, m := range taken {
		want = append(want, mustAppendEvent(t, s, "bulk", takeBack(m)))
	}
	for range 2 {
		s = reopen(t, s, config)
		all := slices.Concat(slices.Collect(maps.Values(blockFiles(t, config.Folder)))...)
		maps.DeleteFunc(sealed, func(_ int64, b string) bool { return !bytes.Contains(all, []byte(b)) })
		if len(sealed) > 0 {
			t.Errorf("the events %v are in a file", slices.Sorted(maps.Keys(sealed)))
		}
		holds(t, s, "bulk", `\u2028`, want)
		want = append(want, mustAppend(t, s, "bulk", message(1000+len(want), time.Hour)).Seq)
		if !slices.IsSorted(want) {
			t.Errorf("the next seq is %d", want[len(want)-1])
		}
	}
	closeLast(t, s)
}

// TestUnfinishedFilesGoAtTheStart: JetStream leaves them when it is killed while it writes a file anew.
func TestUnfinishedFilesGoAtTheStart(t *testing.T) {
	config := onDisk(t, roomy)
	s := openOnce(t, config, slog.New(slog.DiscardHandler))
	m := mustAppend(t, s, "lobby", message(1, time.Hour))
	sealed := sealedBytes(t, s, m.Seq)
	for name, b := range blockFiles(t, config.Folder) {
		for _, unfinished := range []string{name + ".tmp", strings.TrimSuffix(name, ".blk") + ".new"} {
			writeAll(t, config.Folder, map[string][]byte{unfinished: b})
		}
	}
	s = reopen(t, s, config)
	if found := grep(t, config.Folder, sealed); len(found) != 1 || filepath.Ext(found[0]) != ".blk" {
		t.Errorf("a message is in %q, want it in one file of records", found)
	}
	has(t, s, "lobby", []wire.Message{m})
	closeLast(t, s)
}

// TestErasingInFilesChangesNothingElse: Mayfly writes a file anew only if an event must go, and leaves out that event alone.
// Bytes that follow the records stay, also if they are no record.
func TestErasingInFilesChangesNothingElse(t *testing.T) {
	t.Parallel()
	config := onDisk(t, roomy)
	log := &servertest.Log{}
	s := openOnce(t, config, slog.New(slog.NewTextHandler(log, nil)))
	kept, m := mustAppend(t, s, "lobby", message(1, time.Hour)), mustAppend(t, s, "lobby", message(2, time.Hour))
	mustAppendEvent(t, s, "tea", takeBack(kept)) // in another room it takes nothing back
	untouched := blockFiles(t, config.Folder)
	mustAppendEvent(t, s, "lobby", takeBack(m))
	s.KillAnd(func(string) {
		for name, whole := range blockFiles(t, config.Folder) {
			records := stream.FileRecords(whole)
			gone := slices.IndexFunc(records, func(r stream.FileRecord) bool { return r.Seq == m.Seq })
			if len(records) != 4 || gone < 0 {
				t.Fatalf("the file has the records %v", records)
			}
			without := slices.Concat(whole[:records[gone].From], whole[records[gone].To:])
			for _, tt := range []struct {
				name       string
				have, want []byte
			}{
				{"nothing is taken back", untouched[name], untouched[name]},
				{"a message is taken back", whole, without},
				{"nothing is left to do", without, without},
				{"the last record is not complete", slices.Concat(whole, whole[:100]), slices.Concat(without, whole[:100])},
				{"something else follows", slices.Concat(whole, []byte("what?")), slices.Concat(without, []byte("what?"))},
				{"the file is something else", bytes.Repeat([]byte("what? "), 100), bytes.Repeat([]byte("what? "), 100)},
				{"the file is empty", []byte{}, []byte{}},
			} {
				writeAll(t, config.Folder, map[string][]byte{name: tt.have})
				s.EraseInFiles()
				if got := blockFiles(t, config.Folder)[name]; !bytes.Equal(got, tt.want) {
					t.Errorf("%s: the file has %d bytes after %d, want %d", tt.name, len(got), len(tt.have), len(tt.want))
				}
			}
			writeAll(t, config.Folder, map[string][]byte{name: whole})
			if strings.Contains(log.String(), "may still be in a file") {
				t.Errorf("the log is\n%s", log)
			}
			// A file that cannot be written anew: its place is taken.
			blocked := filepath.Join(config.Folder, name+".tmp", "x")
			if err := os.MkdirAll(blocked, 0o700); err != nil {
				t.Fatal(err)
			}
			s.EraseInFiles()
			if got := blockFiles(t, config.Folder)[name]; !strings.Contains(log.String(), "may still be in a file") ||
				!bytes.Equal(got, whole) {
				t.Errorf("the file could not be written anew, and the log is\n%s", log)
			}
			if err := os.RemoveAll(filepath.Dir(blocked)); err != nil {
				t.Fatal(err)
			}
		}
	})
	eventually(t, "ready again", func() bool { return s.Ready(t.Context()) == nil })
	closeLast(t, s)
}

// BenchmarkEraseInFiles measures what a start takes longer for the messages that live.
func BenchmarkEraseInFiles(b *testing.B) {
	const messages = 20_000
	config := roomy
	config.Folder, config.RoomEvents = filepath.Join(b.TempDir(), "data"), messages
	s, err := stream.OpenEmbedded(b.Context(), config, hub.NewClock(time.Now), prometheus.NewRegistry(),
		slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	var stored sync.WaitGroup
	for n := range messages {
		if n%500 == 0 {
			stored.Wait()
		}
		stored.Add(1)
		s.Append("lobby", hub.NewMessage(message(n, time.Hour)), func(_ hub.Receipt, err error) {
			if err != nil {
				b.Error(err)
			}
			stored.Done()
		})
	}
	stored.Wait()
	for b.Loop() {
		s.EraseInFiles()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/messages, "ns/message")
}

// FuzzFileRecords reads records from files of any content. Each record lies in its file, behind the record before it.
func FuzzFileRecords(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("what? what? what? what? what? what?"))
	f.Add(append([]byte{36, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 6, 0}, "room.ahash and so on"...))
	f.Add(append([]byte{48, 0, 0, 128, 1, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 6, 0},
		"room.a\x0c\x00\x00\x00NATS/1.0\r\n\r\nhash"...))
	f.Add(append([]byte{40, 0, 0, 128, 1, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 6, 0},
		"room.a\xff\xff\xff\xffhash hash and so on"...))
	f.Fuzz(func(t *testing.T, content []byte) {
		end := 0
		for _, r := range stream.FileRecords(content) {
			if r.From < end || r.To < r.From+30 || r.To > len(content) {
				t.Fatalf("a record from %d to %d, after one that ends at %d, in %d bytes", r.From, r.To, end, len(content))
			}
			end = r.To
		}
	})
}
