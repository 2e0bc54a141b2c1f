package network_test

import (
	"bytes"
	"encoding/binary"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

// readStored adds to stored, by seq, what JetStream stores of the lobby in the folder: the encrypted bytes of the events.
// The server may be writing meanwhile, so the last event of a file may be missing.
func readStored(t *testing.T, folder string, stored map[int64]string) {
	t.Helper()
	for _, b := range files(t, folder, ".blk") {
		blockEvents(b, stored)
	}
}

// blockEvents reads a file of JetStream's. Each of its records has a header of 22 bytes, in little endian: its length with a
// bit that says whether there are headers, the seq with bits for what was deleted, the time, the length of the subject. The
// subject, the headers after their length, and the data follow, and a checksum of 8 bytes.
func blockEvents(b []byte, stored map[int64]string) {
	const head, sum, hasHeaders, maxSeq = 22, 8, 1 << 31, 1<<53 - 1
	le := binary.LittleEndian
	for len(b) >= head {
		size, seq, subject := le.Uint32(b), le.Uint64(b[4:]), int(le.Uint16(b[20:]))
		length := int(size &^ hasHeaders)
		if length < head+subject+sum || length > len(b) {
			return
		}
		data := b[head+subject : length-sum]
		if size&hasHeaders != 0 && len(data) >= 4 {
			data = data[min(len(data), 4+int(le.Uint32(data))):]
		}
		if string(b[head:head+subject]) == "room."+wire.DefaultRoom && seq > 0 && seq <= maxSeq {
			stored[int64(seq)] = string(data)
		}
		b = b[length:]
	}
}

// files returns the content of all files below folder whose names end in suffix, by path.
func files(t *testing.T, folder, suffix string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if os.IsNotExist(err) || err == nil && (e.IsDir() || filepath.Ext(path) != suffix && suffix != "") {
			return nil
		}
		b, err := os.ReadFile(path)
		if os.IsNotExist(err) { // JetStream has deleted the file meanwhile
			return nil
		}
		all[path] = b
		return err
	})
	if err != nil {
		t.Errorf("read %s: %v", folder, err)
	}
	return all
}

// in returns the path of a file that contains data, "" if there is none.
func in(files map[string][]byte, data string) string {
	for path, b := range files {
		if bytes.Contains(b, []byte(data)) {
			return path
		}
	}
	return ""
}

// left returns how many of gone a file of the folder still has.
func left(t *testing.T, folder string, gone []string) (n int) {
	t.Helper()
	all := files(t, folder, "")
	for _, data := range gone {
		if in(all, data) != "" {
			n++
		}
	}
	return n
}

// judgeFolder waits until no file of the folder has the bytes of a message that was taken back, and checks that none has
// them once the server has stopped. It finds the bytes of the messages that live, so it would find the others.
func judgeFolder(t *testing.T, server *rig.Server, folder string, all []*actor, stored map[int64]string) {
	t.Helper()
	readStored(t, folder, stored)
	var gone []string
	said, reacted := 0, 0
	for _, a := range all {
		said, reacted = said+a.said, reacted+a.reacted
		for _, m := range a.taken {
			if data := stored[m.Seq]; data != "" && m.Expires.Sub(m.At) > brief {
				gone = append(gone, data)
			}
		}
	}
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for timeout := time.After(settle); left(t, folder, gone) > 0; {
		select {
		case <-look.C:
		case <-timeout:
			t.Fatalf("%d messages that were taken back are still in %s", left(t, folder, gone), folder)
		}
	}
	server.Stop()
	if n := left(t, folder, gone); n > 0 {
		t.Errorf("%d messages that were taken back are in %s after the server has stopped", n, folder)
	}
	stopped := files(t, folder, "")
	found := 0
	v := all[0].Now()
	for i := range v.Messages {
		if data := stored[v.Messages[i].Seq]; data != "" && in(stopped, data) != "" {
			found++
		}
	}
	t.Logf("%d messages, %d reactions, %d that were taken back are looked for in the folder, %d that live are found there",
		said, reacted, len(gone), found)
	if said < actors || reacted < actors || len(gone) == 0 || found == 0 {
		t.Error("too little happened to judge by")
	}
}
