package conn_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"mayfly/server/conn"
	"mayfly/server/hub"
	"mayfly/shared/wire"
)

// frameOf returns a frame whose encoding has that many bytes.
func frameOf(t *testing.T, size int) *hub.Frame {
	t.Helper()
	empty := hub.NewFrame(wire.Leave{}).Size()
	f := hub.NewFrame(wire.Leave{Room: strings.Repeat("r", size-empty)})
	if f.Size() != size {
		t.Fatalf("made a frame of %d bytes, want %d", f.Size(), size)
	}
	return f
}

// header returns the header of a text message of n bytes.
func header(n int) []byte {
	switch {
	case n < 126:
		return []byte{0x81, byte(n)}
	case n < 1<<16:
		return binary.BigEndian.AppendUint16([]byte{0x81, 126}, uint16(n))
	default:
		return binary.BigEndian.AppendUint64([]byte{0x81, 127}, uint64(n))
	}
}

func TestMessagesOfAQueue(t *testing.T) {
	const ping = "\x89\x00"
	for _, tt := range []struct {
		name  string
		sizes []int // of the frames
		ping  bool
	}{
		{"nothing", nil, false},
		{"a ping", nil, true},
		{"a short frame", []int{125}, false},
		{"a frame", []int{126}, false},
		{"a frame and a ping", []int{126}, true},
		{"a large frame", []int{1<<16 - 1}, false},
		{"a very large frame", []int{1 << 16}, false},
		{"a very large frame and a ping", []int{1 << 16}, true},
		{"frames", []int{60, 60}, false},
		{"frames and a ping", []int{60, 70, 80}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q := conn.NewQueue(nil)
			if tt.ping && !q.AddPing() {
				t.Fatal("the ping was not taken")
			}
			var frames [][]byte
			for _, size := range tt.sizes {
				f := frameOf(t, size)
				if !q.Push(f) {
					t.Fatal("no room in the queue")
				}
				frames = append(frames, f.AppendTo(nil, 0))
			}
			var want []byte
			if joined := bytes.Join(frames, []byte("\n")); len(joined) > 0 {
				want = append(header(len(joined)), joined...)
			}
			if tt.ping {
				want = append(want, ping...)
			}
			if got := q.Message(time.Now().UnixMilli()); !bytes.Equal(got, want) {
				t.Errorf("the message has %d bytes and begins % x, want %d and % x", len(got), got[:min(len(got), 12)],
					len(want), want[:min(len(want), 12)])
			}
			if rest := q.Message(time.Now().UnixMilli()); len(rest) > 0 {
				t.Errorf("%d bytes are left", len(rest))
			}
		})
	}
}

// TestMembersShareAMessage: a frame is put behind a header once, and all members write the same bytes.
func TestMembersShareAMessage(t *testing.T) {
	f := frameOf(t, 100)
	var first []byte
	for range 3 {
		q := conn.NewQueue(nil)
		q.Push(f)
		got := q.Message(time.Now().UnixMilli())
		if first == nil {
			first = got
		}
		if &got[0] != &first[0] {
			t.Fatal("two members have two copies of the message")
		}
	}
}
