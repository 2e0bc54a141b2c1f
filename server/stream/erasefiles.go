package stream

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"mayfly/server/hub"
	"mayfly/server/stream/seal"
)

const (
	blockSuffix = ".blk"     // of a file of records; a number precedes it
	indexFile   = "index.db" // what JetStream knows of the records; it reads the records again if there is no such file

	// A record has, in little endian: its size in bytes, with the bit withHeaders; its seq, with other bits if it is no
	// event; its time; the length of its subject. The subject follows, the headers after their length if there are
	// headers, the data and a checksum.
	recordHead  = 22
	recordSum   = 8
	headersHead = 4
	withHeaders = 1 << 31
)

// fileEraser removes from JetStream's files the events that were taken back and that JetStream has not erased. It must
// run while no NATS server uses the files. JetStream leaves such an event if the process is killed before the eraser has
// come to it. It leaves the event for good if the process is killed, or a write fails, while JetStream erases: JetStream
// first stores that the event is deleted and then overwrites it, and later takes it for deleted. So fileEraser does not
// ask what JetStream takes for deleted; an event that a stored removal names must be gone.
//
// fileEraser also deletes files that JetStream had not finished. JetStream does not read them, and erases nothing in them.
type fileEraser struct {
	dir    string // the folder of JetStream's files for the stream
	decode func(room string, s storedMsg) (hub.Event, error)
	log    *slog.Logger
}

// newFileEraser returns the fileEraser of n, whose NATS server stores its files in natsFolder.
func newFileEraser(natsFolder string, n *NATS) fileEraser {
	dir := filepath.Join(natsFolder, server.JetStreamStoreDir, server.DEFAULT_GLOBAL_ACCOUNT, "streams", streamName, "msgs")
	return fileEraser{dir, n.decode, n.log}
}

// erase does the work. What fails is logged, and tried again at the next start.
func (f fileEraser) erase() {
	files, err := os.ReadDir(f.dir)
	if errors.Is(err, fs.ErrNotExist) { // nothing was ever stored
		return
	}
	var blocks []int
	for _, file := range files {
		switch suffix := filepath.Ext(file.Name()); suffix {
		case ".tmp", ".new":
			err = errors.Join(err, os.Remove(filepath.Join(f.dir, file.Name())))
		case blockSuffix:
			if number, failed := strconv.Atoi(strings.TrimSuffix(file.Name(), suffix)); failed == nil {
				blocks = append(blocks, number)
			}
		}
	}
	slices.Sort(blocks)
	taken := map[erasure]bool{}
	for _, number := range slices.Backward(blocks) { // an event is in the file of its removal or in an earlier one
		err = errors.Join(err, f.eraseInFile(filepath.Join(f.dir, strconv.Itoa(number)+blockSuffix), taken))
	}
	if err != nil {
		f.log.Warn("messages that were taken back may still be in a file", "err", err)
	}
}

// eraseInFile adds to taken the events that the removals in the file at path name. Then it leaves the events of taken out
// of the file, as JetStream leaves out deleted events when it compacts a file. It copies everything else as it is. It
// leaves out only what it can decrypt, so it cannot be wrong about where a record begins and ends.
func (f fileEraser) eraseInFile(path string, taken map[erasure]bool) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var events []fileRecord
	for r := range fileRecords(content) {
		e, err := f.decode(r.room, r.stored)
		if err != nil { // it has expired, or is no event
			continue
		}
		if m, ok := e.TakenBack(); ok {
			taken[erasure{r.room, m.Seq}] = true
		}
		events = append(events, r)
	}
	var kept []byte
	end := 0 // of the last event that is left out
	for _, r := range events {
		if taken[erasure{r.room, r.stored.seq}] {
			kept = append(kept, content[end:r.from]...)
			end = r.to
		}
	}
	if end == 0 {
		return nil
	}
	if err := os.Remove(filepath.Join(f.dir, indexFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := seal.Replace(path, append(kept, content[end:]...)); err != nil {
		return fmt.Errorf("write %s anew: %w", path, err)
	}
	return nil
}

// fileRecord is a record of a room, from content[from] to content[to] of a file.
type fileRecord struct {
	from, to int
	room     string
	stored   storedMsg
}

// fileRecords returns the records of rooms in the content of a file, up to the first record that is not complete.
func fileRecords(content []byte) iter.Seq[fileRecord] {
	return func(yield func(fileRecord) bool) {
		for from := 0; from < len(content); {
			subject, stored, size := readRecord(content[from:])
			if size == 0 {
				return
			}
			room, ok := strings.CutPrefix(subject, subjectPrefix)
			if ok && !yield(fileRecord{from, from + size, room, stored}) {
				return
			}
			from += size
		}
	}
}

// readRecord reads the record at the beginning of b. size is 0 if that is no record, or not a complete one.
func readRecord(b []byte) (subject string, stored storedMsg, size int) {
	if len(b) < recordHead+recordSum {
		return "", stored, 0
	}
	head := binary.LittleEndian.Uint32(b)
	seq := int64(binary.LittleEndian.Uint64(b[4:]))
	length := int(binary.LittleEndian.Uint16(b[20:]))
	size = int(head &^ withHeaders)
	if size > len(b) || size < recordHead+length+recordSum {
		return "", stored, 0
	}
	subject, rest := string(b[recordHead:recordHead+length]), b[recordHead+length:size-recordSum]
	msg := &nats.Msg{Data: rest}
	if head&withHeaders != 0 {
		if len(rest) < headersHead {
			return "", stored, 0
		}
		length, rest := binary.LittleEndian.Uint32(rest), rest[headersHead:]
		if int64(length) > int64(len(rest)) {
			return "", stored, 0
		}
		msg.Header, _ = nats.DecodeHeadersMsg(rest[:length]) // without its id, the record cannot be decrypted
		msg.Data = rest[length:]
	}
	return subject, storedMsg{msg, seq}, size
}
