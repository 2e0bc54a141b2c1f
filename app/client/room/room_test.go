package room_test

import (
	"slices"
	"testing"
	"time"

	"mayfly/app/client/outbox"
	"mayfly/app/client/room"
	"mayfly/shared/wire"
)

var (
	me  = wire.User{ID: "u-me", Name: "Anonymous Heron", Anonymous: true}
	ann = wire.User{ID: "u-ann", Name: "Ann"}
)

// wantTexts fails if the room does not show exactly these texts, in this order.
func wantTexts(t *testing.T, r room.Room, texts ...string) {
	t.Helper()
	got := []string{}
	for _, m := range r.Messages {
		got = append(got, m.Text)
	}
	if !slices.Equal(got, append([]string{}, texts...)) {
		t.Fatalf("the room shows %q, want %q", got, texts)
	}
}

// t0 is the server's time in the tests of Apply.
var t0 = time.UnixMilli(1_790_000_000_000)

// at returns a message with that seq, which lives for a minute from t0.
func at(seq int64, u wire.User, text string) wire.Message {
	return wire.Message{Seq: seq, ID: "id-" + text, User: u, Text: text, At: t0.UnixMilli(), Expires: t0.Add(time.Minute).UnixMilli()}
}

func snapshot(epoch string, head int64, resumed bool, removed []int64, messages ...wire.Message) wire.Joined {
	return wire.Joined{Room: "lobby", Epoch: epoch, Head: head, Resumed: resumed, TTL: 60_000, Removed: removed, Messages: messages}
}

func newMessage(seq int64, u wire.User, text string) wire.Posted {
	return wire.Posted{Room: "lobby", Message: at(seq, u, text)}
}

// TestStoredTwice: the stream has stored an own message twice, and the server has accepted the later one before it knew of
// the earlier one. The room shows one message, which is the one that the others see.
func TestStoredTwice(t *testing.T) {
	for _, corrected := range []bool{false, true} {
		r := room.New("lobby", wire.User{}).Apply(wire.Welcome{User: me, MayPost: true}, t0)
		r = r.Apply(snapshot("e1", 0, false, nil), t0)
		accepted := func(m wire.Message, repeat bool) wire.Accepted {
			return wire.Accepted{ID: m.ID, Room: "lobby", Seq: m.Seq, At: m.At, Expires: m.Expires, Repeat: repeat}
		}
		r.AddEntry(&outbox.Entry{ID: "id-one", Text: "one"})
		wrong := at(5, me, "one")
		wrong.At += 100
		frames := []wire.Frame{accepted(wrong, false), newMessage(3, me, "one")}
		if corrected {
			frames = append(frames, accepted(at(3, me, "one"), true))
		}
		for _, f := range append(frames, newMessage(6, ann, "two")) {
			r = r.Apply(f, t0)
		}
		wantTexts(t, r, "one", "two")
		if m := r.Messages[0]; m.Seq != 3 || !m.At.Equal(t0) {
			t.Errorf("the message stands at %d of %v, want 3 of %v", m.Seq, m.At, t0)
		}
	}
}

func TestApply(t *testing.T) {
	expired := at(2, ann, "expired")
	expired.Expires = t0.UnixMilli()
	same := at(9, ann, "same id")
	same.ID = "id-one"
	for _, tt := range []struct {
		name   string
		frames []wire.Frame
		want   []string
		epoch  string
		seq    int64
	}{
		{"snapshot", []wire.Frame{snapshot("e1", 9, false, nil, at(4, ann, "one"), at(7, me, "two"))}, []string{"one", "two"}, "e1", 9},
		{"expired is not shown", []wire.Frame{snapshot("e1", 2, false, nil, at(1, ann, "one"), expired)}, []string{"one"}, "e1", 2},
		{"posted", []wire.Frame{snapshot("e1", 0, false, nil), newMessage(3, ann, "one"), newMessage(5, ann, "two")}, []string{"one", "two"}, "e1", 5},
		{"posted before joined", []wire.Frame{newMessage(3, ann, "one")}, nil, "", 0},
		{"posted in another room", []wire.Frame{snapshot("e1", 0, false, nil), wire.Posted{Room: "tea", Message: at(3, ann, "one")}}, nil, "e1", 0},
		{"posted at the cursor", []wire.Frame{snapshot("e1", 3, false, nil), newMessage(3, ann, "one"), newMessage(2, ann, "two")}, nil, "e1", 3},
		{"posted twice", []wire.Frame{snapshot("e1", 0, false, nil), newMessage(3, ann, "one"), newMessage(3, ann, "one")}, []string{"one"}, "e1", 3},
		{"two people with one id", []wire.Frame{snapshot("e1", 0, false, nil), newMessage(3, me, "one"), wire.Posted{Room: "lobby", Message: same}}, []string{"one", "same id"}, "e1", 9},
		{"removed", []wire.Frame{snapshot("e1", 4, false, nil, at(3, ann, "one"), at(4, ann, "two")), wire.Removed{Room: "lobby", Seqs: []int64{3, 99}, Why: wire.WhyExpired}}, []string{"two"}, "e1", 4},
		{"removed elsewhere", []wire.Frame{snapshot("e1", 4, false, nil, at(3, ann, "one")), wire.Removed{Room: "tea", Seqs: []int64{3}}}, []string{"one"}, "e1", 4},
		{"resumed adds", []wire.Frame{snapshot("e1", 3, false, nil, at(3, ann, "one")), snapshot("e1", 8, true, nil, at(8, ann, "two"))}, []string{"one", "two"}, "e1", 8},
		{"resumed removes", []wire.Frame{snapshot("e1", 3, false, nil, at(2, ann, "one"), at(3, ann, "two")), snapshot("e1", 8, true, []int64{2})}, []string{"two"}, "e1", 8},
		{"resumed after what came meanwhile", []wire.Frame{snapshot("e1", 3, false, nil), newMessage(5, ann, "two"), snapshot("e1", 5, true, nil, at(4, ann, "one"), at(5, ann, "two"))}, []string{"one", "two"}, "e1", 5},
		{"not resumed replaces", []wire.Frame{snapshot("e1", 3, false, nil, at(2, ann, "one"), at(3, ann, "two")), snapshot("e1", 9, false, nil, at(3, ann, "two"), at(9, ann, "three"))}, []string{"two", "three"}, "e1", 9},
		{"another epoch keeps", []wire.Frame{snapshot("e1", 7, false, nil, at(7, ann, "old")), snapshot("e2", 1, false, nil, at(1, ann, "new"))}, []string{"old", "new"}, "e2", 1},
		{"another epoch, the same seq", []wire.Frame{snapshot("e1", 1, false, nil, at(1, ann, "old")), snapshot("e2", 1, false, nil, at(1, me, "new")), wire.Removed{Room: "lobby", Seqs: []int64{1}}}, []string{"old"}, "e2", 1},
		{"another epoch, the same message", []wire.Frame{snapshot("e1", 7, false, nil, at(6, me, "mine"), at(7, ann, "old")), snapshot("e2", 1, false, nil, at(1, me, "mine"))}, []string{"old", "mine"}, "e2", 1},
		{"accepted of nobody's", []wire.Frame{snapshot("e1", 1, false, nil), wire.Accepted{ID: "x", Room: "lobby", Seq: 9}}, nil, "e1", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := room.New("lobby", wire.User{}).Apply(wire.Welcome{User: me, MayPost: true}, t0)
			for _, f := range tt.frames {
				v = v.Apply(f, t0)
			}
			wantTexts(t, v, tt.want...)
			if want := headOf(tt.frames); v.Head != want {
				t.Errorf("head = %d, want %d, that of the last snapshot that is not a rejoin", v.Head, want)
			}
			if epoch, seq := v.Cursor(); epoch != tt.epoch || seq != tt.seq {
				t.Errorf("cursor = %q, %d, want %q, %d", epoch, seq, tt.epoch, tt.seq)
			}
			keys := map[string]bool{}
			for _, m := range v.Messages {
				if keys[m.Key] {
					t.Errorf("key %q stands there twice", m.Key)
				}
				keys[m.Key] = true
			}
		})
	}
}

// headOf returns the head of the last snapshot in frames that does not resume a room that is joined already; 0 if there is
// none. In these tests nothing leaves a room, so that is the last snapshot that resumes nothing.
func headOf(frames []wire.Frame) (head int64) {
	for _, f := range frames {
		if joined, ok := f.(wire.Joined); ok && !joined.Resumed {
			head = joined.Head
		}
	}
	return head
}

// TestApplyLeavesTheOldViewAlone: Apply and Prune return a new Room. The old Room and its list of messages must stay as they
// are, because other code may still use them.
func TestApplyLeavesTheOldViewAlone(t *testing.T) {
	v := room.New("lobby", wire.User{}).Apply(wire.Welcome{User: me}, t0)
	old := v.Apply(snapshot("e1", 3, false, nil, at(1, ann, "one"), at(2, ann, "two"), at(3, ann, "three")), t0)
	held := slices.Clone(old.Messages)
	for _, f := range []wire.Frame{
		newMessage(4, ann, "four"), wire.Removed{Room: "lobby", Seqs: []int64{1}}, snapshot("e1", 5, false, nil), snapshot("e1", 5, true, []int64{2}),
		snapshot("e2", 1, false, nil, at(1, ann, "two")),
	} {
		a, b := old.Apply(f, t0), old.Apply(f, t0)
		if !slices.Equal(a.Messages, b.Messages) {
			t.Errorf("Apply(%T) twice gives two lists", f)
		}
		old.Prune(t0.Add(time.Hour))
		if !slices.Equal(old.Messages, held) {
			t.Fatalf("Apply(%T) changed the old view: %+v", f, old.Messages)
		}
	}
}

func TestPruneAtTheInstant(t *testing.T) {
	v := room.New("lobby", wire.User{}).Apply(snapshot("e1", 1, false, nil, at(1, ann, "one")), t0)
	wantTexts(t, v.Prune(t0.Add(time.Minute-time.Nanosecond)), "one")
	wantTexts(t, v.Prune(t0.Add(time.Minute)))
}

// TestEachRoomCountsForItself applies the same frames to two rooms: each room takes only its own frames.
func TestEachRoomCountsForItself(t *testing.T) {
	rooms := []room.Room{room.New("lobby", me), room.New("tea", me)}
	tea := snapshot("e1", 2, false, nil, at(2, ann, "tea is ready"))
	tea.Room = "tea"
	for _, f := range []wire.Frame{snapshot("e1", 1, false, nil, at(1, ann, "hello")), tea, newMessage(3, ann, "again"),
		wire.Removed{Room: "tea", Seqs: []int64{1, 2, 3}}, wire.Refused{Re: "join", Room: "tea", Code: wire.CodeRoom, Message: "No."}} {
		for i := range rooms {
			rooms[i] = rooms[i].Apply(f, t0)
		}
	}
	wantTexts(t, rooms[0], "hello", "again")
	wantTexts(t, rooms[1])
	if !rooms[0].Joined || rooms[0].Refused.Message != "" || rooms[1].Joined || rooms[1].Refused.Message != "No." {
		t.Errorf("the rooms are %+v", rooms)
	}
	if !rooms[0].Misses(4) || rooms[0].Misses(3) || rooms[1].Misses(4) {
		t.Error("a room lacks messages that it has, or has some that it lacks")
	}
}
