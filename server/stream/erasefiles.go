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
	blockSuffix = ".blk"     // the name of a file of records is a number and this suffix
	indexFile   = "index.db" // JetStream's index of the records; if the file is missing, JetStream reads the records again

	// These constants describe a record in JetStream's files. The first three are lengths in bytes. Numbers in a record
	// are little endian. A record consists of these parts, in this order:
	//
	//   - a head of recordHead bytes: the size of the record, with the bit withHeaders if the record has headers; its
	//     seq, in which JetStream sets one of the two highest bits if the record is erased or only says that an event is
	//     gone; its time; and the length of its subject
	//   - the subject
	//   - only if there are headers: their length, in headersHead bytes, and then the headers
	//   - the data
	//   - a checksum of recordSum bytes
	recordHead  = 22
	recordSum   = 8
	headersHead = 4
	withHeaders = 1 << 31
)

// fileEraser removes from JetStream's files the events that were taken back and that JetStream has not erased. It must run
// while no NATS server uses the files. There are two ways in which such an event stays in the files. First, the process is
// killed after a user has taken the event back, and before JetStream was told to erase it. Second, the process is killed,
// or a write fails, while JetStream erases: JetStream first stores that the event is deleted, and overwrites the event only
// then. After that JetStream believes that the event is gone and never overwrites it. So fileEraser does not ask JetStream:
// it removes every event that a stored removal names.
//
// fileEraser also deletes the files that JetStream has left unfinished (.tmp and .new). These files may contain events
// that were taken back, too. JetStream never reads these files, so it never erases events in them.
type fileEraser struct {
	dir    string // the folder of JetStream's files for the stream
	decode func(room string, s storedMsg) (hub.Event, error)
	log    *slog.Logger
}

// newFileEraser returns the fileEraser of n, whose NATS server stores its files in natsFolder.
func newFileEraser(natsFolder string, n *NATS) fileEraser {
	dir := filepath.Join(natsFolder, server.JetStreamStoreDir, server.DEFAULT_GLOBAL_ACCOUNT, "streams",
		embeddedNames.events, "msgs")
	return fileEraser{dir, n.decode, n.log}
}

// erase removes the events that were taken back from all files of the stream. If it fails, it only logs the error: the
// next start of the server tries again.
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
	for _, number := range slices.Backward(blocks) { // newest first: a removal is stored after the event that it names
		err = errors.Join(err, f.eraseInFile(filepath.Join(f.dir, strconv.Itoa(number)+blockSuffix), taken))
	}
	if err != nil {
		f.log.Warn("messages that were taken back may still be in a file", "err", err)
	}
}

// eraseInFile erases events in the file at path. First it reads the file. For each removal in the file, it adds to
// taken the event that the removal names. Then it writes the file again without the events in taken, as JetStream does
// when it compacts a file. Everything else in the file stays unchanged. eraseInFile removes only records that it could
// decrypt, so it cannot be wrong about where a removed record begins and ends.
func (f fileEraser) eraseInFile(path string, taken map[erasure]bool) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var events []fileRecord
	for r := range fileRecords(content) {
		e, err := f.decode(r.room, r.stored)
		if err != nil { // the record has expired, or is no event
			continue
		}
		for _, m := range e.TakenBack() {
			taken[erasure{r.room, m.Seq}] = true
		}
		events = append(events, r)
	}
	var kept []byte
	end := 0 // the index in content at which the last removed record ends; 0: no record is removed
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

// fileRecord is the record of an event of a room. It is content[from:to] of a file.
type fileRecord struct {
	from, to int
	room     string
	stored   storedMsg
}

// fileRecords yields the records of room events in content, which is the content of one file. It leaves out records with
// other subjects. It stops at the first record that is not complete.
func fileRecords(content []byte) iter.Seq[fileRecord] {
	return func(yield func(fileRecord) bool) {
		for from := 0; from < len(content); {
			subject, stored, size := readRecord(content[from:])
			if size == 0 {
				return
			}
			room, ok := strings.CutPrefix(subject, roomPrefix)
			if ok && !yield(fileRecord{from, from + size, room, stored}) {
				return
			}
			from += size
		}
	}
}

// readRecord reads the record at the beginning of b. size is its length in bytes, 0 if b does not begin with a complete
// record.
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
		// An error needs no handling: without its headers the record has no id, so decrypting it fails.
		msg.Header, _ = nats.DecodeHeadersMsg(rest[:length])
		msg.Data = rest[length:]
	}
	return subject, storedMsg{msg, seq}, size
}
