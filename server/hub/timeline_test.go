package hub_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"mayfly/server/hub"
	"mayfly/shared/wire"
)

// history is a random row of events of one room, as the stream stores them.
type history struct {
	random  *rand.Rand
	events  []hub.Event
	repeats map[int64]bool // the seqs of the messages that repeat an earlier one
	seq     int64
	now     int64
}

var historyUsers = []wire.User{{ID: "u-ann", Name: "Ann"}, {ID: "u-ben", Name: "Ben"},
	{ID: "g-cleo", Name: "Heron", Anonymous: true}}

// newHistory returns a history of n events. Nodes that knew less than the whole of it have made it: it has reactions and
// removals that change nothing, of messages that are gone or never were.
func newHistory(seed uint64, n int) *history {
	h := &history{random: rand.New(rand.NewPCG(seed, 15)), now: 1_000_000, repeats: map[int64]bool{}}
	for range n {
		h.seq += 1 + h.random.Int64N(3)
		h.now += h.random.Int64N(2000)
		h.add()
	}
	return h
}

func (h *history) add() {
	user := historyUsers[h.random.IntN(len(historyUsers))]
	var e hub.Event
	target, ok := h.message()
	switch act := h.random.IntN(10); {
	case !ok || act < 4:
		life := []int64{1000, 5000, 20_000, 60_000}[h.random.IntN(4)]
		e = hub.NewMessage(wire.Message{ID: id(int(h.seq)), User: user, Text: fmt.Sprint("text ", h.seq), At: h.now,
			Expires: h.now + life})
	case act < 8:
		emoji := hub.Emoji[h.random.IntN(3)]
		e = hub.NewReaction(id(int(h.seq)), user, target.Seq, emoji, h.random.IntN(3) > 0, h.now, target.Expires)
	case act < 9:
		e = hub.NewRemoval(id(int(h.seq)), target.User, target, h.now)
	case act < 10 && h.random.IntN(3) == 0:
		e = hub.NewRemoval(id(int(h.seq)), user.ID, target, h.now)
	case act < 10 && target.Expires > h.now && h.random.IntN(2) == 0:
		e = target // the stream has stored it once more
		e.At, e.Expires = h.now, e.Expires+h.now-e.At
		h.repeats[h.seq] = true
	default:
		e = h.sweep()
	}
	e.Seq = h.seq
	h.events = append(h.events, e)
}

// sweep returns a sweep of some messages of the history, of which some are gone already.
func (h *history) sweep() hub.Event {
	var swept []hub.Event
	for _, e := range h.events {
		if e.Kind == hub.KindMessage && !h.repeats[e.Seq] && (len(swept) == 0 || h.random.IntN(2) == 0) {
			swept = append(swept, e)
		}
	}
	return hub.NewSweep(id(int(h.seq)), h.seq-1, h.now, swept...)
}

// message returns one of the messages of the history.
func (h *history) message() (m hub.Event, ok bool) {
	var all []hub.Event
	for _, e := range h.events {
		if e.Kind == hub.KindMessage && !h.repeats[e.Seq] {
			all = append(all, e)
		}
	}
	if len(all) == 0 {
		return m, false
	}
	return all[h.random.IntN(len(all))], true
}

// left returns what the stream may still hold at the end, from the event with the index from on: it has erased some of the
// messages that were taken back while they lived, has erased all repeats, and has deleted some of the events that have
// expired.
func (h *history) left(from int) (left []hub.Event) {
	taken := map[int64]bool{}
	for _, e := range h.events {
		for _, m := range e.TakenBack() {
			if m.Expires > e.At {
				taken[m.Seq] = true
			}
		}
	}
	for _, e := range h.events[from:] {
		if h.repeats[e.Seq] {
			continue
		}
		gone := e.Expires <= h.now || e.Kind == hub.KindMessage && taken[e.Seq]
		if !gone || h.random.IntN(2) == 0 {
			left = append(left, e)
		}
	}
	return left
}

// headLives reports whether what the event at the head is about still lives at the end. It does not for a sweep: a node that
// reads the room later cannot know whether the sweep has taken back messages that have expired since. Then a client that
// comes with that head gets the newest messages, as if it had no cursor.
func (h *history) headLives(head int64) bool {
	return slices.ContainsFunc(h.events, func(e hub.Event) bool {
		return e.Seq == head && e.Expires > h.now && e.Kind != hub.KindSweep
	})
}

// TestEveryNodeHasTheSameTimeline: a node that was there all the time, a node that reads the room at the end, and a node
// that missed the later part, then reads it, and then gets all events once more, show the same, although the stream has
// erased messages meanwhile.
func TestEveryNodeHasTheSameTimeline(t *testing.T) {
	for seed := range uint64(10_000 / raceShare) {
		h := newHistory(seed, 3+int(seed%25))
		there, late, lagging := hub.NewTimeline(), hub.NewTimeline(), hub.NewTimeline()
		missed := h.random.IntN(len(h.events) + 1)
		for n, e := range h.events {
			for _, node := range []*hub.Timeline{there, lagging} {
				if node == there || n < missed {
					node.Expire(e.At)
					node.Apply(e, e.At)
				}
			}
		}
		for _, e := range h.left(0) {
			late.Apply(e, h.now)
		}
		for _, e := range append(h.left(max(missed-3, 0)), h.events...) { // all of them once more
			if !h.repeats[e.Seq] {
				lagging.Apply(e, h.now)
			}
		}
		for name, node := range map[string]*hub.Timeline{"late": late, "lagging": lagging} {
			if node.Head() > there.Head() || node.Head() < there.Head() && h.headLives(there.Head()) {
				t.Fatalf("seed %d: the head is %d on the %s node, %d on the one that was there", seed, node.Head(), name,
					there.Head())
			}
			compare(t, fmt.Sprintf("seed %d, %s node", seed, name), h, there, node)
		}
		for _, node := range []*hub.Timeline{there, late, lagging} {
			node.Expire(h.now + 100_000) // panics if anything is left
		}
	}
}

// compare compares what two timelines show to a newcomer, and to clients with some cursors.
func compare(t *testing.T, name string, h *history, a, b *hub.Timeline) {
	t.Helper()
	cursors := []*int64{nil, new(b.Head())}
	for range 3 {
		cursors = append(cursors, new(h.random.Int64N(b.Head()+1)))
	}
	for _, cursor := range cursors {
		want, got := a.JoinedBytes(cursor, h.now, 0), b.JoinedBytes(cursor, h.now, 0)
		if !bytes.Equal(got, want) {
			t.Fatalf("%s, cursor %v:\n%s, want\n%s", name, cursor, got, want)
		}
	}
}

// TestResumeIsWhatWasMissed: a client that applies what it missed to what it had has what a newcomer gets.
func TestResumeIsWhatWasMissed(t *testing.T) {
	for seed := range uint64(500 / raceShare) {
		h := newHistory(seed, 3+int(seed%40))
		node, has := hub.NewTimeline(), map[int64]map[int64]wire.Message{0: {}} // by cursor: what a client has
		for _, e := range h.events {
			node.Expire(e.At)
			node.Apply(e, e.At)
			has[node.Head()] = bySeq(node.Joined(nil, e.At).Messages)
		}
		want := bySeq(node.Joined(nil, h.now).Messages)
		for cursor, got := range has {
			j := node.Joined(&cursor, h.now)
			if !j.Resumed {
				t.Fatalf("seed %d, cursor %d: not resumed", seed, cursor)
			}
			for _, seq := range j.Removed {
				delete(got, seq)
			}
			for _, r := range j.Reacted {
				m, ok := got[r.Seq]
				if !ok {
					t.Fatalf("seed %d, cursor %d: reactions of %d, which the client does not have", seed, cursor, r.Seq)
				}
				if m.Reactions = r.Reactions; len(r.Reactions) == 0 {
					m.Reactions = nil
				}
				got[r.Seq] = m
			}
			for _, m := range j.Messages {
				got[m.Seq] = m
			}
			for seq, m := range got {
				if m.Expires <= h.now {
					delete(got, seq)
				}
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("seed %d, cursor %d: the client has\n%+v, want\n%+v", seed, cursor, got, want)
			}
		}
	}
}

func bySeq(messages []wire.Message) map[int64]wire.Message {
	all := map[int64]wire.Message{}
	for _, m := range messages {
		all[m.Seq] = m
	}
	return all
}

// TestBoundsOfJoined: what was missed is sent if it fits, else the newest messages that do.
func TestBoundsOfJoined(t *testing.T) {
	const now = 1000
	message := func(seq int64, text int) hub.Event {
		e := hub.NewMessage(wire.Message{ID: id(int(seq)), User: historyUsers[0],
			Text: string(bytes.Repeat([]byte("x"), text)),
			At:   now, Expires: now + 1000})
		e.Seq = seq
		return e
	}
	removals := func(n int64) (all []hub.Event) { // of messages whose seqs have 16 digits
		for seq := int64(1 << 50); seq < 1<<50+n; seq++ {
			e := hub.NewRemoval(id(int(seq)), "u-ann", hub.Event{Seq: seq, User: "u-ann", ID: id(int(seq)), At: now,
				Expires: now + 1000}, now)
			e.Seq = seq + n
			all = append(all, e)
		}
		return all
	}
	messages := func(n, text int) (all []hub.Event) {
		for seq := range int64(n) {
			all = append(all, message(seq+1, text))
		}
		return all
	}
	reactions := func(n, users int) (all []hub.Event) { // to the messages of messages(n, …)
		for seq := range int64(n) {
			for u := range users {
				user := wire.User{ID: fmt.Sprintf("u-%040d", u), Name: "U"}
				e := hub.NewReaction(id(int(seq)), user, seq+1, "👍", true, now, now+1000)
				e.Seq = 5000 + seq*100 + int64(u)
				all = append(all, e)
			}
		}
		return all
	}
	for _, tt := range []struct {
		name                       string
		events                     []hub.Event
		cursor                     int64
		resumed                    bool
		messages, removed, reacted int
	}{
		{"500 messages", messages(500, 1), 0, true, 500, 0, 0},
		{"501 messages", messages(501, 1), 0, false, 500, 0, 0},
		{"501 messages, one of them known", messages(501, 1), 1, true, 500, 0, 0},
		{"too many bytes of messages", messages(100, 3000), 0, false, 83, 0, 0},
		{"removals that fit", removals(15_000), 0, true, 0, 15_000, 0},
		{"removals that don't", append(messages(3, 1), removals(16_000)...), 2, false, 3, 0, 0},
		{"reactions that fit", append(messages(50, 1), reactions(50, 99)...), 50, true, 0, 0, 50},
		{"reactions that don't", append(messages(80, 1), reactions(80, 99)...), 80, false, 56, 0, 0},
		{"messages and removals together don't", append(messages(50, 3000), removals(7_000)...), 0, false, 50, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			node := hub.NewTimeline()
			for _, e := range tt.events {
				node.Apply(e, now)
			}
			j := node.Joined(&tt.cursor, now)
			if j.Resumed != tt.resumed || len(j.Messages) != tt.messages || len(j.Removed) != tt.removed ||
				len(j.Reacted) != tt.reacted {
				t.Errorf("resumed %v, %d messages, %d removed, %d reacted; want %v, %d, %d, %d", j.Resumed, len(j.Messages),
					len(j.Removed), len(j.Reacted), tt.resumed, tt.messages, tt.removed, tt.reacted)
			}
			if n := len(wire.Encode(j)); n > wire.MaxJoinedBytes+1000 {
				t.Errorf("the frame has %d bytes", n)
			}
		})
	}
}

// TestExpireInAnyOrder: messages expire by their deadlines and not in the order of their posts, and each only once. A message
// that was taken back is not among the expired.
func TestExpireInAnyOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(17, 3))
	node, live := hub.NewTimeline(), map[int64]int64{} // seq: deadline
	for seq, now := int64(1), int64(1000); now < 1300; seq, now = seq+2, now+1 {
		e := hub.NewMessage(wire.Message{ID: id(int(seq)), User: historyUsers[0], Text: "x", At: now,
			Expires: now + 1 + random.Int64N(50)*random.Int64N(2) + 50})
		e.Seq = seq
		node.Apply(e, now)
		live[seq] = e.Expires
		if random.IntN(5) == 0 {
			e := hub.NewRemoval(id(int(seq)), "u-ann", e, now)
			e.Seq = seq + 1
			node.Apply(e, now)
			delete(live, seq)
		}
		var want []int64
		for seq, deadline := range live {
			if deadline <= now {
				want = append(want, seq)
				delete(live, seq)
			}
		}
		slices.Sort(want)
		if got := node.Expire(now); !slices.Equal(got, want) {
			t.Fatalf("at %d %v expired, want %v", now, got, want)
		}
	}
	if node.Expire(2000); len(node.Joined(nil, 0).Messages) != 0 {
		t.Error("messages live on")
	}
}

// FuzzEvent: no body makes a timeline panic, and one that cannot be read changes nothing that members see.
func FuzzEvent(f *testing.F) {
	m := hub.NewMessage(wire.Message{ID: id(1), User: historyUsers[0], Text: "x", At: 1, Expires: 100})
	m.Seq = 1
	f.Add("message", "u-ann", m.Body)
	f.Add("reaction", "u-ben", hub.NewReaction("", historyUsers[1], 1, "👍", true, 2, 100).Body)
	f.Add("reaction", "u-ben", []byte(`{"to":1,"emoji":"👍","on":true,"user":{"id":"u-eve"}}`))
	f.Add("reaction", "u-ben", []byte(`{"to":-1,"emoji":"","on":1}`))
	f.Add("removal", "u-ann", hub.NewRemoval("", "u-ann", m, 2).Body)
	f.Add("removal", "u-ann", []byte(`{"to":9,"user":"u-ann","id":"x","why":"author"}`))
	f.Add("removal", "u-ann", []byte(`null`))
	f.Add("sweep", "u-mod", hub.NewSweep("", 4, 2, m).Body)
	f.Add("sweep", "u-mod", []byte(`{"clear":4,"messages":[{"to":1},{"to":9,"user":"u","id":"x","why":"moderator"}]}`))
	f.Add("decision", "u-mod",
		[]byte(`{"act":"clear","by":{"id":"u-mod","name":"Mod","anonymous":false,"role":"moderator"}}`))
	f.Add("decision", "u-mod",
		[]byte(`{"act":"ban","user":{"id":"g-1","name":""},"by":{},"until":90,"addresses":["192.0.2.1"]}`))
	f.Add("decision", "g-1", []byte(`{"act":"spread","user":{"id":"g-1","name":""},"addresses":["192.0.2.2"]}`))
	f.Add("decision", "u-mod", []byte(`{"act":"slow","for":-1}`))
	f.Add("pace", "u-ann", []byte(`1`))
	f.Fuzz(func(t *testing.T, kind, user string, body []byte) {
		node := hub.NewTimeline()
		node.Apply(m, 2)
		before := node.Joined(nil, 2)
		e := hub.Event{Kind: hub.Kind(kind), Seq: 5, User: user, ID: id(2), At: 2, Expires: 100, Body: body}
		if e.TakenBack() != nil && e.Kind != hub.KindRemoval && e.Kind != hub.KindSweep {
			t.Error("an event that is no removal and no sweep takes back a message")
		}
		told := node.Apply(e, 2)
		if _, err := wire.DecodeMessage(body); kind == "message" && err != nil {
			return // nodes store only messages that wire.EncodeMessage has encoded
		}
		after := node.Joined(nil, 2)
		after.Head = before.Head
		if !told && !reflect.DeepEqual(after, before) {
			t.Errorf("nobody is told, but %+v became %+v", before, after)
		}
		node.Expire(100)
	})
}
