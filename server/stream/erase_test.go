package stream_test

import (
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"mayfly/server/hub"
	"mayfly/server/stream"
	"mayfly/server/stream/streamtest"
	"mayfly/shared/wire"
)

// takeBack returns the event with which the author of m takes m back.
func takeBack(m wire.Message) hub.Event {
	return hub.Event{Kind: hub.KindRemoval, User: m.User.ID, ID: fmt.Sprint("removal of ", m.Seq),
		At:      time.Now().UnixMilli(),
		Expires: m.Expires, Body: fmt.Appendf(nil, `{"to":%d,"user":%q,"id":%q,"at":%d,"why":"author"}`, m.Seq,
			m.User.ID, m.ID, m.At)}
}

// mustAppendEvent appends e and returns its seq.
func mustAppendEvent(t *testing.T, s hub.Stream, room string, e hub.Event) int64 {
	t.Helper()
	seqs := make(chan int64, 1)
	s.Append(room, e, func(r hub.Receipt, err error) {
		if err != nil || r.Repeat {
			t.Errorf("Append = %+v, %v", r, err)
		}
		seqs <- r.Event.Seq
	})
	select {
	case seq := <-seqs:
		return seq
	case <-time.After(testTimeout):
		t.Fatal("no answer to an append")
		return 0
	}
}

// seqs returns the seqs of the events that a room holds, and whether one of them has text in its body.
func seqs(t *testing.T, s hub.Stream, room, text string) (held []int64, found bool) {
	t.Helper()
	stop, err := s.Follow(t.Context(), room, func(e hub.Event) {
		held = append(held, e.Seq)
		found = found || strings.Contains(string(e.Body), text)
	})
	if err != nil {
		return nil, true // on a busy machine: ask again
	}
	stop()
	return held, found
}

func TestErasedEventsAreGone(t *testing.T) {
	twins(t, func(t *testing.T, s hub.Stream) {
		first, second := mustAppend(t, s, "lobby", message(1, time.Minute)),
			mustAppend(t, s, "lobby", message(2, time.Minute))
		removal := mustAppendEvent(t, s, "lobby", takeBack(first))
		for range 3 { // every node may ask for it
			s.Erase("lobby", first.Seq)
		}
		s.Erase("lobby", 1<<40)
		eventually(t, "the message is erased", func() bool {
			held, found := seqs(t, s, "lobby", first.Text)
			return !found && reflect.DeepEqual(held, []int64{second.Seq, removal})
		})
		// A post of the same message again is a repeat, as long as the message would live.
		answers := make(chan hub.Receipt, 1)
		s.Append("lobby", hub.NewMessage(message(1, time.Minute)), func(r hub.Receipt, err error) {
			if err != nil {
				t.Error(err)
			}
			answers <- r
		})
		want := hub.Event{Kind: hub.KindMessage, Seq: first.Seq, User: first.User.ID, ID: first.ID, At: first.At,
			Expires: first.Expires}
		if got := <-answers; !got.Repeat || !reflect.DeepEqual(got.Event, want) {
			t.Errorf("the same message again: %+v, want a repeat of %+v", got, want)
		}
		has(t, s, "lobby", []wire.Message{second, {}})
		third := mustAppend(t, s, "lobby", message(3, time.Minute))
		if third.Seq <= removal {
			t.Errorf("the next seq is %d", third.Seq)
		}
	})
}

// TestErasedWithoutARemoval: a stream that does not know until when an erased event would live takes it anew, as it takes
// one that has expired.
func TestErasedWithoutARemoval(t *testing.T) {
	stores(t, roomy, func(t *testing.T, s *stream.NATS) {
		first := mustAppend(t, s, "lobby", message(1, time.Minute))
		s.Erase("lobby", first.Seq)
		eventually(t, "the message is erased", func() bool {
			held, found := seqs(t, s, "lobby", first.Text)
			return !found && len(held) == 0
		})
		if a := appendOne(t, s, "lobby", message(1, time.Minute)); a.err != nil || a.receipt.Repeat {
			t.Errorf("the same message again: %+v", a)
		}
	})
}

// TestErasedBytesAreNotOnDisk: the encrypted bytes of a message that was taken back are in none of the folder's files, also
// not in one that is still being written, and a restart does not bring them back.
func TestErasedBytesAreNotOnDisk(t *testing.T) {
	for _, tt := range places {
		t.Run(tt.name, func(t *testing.T) {
			config := onDisk(t, roomy)
			s := openOnce(t, config, slog.New(slog.DiscardHandler))
			bulk(t, s, 1000, tt.before)
			m, kept := mustAppend(t, s, "lobby", message(1, time.Minute)), mustAppend(t, s, "lobby", message(2, time.Minute))
			bulk(t, s, 2000, tt.after)
			sealed := sealedBytes(t, s, m.Seq)
			eventually(t, "the message is in a file", func() bool { return len(grep(t, config.Folder, sealed)) > 0 })
			removal := mustAppendEvent(t, s, "lobby", takeBack(m))
			s.Erase("lobby", m.Seq)
			eventually(t, "the message is in no file", func() bool { return len(grep(t, config.Folder, sealed)) == 0 })
			for range 2 {
				if held, found := seqs(t, s, "lobby", m.Text); found ||
					!reflect.DeepEqual(held, []int64{kept.Seq, removal}) {
					t.Errorf("the room holds %v", held)
				}
				s = reopen(t, s, config)
				if found := grep(t, config.Folder, sealed); len(found) > 0 {
					t.Errorf("after a restart it is in %q", found)
				}
			}
			closeLast(t, s)
		})
	}
}

// sealedBytes returns what the stream stores for the event seq of the lobby.
func sealedBytes(t *testing.T, s *stream.NATS, seq int64) string {
	t.Helper()
	sealed, err := s.Sealed(t.Context(), "lobby", seq)
	if err != nil || len(sealed) < 60 {
		t.Fatalf("event %d is stored as %q, %v", seq, sealed, err)
	}
	return string(sealed[20:])
}

// TestEraseBeforeClose: what was taken back just before the server stops is erased all the same.
func TestEraseBeforeClose(t *testing.T) {
	config := onDisk(t, roomy)
	s := openOnce(t, config, slog.New(slog.DiscardHandler))
	var sealed []string
	for n := range 20 {
		m := mustAppend(t, s, "lobby", message(n, time.Minute))
		sealed = append(sealed, sealedBytes(t, s, m.Seq))
		mustAppendEvent(t, s, "lobby", takeBack(m))
		s.Erase("lobby", m.Seq)
	}
	closeLast(t, s)
	for _, bytes := range sealed {
		if found := grep(t, config.Folder, bytes); len(found) > 0 {
			t.Errorf("a message that was taken back is still in %q", found)
		}
	}
}

// TestEraseOutlivesAnOutage: while JetStream does not answer, the erasure waits. There is no removal, so the start of
// JetStream does not erase the message already.
func TestEraseOutlivesAnOutage(t *testing.T) {
	t.Parallel()
	config := onDisk(t, roomy)
	s := openOnce(t, config, slog.New(slog.DiscardHandler))
	m := mustAppend(t, s, "lobby", message(1, time.Hour))
	sealed := sealedBytes(t, s, m.Seq)
	s.Kill()
	s.Erase("lobby", m.Seq)
	eventually(t, "the message is in no file", func() bool { return len(grep(t, config.Folder, sealed)) == 0 })
	closeLast(t, s)
}

// device is a member that keeps what it is sent.
type device chan wire.Frame

func (d device) Send(f *hub.Frame) bool {
	if frame, err := wire.Decode(f.AppendTo(nil, time.Now().UnixMilli())); err == nil {
		d <- frame
	}
	return true
}

// next returns the next F that comes, and passes over other frames.
func next[F wire.Frame](t *testing.T, d device) F {
	t.Helper()
	for deadline := time.After(testTimeout); ; {
		select {
		case frame := <-d:
			if f, ok := frame.(F); ok {
				return f
			}
		case <-deadline:
			t.Fatalf("no %T came", *new(F))
		}
	}
}

// enter returns a client of a new hub over s, a member of the lobby, and its device.
func enter(t *testing.T, s hub.Stream) (*hub.Client, device, wire.Joined) {
	t.Helper()
	h := hub.New(hub.Config{TTL: wire.TTL{Min: 1000, Default: 3_600_000, Max: 3_600_000}, Posts: 100, Acts: 100,
		Per:          time.Second,
		RoomMessages: 100, RoomBytes: 1 << 20, Rooms: 1}, s, streamtest.NewMemory(), hub.NewClock(time.Now),
		slog.New(slog.DiscardHandler))
	d := make(device, 100)
	c := h.NewClient(d, wire.User{ID: "u-1", Name: "Ada"}, "", hub.Writer)
	c.Join(t.Context(), "join", wire.Join{Room: "lobby"})
	return c, d, next[wire.Joined](t, d)
}

// TestTakenBackAcrossARestart: a user takes back two messages. The node erases the first, and dies before it erases the
// second; the node that starts next does that. Both are still known for repeats.
func TestTakenBackAcrossARestart(t *testing.T) {
	config := onDisk(t, roomy)
	s := openOnce(t, config, slog.New(slog.DiscardHandler))
	c, d, _ := enter(t, s)
	post := func(n int) wire.Post {
		return wire.Post{ID: fmt.Sprintf("0190a8f0-0000-7000-8000-%012d", n), Room: "lobby", Text: fmt.Sprint("text ", n)}
	}
	var sent []wire.Accepted
	var sealed []string
	for n := range 3 {
		c.Post(post(n))
		sent = append(sent, next[wire.Accepted](t, d))
		sealed = append(sealed, sealedBytes(t, s, sent[n].Seq))
	}
	c.React(wire.React{Room: "lobby", Seq: sent[0].Seq, Emoji: "👍"})
	next[wire.Reacted](t, d)
	c.React(wire.React{Room: "lobby", Seq: sent[2].Seq, Emoji: "👍"})
	next[wire.Reacted](t, d)
	c.Remove(wire.Remove{Room: "lobby", Seq: sent[0].Seq})
	next[wire.Removed](t, d)
	eventually(t, "the first is in no file", func() bool { return len(grep(t, config.Folder, sealed[0])) == 0 })
	second := wire.Message{Seq: sent[1].Seq, ID: sent[1].ID, User: wire.User{ID: "u-1"}, At: sent[1].At,
		Expires: sent[1].Expires}
	c.Close()
	s = reopen(t, s, config) // the hub does not see the removal that follows
	mustAppendEvent(t, s, "lobby", takeBack(second))
	if len(grep(t, config.Folder, sealed[1])) == 0 {
		t.Fatal("the second is in no file: this test does not test what it says")
	}
	s = reopen(t, s, config)
	if found := grep(t, config.Folder, sealed[1]); len(found) > 0 {
		t.Errorf("the second is in %q", found)
	}
	c, d, joined := enter(t, s)
	if len(joined.Messages) != 1 || joined.Messages[0].Seq != sent[2].Seq || len(joined.Messages[0].Reactions) != 1 {
		t.Errorf("after the restart: %+v, want the third message with its reaction", joined)
	}
	for n := range 3 {
		c.Post(post(n))
		want := sent[n]
		want.Repeat = true
		if got := next[wire.Accepted](t, d); got != want {
			t.Errorf("post %d again: %+v, want %+v", n, got, want)
		}
	}
	closeLast(t, s)
}
