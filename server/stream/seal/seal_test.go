package seal_test

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"mayfly/server/stream/seal"
)

func TestSealedMessageIsBoundToItsPlace(t *testing.T) {
	folder, err := seal.OpenFolder(filepath.Join(t.TempDir(), "data"))
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	k, err := seal.OpenKeyRing(folder, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	record, expires := []byte("a record that is long enough to be altered"), time.Now().Add(time.Minute).UnixMilli()
	sealed, err := k.Seal("lobby", "id", expires, record)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := k.Open("lobby", "id", sealed); err != nil || !bytes.Equal(got, record) {
		t.Errorf("Open = %q, %v, want %q", got, err, record)
	}
	again, err := k.Seal("lobby", "id", expires, record)
	if err != nil || bytes.Equal(again, sealed) {
		t.Errorf("sealed twice alike, %v", err)
	}
	alter := func(at int) []byte {
		b := bytes.Clone(sealed)
		b[at] ^= 1
		return b
	}
	for _, tt := range []struct {
		name, room, id string
		sealed         []byte
	}{
		{"another room", "tea", "id", sealed},
		{"another id", "lobby", "id2", sealed},
		{"another version", "lobby", "id", alter(0)},
		{"a deadline long past", "lobby", "id", alter(1)},
		{"a deadline a little later", "lobby", "id", alter(8)},
		{"another nonce", "lobby", "id", alter(9)},
		{"another text", "lobby", "id", alter(30)},
		{"another end", "lobby", "id", alter(len(sealed) - 1)},
		{"cut short", "lobby", "id", sealed[:len(sealed)-1]},
		{"nearly nothing", "lobby", "id", sealed[:9]},
		{"too little", "lobby", "id", sealed[:3]},
		{"nothing", "lobby", "id", nil},
	} {
		if _, err := k.Open(tt.room, tt.id, tt.sealed); err == nil {
			t.Errorf("%s: it opens", tt.name)
		}
	}
}
