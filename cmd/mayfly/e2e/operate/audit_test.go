package operate_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/uuid"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

// TestAuditLogIsRotated renames the audit log, as tools that rotate logs do, and sends SIGHUP: the server, which goes on,
// writes what comes next to a new file, and nothing more to the old one.
func TestAuditLogIsRotated(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "audit.log")
	s := rig.ServeAlone(t, rig.FreeAddr(t), "-audit", file, "-rate", "1/1h")
	old, before := file+".1", ""
	for i := range 2 {
		posts := rig.DialAnd(t, s, "lobby") // the first post is allowed, the second is the occasion for a line
		for n := range 2 {
			posts.Send(wire.Post{ID: uuid.NewString(), Room: "lobby", Text: fmt.Sprint("post ", n)})
		}
		if r := rig.Next[wire.Refused](posts); r.Code != wire.CodeRate {
			t.Fatalf("refused = %+v", r)
		}
		var lines string
		rig.Until(t, "nothing is written", func() bool {
			b, err := os.ReadFile(file)
			lines = string(b)
			return err == nil && strings.HasSuffix(lines, "\n")
		})
		var line struct{ Event, Limit, Room string }
		if err := json.Unmarshal([]byte(lines), &line); err != nil || line.Event != "limit" || line.Limit != "post" ||
			line.Room != "lobby" || lines == before {
			t.Errorf("file %d of the audit log has %q: %v", i, lines, err)
		}
		if i > 0 {
			break
		}
		before = lines
		if err := os.Rename(file, old); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(s.Pid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		rig.Until(t, "there is no new file", func() bool {
			_, err := os.Stat(file)
			return err == nil
		})
	}
	if b, err := os.ReadFile(old); err != nil || string(b) != before {
		t.Errorf("after its rotation the old file has %q: %v", b, err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the new file: %v, %v", info, err)
	}
	s.Stop()
}
