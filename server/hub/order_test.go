package hub_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/server/hub"
	"mayfly/server/stream/streamtest"
	"mayfly/shared/wire"
)

// TestEveryNodeHasTheSameOrder: two nodes make decisions, each without knowing the last ones of the other, and the stream
// stores them in some order. A node that was there all the time, and a node that reads at the end what the stream has not
// erased and not deleted, have the same. The stream erases what was replaced sooner or later, but within an hour.
func TestEveryNodeHasTheSameOrder(t *testing.T) {
	users, addresses := []string{"g-a", "g-b", "u-c"}, []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"}
	acts := []string{wire.ActMute, wire.ActBan, wire.ActLift, wire.ActSlow, wire.ActTTL, hub.Spread}
	for seed := range uint64(20_000 / raceShare) {
		random := rand.New(rand.NewPCG(seed, 19))
		var events []hub.Event
		now := int64(1_000_000)
		there, makers, known := hub.NewOrder(), [2]*hub.Order{hub.NewOrder(), hub.NewOrder()}, [2]int{}
		erasedAt := map[int64]int64{}
		for seq := range int64(3 + random.IntN(20)) {
			now += random.Int64N(40 * time.Minute.Milliseconds())
			maker := random.IntN(2)
			for upTo := len(events) - random.IntN(3); known[maker] < upTo; known[maker]++ {
				makers[maker].Apply(events[known[maker]])
			}
			act := acts[random.IntN(len(acts))]
			ms := time.Minute.Milliseconds() << random.IntN(12)
			if act == wire.ActSlow || act == wire.ActTTL {
				ms = int64(random.IntN(3)) * 1000
			}
			e := makers[maker].Decide(id(int(seq)), act, users[random.IntN(len(users))], now, ms, addresses[random.IntN(3)])
			if e.Seq = seq + 1; act == hub.Spread && e.Expires <= now {
				continue // nobody is banned
			}
			events = append(events, e)
			for _, replaced := range there.Apply(e) {
				erasedAt[replaced] = now + random.Int64N(time.Hour.Milliseconds())
			}
			there.Prune(now)
		}
		late := hub.NewOrder()
		now += random.Int64N(3 * time.Hour.Milliseconds())
		for _, e := range events {
			if at, replaced := erasedAt[e.Seq]; e.Expires > now && (!replaced || at > now) {
				late.Apply(e)
			}
		}
		there.Prune(now)
		if got, want := late.State(now), there.State(now); got != want {
			t.Fatalf("seed %d: a node that reads the room has\n%s, want\n%s", seed, got, want)
		}
	}
}

// TestOrderForgets what is over, and then is empty.
func TestOrderForgets(t *testing.T) {
	o := hub.NewOrder()
	for n := range 50 {
		e := o.Decide(id(n), []string{wire.ActMute, wire.ActBan, wire.ActLift}[n%3], fmt.Sprint("g-", n/2), 1000, 60_000,
			"192.0.2.1")
		e.Seq = int64(n + 1)
		o.Apply(e)
	}
	if o.Barred() != 25 {
		t.Errorf("the order knows %d users, want 25", o.Barred())
	}
	o.Prune(1000 + 59_999)
	if o.Barred() == 0 {
		t.Error("the order has forgotten everything too early")
	}
	if o.Prune(1000 + time.Hour.Milliseconds()); o.Barred() != 0 {
		t.Errorf("the order still knows %d users", o.Barred())
	}
}

// moderator returns a recorder that is a moderator and has joined room.
func (w world) moderator(t *testing.T, name, room string) *recorder {
	t.Helper()
	r := &recorder{user: wire.User{ID: "u-" + name, Name: name, Role: wire.RoleModerator}}
	r.Client = w.NewClient(r, r.user, "192.0.2.1", hub.Writer)
	r.join(t, room, nil)
	return r
}

// TestRoomKeepsSoManyBars and no more: further mutes and bans must wait, but lifts and others need not.
func TestRoomKeepsSoManyBars(t *testing.T) {
	config := testConfig
	config.Acts = 10 * hub.MaxBarred
	bubble(t, config, func(t *testing.T, w world) {
		mod := w.moderator(t, "mod", "lobby")
		hour := time.Hour.Milliseconds()
		for n := range hub.MaxBarred {
			mod.Moderate(wire.Moderate{Room: "lobby", Act: wire.ActMute, User: fmt.Sprint("x-", n), For: &hour})
		}
		if told := mod.take(); len(told) != hub.MaxBarred {
			t.Fatalf("%d frames came, want %d", len(told), hub.MaxBarred)
		}
		time.Sleep(time.Minute)
		mod.Moderate(wire.Moderate{Room: "lobby", Act: wire.ActBan, User: "x-more", For: &hour})
		refused, ok := mod.take()[0].(wire.Refused)
		if !ok || refused.Code != wire.CodeUnavailable || refused.Re != "moderate" ||
			refused.RetryMS != (59*time.Minute).Milliseconds() {
			t.Errorf("one more is answered %+v", refused)
		}
		mod.Moderate(wire.Moderate{Room: "lobby", Act: wire.ActBan, User: "x-5", For: &hour})
		mod.Moderate(wire.Moderate{Room: "lobby", Act: wire.ActLift, User: "x-7"})
		mod.Moderate(wire.Moderate{Room: "lobby", Act: wire.ActSlow, For: &hour})
		for _, f := range mod.take() {
			if _, ok := f.(wire.Moderated); !ok {
				t.Errorf("got %+v", f)
			}
		}
		time.Sleep(2 * time.Hour)
		mod.Moderate(wire.Moderate{Room: "lobby", Act: wire.ActBan, User: "x-more", For: &hour})
		if _, ok := mod.take()[0].(wire.Moderated); !ok {
			t.Error("there is still no place")
		}
	})
}

// TestClearOnceMore: a clear soon after another one takes effect at once, too. Those who come get nothing of what is
// cleared, even before it is swept.
func TestClearOnceMore(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		mod := w.moderator(t, "mod", "lobby")
		for n := range 3 {
			mod.Post(post(n, "lobby", 0))
			mod.take()
			mod.Moderate(wire.Moderate{Room: "lobby", Act: wire.ActClear})
			var gone []int64
			for _, f := range mod.take() {
				if f, ok := f.(wire.Removed); ok {
					gone = append(gone, f.Seqs...)
				}
			}
			if len(gone) != 1 {
				t.Errorf("clear %d takes back %v at once, want one message", n, gone)
			}
		}
		mod.Post(post(3, "lobby", 0))
		mod.take()
		now := time.Now().UnixMilli() // another node's moderator clears the room, and then that node gets no further
		w.stream.Append("lobby", hub.Event{Kind: hub.KindDecision, User: "u-other", ID: "x", At: now,
			Expires: now + time.Hour.Milliseconds(), Body: []byte(`{"act":"clear","by":{"id":"u-other","name":"Bo"}}`)},
			func(hub.Receipt, error) {})
		if told := mod.take(); len(told) != 1 {
			t.Errorf("the moderator got %+v, want to be told of the clear alone", told)
		}
		if j := w.person("ben").join(t, "lobby", nil); len(j.Messages) != 0 {
			t.Errorf("before the sweep a newcomer gets %+v", j)
		}
	})
}

// TestWhatIsSoAlreadyIsARepeat, also while this node does not know yet what an earlier act does.
func TestWhatIsSoAlreadyIsARepeat(t *testing.T) {
	config := testConfig
	clear, life := wire.Moderate{Room: "lobby", Act: wire.ActClear}, config.TTL.Default
	ttl := wire.Moderate{Room: "lobby", Act: wire.ActTTL, For: &life}
	bubble(t, config, func(t *testing.T, w world) {
		mod, ben := w.moderator(t, "mod", "lobby"), w.person("ben")
		ben.join(t, "lobby", nil)
		mod.Post(post(1, "lobby", 0))
		mod.take()
		ben.take()
		release := w.stream.Hold()
		for _, f := range []wire.Moderate{clear, clear, ttl} {
			mod.Moderate(f)
		}
		release()
		var told []string
		for _, f := range mod.take() {
			switch f := f.(type) {
			case wire.Moderated:
				told = append(told, fmt.Sprintf("%s, repeat: %t", f.Act, f.Repeat))
			case wire.Removed:
				told = append(told, fmt.Sprint("removed ", f.Seqs))
			}
		}
		const want = "clear, repeat: false; clear, repeat: true; removed [1]; ttl, repeat: true"
		slices.Sort(told) // the sweep may come before the life or after it
		if got := strings.Join(told, "; "); got != want {
			t.Errorf("the moderator is told %s, want %s", got, want)
		}
		if got := ben.take(); len(got) != 2 {
			t.Errorf("others are told %+v, want one clear and what it removes", got)
		}
		slow := wire.Moderate{Room: "lobby", Act: wire.ActSlow, For: new(time.Minute.Milliseconds())}
		release = w.stream.Hold()
		mod.Moderate(slow)
		mod.Moderate(ttl)
		release()
		frames := mod.take()
		if f, ok := frames[0].(wire.Moderated); !ok || len(frames) != 2 ||
			w.person("ann").join(t, "lobby", nil).Head != f.Seq {
			t.Errorf("a life that changes nothing counts in the head: the moderator is told %+v", frames)
		}
	})
}

// TestWhatAModeratorSendsNextComesAfter: a connection's frames are handled in their order, also when it does not wait for
// answers. A post behind an act lives by what the act has set, and a clear takes back what was posted before it.
func TestWhatAModeratorSendsNextComesAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := streamtest.NewMemory()
		stream := &streamtest.Slow{Memory: memory, Every: 10 * time.Millisecond}
		w := worldOn(stream, memory)
		mod := w.moderator(t, "mod", "lobby")
		minute := time.Minute.Milliseconds()
		act := func(what string, ms *int64) { mod.Moderate(wire.Moderate{Room: "lobby", Act: what, For: ms}) }
		told := func() string {
			time.Sleep(time.Second)
			var all []string
			for _, f := range mod.take() {
				switch f := f.(type) {
				case wire.Moderated:
					all = append(all, fmt.Sprintf("%s, repeat: %t", f.Act, f.Repeat))
				case wire.Accepted:
					all = append(all, fmt.Sprint("accepted for ", f.Expires-f.At))
				case wire.Refused:
					all = append(all, "refused "+string(f.Code))
				case wire.Removed:
					all = append(all, fmt.Sprint("removed ", len(f.Seqs)))
				}
			}
			slices.Sort(all)
			return strings.Join(all, "; ")
		}

		act(wire.ActTTL, &minute)
		mod.Post(post(1, "lobby", 0))
		mod.Post(post(2, "lobby", 2*time.Minute))
		if got := told(); got != "accepted for 60000; refused ttl; ttl, repeat: false" {
			t.Errorf("posts behind a new life: %s", got)
		}
		mod.Post(post(3, "lobby", 0))
		mod.Post(post(4, "lobby", 0))
		act(wire.ActClear, nil)
		mod.Post(post(5, "lobby", 0))
		act(wire.ActClear, nil)
		if got := told(); got != "accepted for 60000; accepted for 60000; accepted for 60000; clear, repeat: false; "+
			"clear, repeat: false; removed 1; removed 3" {
			t.Errorf("posts between clears: %s", got)
		}
		act(wire.ActSlow, &minute)
		mod.Post(post(6, "lobby", 0))
		if got := told(); got != "refused rate; slow, repeat: false" {
			t.Errorf("a post behind slow mode: %s", got)
		}
		if err := w.Drain(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestNobodyAnswersWhatIsTakenBack: a user takes a message back, or clears the room, and answers the message without
// waiting. The answer is refused. A join behind the removal does not show the message either.
func TestNobodyAnswersWhatIsTakenBack(t *testing.T) {
	for name, do := range map[string]func(mod *recorder, seq int64){
		"remove": func(mod *recorder, seq int64) { mod.Remove(remove(seq)) },
		"remove on two connections": func(mod *recorder, seq int64) {
			go mod.Remove(remove(seq))
			synctest.Wait()
			mod.Remove(remove(seq))
		},
		"clear": func(mod *recorder, _ int64) { mod.Moderate(wire.Moderate{Room: "lobby", Act: wire.ActClear}) },
	} {
		synctest.Test(t, func(t *testing.T) {
			memory := streamtest.NewMemory()
			stream := &streamtest.Slow{Memory: memory, Every: 10 * time.Millisecond}
			w := worldOn(stream, memory)
			mod := w.moderator(t, "mod", "lobby")
			mod.Post(post(1, "lobby", 0))
			time.Sleep(time.Second)
			mod.take()
			do(mod, 1)
			answer := post(2, "lobby", 0)
			answer.ReplyTo = new(int64(1))
			mod.Post(answer)
			mod.Join(t.Context(), "join", wire.Join{Room: "lobby"})
			time.Sleep(time.Second)
			refused, shown := false, -1
			for _, f := range mod.take() {
				switch f := f.(type) {
				case wire.Refused:
					refused = f.Code == wire.CodeGone
				case wire.Joined:
					shown = len(f.Messages)
				}
			}
			if !refused || shown != 0 {
				t.Errorf("%s: the answer is refused: %t; the join shows %d messages", name, refused, shown)
			}
			if err := w.Drain(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestBanOfManyAddresses keeps out guests from all addresses of a guest, also if they are more than one event holds.
func TestBanOfManyAddresses(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		const addresses = 150
		guest := wire.User{ID: "g-many", Name: "Many", Anonymous: true}
		for n := range addresses {
			r := &recorder{user: guest}
			r.Client = w.NewClient(r, guest, fmt.Sprint("192.0.2.", n), hub.Writer)
			r.join(t, "lobby", nil)
		}
		minute := time.Minute.Milliseconds()
		w.moderator(t, "mod", "lobby").Moderate(wire.Moderate{Room: "lobby", Act: wire.ActBan, User: guest.ID, For: &minute})
		synctest.Wait()
		for n := range addresses {
			other := wire.User{ID: fmt.Sprint("g-", n), Name: "Other", Anonymous: true}
			r := &recorder{user: other}
			r.Client = w.NewClient(r, other, fmt.Sprint("192.0.2.", n), hub.Writer)
			r.Join(t.Context(), "join", wire.Join{Room: "lobby"})
			if f, ok := r.take()[0].(wire.Refused); !ok || f.Code != wire.CodeForbidden {
				t.Errorf("a guest from address %d gets %+v", n, f)
			}
		}
	})
}

// TestWaitOfTheMutedAndBanned: a post of a user who is muted and banned is refused for as long as both last.
func TestWaitOfTheMutedAndBanned(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		mod, ben := w.moderator(t, "mod", "lobby"), w.person("ben")
		ben.join(t, "lobby", nil)
		minute, hour := time.Minute.Milliseconds(), time.Hour.Milliseconds()
		mod.Moderate(wire.Moderate{Room: "lobby", Act: wire.ActMute, User: ben.user.ID, For: &hour})
		mod.Moderate(wire.Moderate{Room: "lobby", Act: wire.ActBan, User: ben.user.ID, For: &minute})
		ben.take()
		ben.Post(post(1, "lobby", 0))
		ben.Join(t.Context(), "join", wire.Join{Room: "lobby"})
		var waits []int64
		for _, f := range ben.take() {
			if f, ok := f.(wire.Refused); ok && f.Code == wire.CodeForbidden {
				waits = append(waits, f.RetryMS)
			}
		}
		if want := []int64{hour, minute}; !slices.Equal(waits, want) {
			t.Errorf("the post and the join must wait %v ms, want %v", waits, want)
		}
	})
}

// TestClearOfALargeRoom: it takes several sweeps. All messages are gone, and their bytes are erased.
func TestClearOfALargeRoom(t *testing.T) {
	config := testConfig
	config.Posts, config.RoomMessages = 10_000, 10_000
	bubble(t, config, func(t *testing.T, w world) {
		mod := w.moderator(t, "mod", "lobby")
		const posts = 2*hub.MaxSwept + 1
		for n := range posts {
			mod.Post(post(n, "lobby", 0))
		}
		mod.take()
		mod.Moderate(wire.Moderate{Room: "lobby", Act: wire.ActClear})
		var gone []int64
		seqs := []int64{}
		for _, f := range mod.take() {
			switch f := f.(type) {
			case wire.Moderated:
				seqs = append(seqs, f.Seq)
			case wire.Removed:
				gone, seqs = append(gone, f.Seqs...), append(seqs, f.Seq)
			}
		}
		if len(gone) != posts || len(seqs) != 4 || !slices.IsSorted(seqs) || !slices.IsSorted(gone) {
			t.Errorf("%d messages are gone, by events %v", len(gone), seqs)
		}
		for _, e := range w.stream.Stored("lobby") {
			if e.Kind == hub.KindMessage {
				t.Fatal("a message is still stored")
			}
			if len(e.Body) > 37_000 {
				t.Errorf("a sweep has %d bytes", len(e.Body))
			}
		}
		if j := w.person("ben").join(t, "lobby", nil); len(j.Messages) != 0 || j.Head != seqs[3] {
			t.Errorf("a newcomer gets %+v", j)
		}
		for n := range posts { // every repeat is still known
			mod.Post(post(n, "lobby", 0))
		}
		for _, f := range mod.take() {
			if a, ok := f.(wire.Accepted); !ok || !a.Repeat {
				t.Fatalf("got %+v, want the answer to a repeat", f)
			}
		}
	})
}

// TestDecisionsThatCannotBeRead change nothing but the head.
func TestDecisionsThatCannotBeRead(t *testing.T) {
	for _, body := range []string{``, `null`, `{"act":"exile"}`, `{"act":"mute"}`, `{"act":"ban","user":{"id":""}}`, `[]`} {
		node := hub.NewTimeline()
		if node.Apply(hub.Event{Kind: hub.KindDecision, Seq: 5, User: "u-mod", ID: "x", Expires: 9, Body: []byte(body)}, 1) {
			t.Errorf("members are told of %q", body)
		}
		if strings.Contains(body, "exile") && node.Head() != 5 {
			t.Error("an act of a newer node does not count in the head")
		}
	}
}
