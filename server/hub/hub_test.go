package hub_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"mayfly/server/hub"
	"mayfly/server/stream/streamtest"
	"mayfly/shared/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var testConfig = hub.Config{
	TTL:   wire.TTL{Min: 1000, Default: 300_000, Max: 86_400_000},
	Posts: 20, GuestPosts: 1000, Acts: 60, Per: 10 * time.Second, RoomMessages: 1000, RoomBytes: 8 << 20, Rooms: 3,
}

// world is a hub over a stream in memory, inside a synctest bubble.
type world struct {
	*hub.Hub
	stream *streamtest.Memory
	wall   *wall
}

// worldOn returns a world whose hub uses stream, which stores in memory. Nobody calls Run of the hub.
func worldOn(stream hub.Stream, memory *streamtest.Memory) world {
	wall := &wall{}
	return world{hub.New(testConfig, stream, memory, hub.NewClock(wall.now), slog.New(slog.DiscardHandler)), memory, wall}
}

// bubble runs test under synctest with a world, and stops the world before the bubble ends.
func bubble(t *testing.T, config hub.Config, test func(t *testing.T, w world)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		s := streamtest.NewMemory()
		wall := &wall{}
		w := world{hub.New(config, s, s, hub.NewClock(wall.now), slog.New(slog.DiscardHandler)), s, wall}
		ended := make(chan error, 1)
		go func() { ended <- w.Run(ctx) }()
		test(t, w)
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// recorder is a member that records every frame as it would be written at that moment.
type recorder struct {
	*hub.Client
	user wire.User

	mu       sync.Mutex
	frames   []wire.Frame // without presence
	presence []wire.Presence
	kept     []*hub.Frame
	full     bool // Send fails, as with a full queue
}

func (r *recorder) Send(f *hub.Frame) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.full {
		return false
	}
	r.kept = append(r.kept, f)
	b := f.AppendTo(nil, time.Now().UnixMilli())
	if len(b) > f.Size() {
		panic(fmt.Sprintf("frame of %d bytes says it has %d", len(b), f.Size()))
	}
	frame, err := wire.Decode(b)
	if err != nil {
		panic(fmt.Sprintf("hub sent %q: %v", b, err))
	}
	if p, ok := frame.(wire.Presence); ok {
		r.presence = append(r.presence, p)
	} else {
		r.frames = append(r.frames, frame)
	}
	return true
}

// person returns a recorder that is in no room.
func (w world) person(name string) *recorder {
	r := &recorder{user: wire.User{ID: "u-" + name, Name: name}}
	r.Client = w.NewClient(r, r.user, "192.0.2.1", hub.Writer)
	return r
}

// guestIn returns an anonymous recorder that comes from an address and has joined a room.
func (w world) guestIn(t *testing.T, name, from, room string) *recorder {
	t.Helper()
	r := &recorder{user: wire.User{ID: "g-" + name, Name: name, Anonymous: true}}
	r.Client = w.NewClient(r, r.user, from, hub.Writer)
	r.join(t, room, nil)
	return r
}

// in returns a recorder that has joined rooms and drops the answers.
func (w world) in(t *testing.T, name string, rooms ...string) *recorder {
	t.Helper()
	r := w.person(name)
	for _, room := range rooms {
		r.join(t, room, nil)
	}
	return r
}

func (r *recorder) join(t *testing.T, room string, cursor *wire.Cursor) wire.Joined {
	t.Helper()
	r.Join(t.Context(), "join", wire.Join{Room: room, Cursor: cursor})
	return next[wire.Joined](t, r)
}

// take waits until every goroutine of the bubble is idle and returns the frames that came since the last take.
func (r *recorder) take() []wire.Frame {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	frames := r.frames
	r.frames = nil
	return frames
}

// want compares the frames that came with frames.
func (r *recorder) want(t *testing.T, frames ...wire.Frame) {
	t.Helper()
	if got := r.take(); !slices.EqualFunc(got, frames, func(a, b wire.Frame) bool { return reflect.DeepEqual(a, b) }) {
		t.Errorf("%s got %+v, want %+v", r.user.Name, got, frames)
	}
}

// next returns the only frame that came, which must be an F.
func next[F wire.Frame](t *testing.T, r *recorder) F {
	t.Helper()
	frames := r.take()
	if len(frames) == 1 {
		if f, ok := frames[0].(F); ok {
			return f
		}
	}
	t.Fatalf("%s got %+v, want one %T", r.user.Name, frames, *new(F))
	panic("unreachable")
}

func id(n int) string { return fmt.Sprintf("0190a8f0-0000-7000-8000-%012d", n) }

func post(n int, room string, ttl time.Duration) wire.Post {
	return wire.Post{ID: id(n), Room: room, Text: fmt.Sprintf("message %d", n), TTL: ttl.Milliseconds()}
}

// posted returns the frame that every member gets for r's post p if it is stored now as seq.
func (r *recorder) posted(p wire.Post, seq int64) wire.Posted {
	now := time.Now().UnixMilli()
	ttl := p.TTL
	if ttl == 0 {
		ttl = testConfig.TTL.Default
	}
	return wire.Posted{Room: p.Room, Message: wire.Message{Seq: seq, ID: p.ID, User: r.user, Text: p.Text, At: now, Expires: now + ttl}}
}

func accepted(p wire.Posted, repeat bool) wire.Accepted {
	return wire.Accepted{ID: p.ID, Room: p.Room, Seq: p.Seq, At: p.At, Expires: p.Expires, Repeat: repeat}
}

func expired(room string, seqs ...int64) wire.Removed {
	return wire.Removed{Room: room, Seqs: seqs, Why: wire.WhyExpired}
}

func TestPostReachesEveryoneInTheRoom(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann, ben, cleo := w.in(t, "ann", "lobby"), w.in(t, "ben", "lobby", "tea"), w.in(t, "cleo", "tea")
		p := post(1, "lobby", 0)
		want := ann.posted(p, 1)
		ann.Post(p)
		ann.want(t, accepted(want, false), want)
		ben.want(t, want)
		cleo.want(t)
	})
}

func TestMessageExpiresExactly(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann := w.in(t, "ann", "lobby")
		ann.Post(post(1, "lobby", 0))
		ann.take()
		time.Sleep(5*time.Minute - time.Nanosecond)
		ann.want(t)
		time.Sleep(time.Nanosecond)
		ann.want(t, expired("lobby", 1))
		if j := w.person("ben").join(t, "lobby", nil); len(j.Messages) != 0 || j.Head != 1 {
			t.Errorf("joined after the end: %+v, want no message and head 1", j)
		}
	})
}

func TestExpiryFollowsEachMessagesOwnTime(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann := w.in(t, "ann", "lobby", "tea")
		for n, ttl := range []time.Duration{3 * time.Second, time.Second, 3 * time.Second, 2 * time.Second} {
			ann.Post(post(n, "lobby", ttl))
		}
		ann.Post(post(9, "tea", time.Second))
		ann.take()
		time.Sleep(time.Second)
		if got := ann.take(); len(got) != 2 {
			t.Errorf("after 1 s: %+v, want one removed for each room", got)
		}
		time.Sleep(time.Second)
		ann.want(t, expired("lobby", 4))
		time.Sleep(time.Second)
		ann.want(t, expired("lobby", 1, 3)) // one frame names both
	})
}

func TestReadsFilterByTheClock(t *testing.T) {
	// Run does not run here, so no message is removed at its deadline; an expired message must not be sent all the same.
	synctest.Test(t, func(t *testing.T) {
		w := world{stream: streamtest.NewMemory()}
		w.Hub = hub.New(testConfig, w.stream, w.stream, hub.NewClock(time.Now), slog.New(slog.DiscardHandler))
		ann := w.in(t, "ann", "lobby")
		ann.Post(post(1, "lobby", time.Second))
		ann.Post(post(2, "lobby", time.Minute))
		waiting := w.person("ben")
		waiting.join(t, "lobby", nil)
		ann.take()
		time.Sleep(time.Second)
		if j := w.person("cleo").join(t, "lobby", nil); len(j.Messages) != 1 || j.Messages[0].Seq != 2 {
			t.Errorf("joined = %+v, want message 2 alone", j)
		}
		ann.Post(post(1, "lobby", time.Second)) // the first message has expired, so this is a new one
		if a := ann.take()[0].(wire.Accepted); a.Repeat {
			t.Errorf("accepted = %+v, want no repeat of an expired message", a)
		}
		now := time.Now().UnixMilli()
		for _, r := range []*recorder{ann, waiting} {
			for _, f := range r.kept { // as if every frame were written only now
				if b := string(f.AppendTo(nil, now)); strings.Contains(b, `"seq":1,"id"`) {
					t.Errorf("written late to %s: %s", r.user.Name, b)
				}
			}
		}
	})
}

func TestRepeatIsAnsweredAndPostsNothing(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann, ben := w.in(t, "ann", "lobby"), w.in(t, "ben", "lobby")
		p := post(1, "lobby", 0)
		want := ann.posted(p, 1)
		ann.Post(p)
		p.Text, p.TTL = "", -1 // the hub looks for a repeat before it checks text and ttl
		ann.Post(p)
		ann.Leave(wire.Leave{Room: "lobby"})
		ann.Post(p)
		ann.want(t, accepted(want, false), want, accepted(want, true), accepted(want, true))
		ben.want(t, want)
		ben.Post(post(1, "lobby", 0)) // the same id of another user is another message
		if got := ben.take(); len(got) != 2 || got[0].(wire.Accepted).Repeat {
			t.Errorf("another person's same id: %+v, want a post", got)
		}
	})
}

func TestRepeatBeforeTheStreamAnswers(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann, again := w.in(t, "ann", "lobby"), w.in(t, "ann", "lobby")
		release := w.stream.Hold()
		p := post(1, "lobby", 0)
		want := ann.posted(p, 1)
		ann.Post(p)
		ann.Post(p)
		again.Post(p) // from another tab of the same user
		ann.want(t)
		release()
		ann.want(t, accepted(want, false), accepted(want, true), want)
		again.want(t, accepted(want, true), want)
	})
}

func TestRepeatThatOnlyTheStreamKnows(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann := w.in(t, "ann", "lobby")
		// another node, same stream
		other := hub.New(testConfig, w.stream, w.stream, hub.NewClock(time.Now), slog.New(slog.DiscardHandler))
		p := post(1, "lobby", 0)
		want := ann.posted(p, 1)
		release := w.stream.Hold()
		ann.Post(p)
		there := world{Hub: other, stream: w.stream}.in(t, "ann", "lobby")
		there.Post(p)
		release()
		ann.want(t, accepted(want, false), want)
		there.want(t, want, accepted(want, true))
	})
}

// TestRepeatThatIsStored: the room shows a message once, and the sender learns which seq it has, even if the stream stores
// it once more for another node.
func TestRepeatThatIsStored(t *testing.T) {
	for _, late := range []bool{false, true} { // true: the stream answers before it delivers the first message
		bubble(t, testConfig, func(t *testing.T, w world) {
			w.stream.StoreRepeats()
			ann, ben := w.in(t, "ann", "lobby"), w.in(t, "ben", "lobby")
			other := hub.New(testConfig, w.stream, w.stream, hub.NewClock(time.Now), slog.New(slog.DiscardHandler))
			there := world{Hub: other, stream: w.stream}.in(t, "ann", "lobby")
			p := post(1, "lobby", 0)
			want := ann.posted(p, 1)
			release := w.stream.Hold()
			ann.Post(p)
			there.Post(p)
			there.Post(p)
			if late {
				deliver := w.stream.HoldCopies()
				release()
				wrong := ann.posted(p, 2)
				there.want(t, accepted(wrong, false), accepted(wrong, true))
				deliver()
			} else {
				release()
			}
			ann.want(t, accepted(want, false), want)
			ben.want(t, want)
			there.want(t, want, accepted(want, true), accepted(want, true))
			if stored := w.stream.Stored("lobby"); len(stored) != 1 || stored[0].Seq != 1 {
				t.Errorf("the stream holds %d events, want only the first", len(stored))
			}
			if joined := w.person("cleo").join(t, "lobby", nil); len(joined.Messages) != 1 || joined.Head != 1 {
				t.Errorf("a newcomer gets %+v, want the message once", joined)
			}
		})
	}
}

// firstFails is a stream whose first append fails with err, after a second.
type firstFails struct {
	*streamtest.Memory
	err   error
	begun atomic.Bool
}

func (s *firstFails) Append(room string, e hub.Event, done func(hub.Receipt, error)) {
	if s.begun.Swap(true) {
		s.Memory.Append(room, e, done)
		return
	}
	time.AfterFunc(time.Second, func() { done(hub.Receipt{}, s.err) })
}

// TestPostsKeepTheirOrder: the stream loses the first of a user's posts, while later ones wait for it. If nobody knows
// whether it is stored, these are refused, too, because the client sends the first one again. If it is certainly not stored,
// they are stored. Other users don't wait.
func TestPostsKeepTheirOrder(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want []string
	}{
		{errors.New("no answer"), []string{"message 9", "message 1", "message 2", "message 3"}},
		{hub.ErrFull, []string{"message 9", "message 2", "message 3", "message 1"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			memory, wall := streamtest.NewMemory(), &wall{}
			stream := &firstFails{Memory: memory, err: tt.err}
			h := hub.New(testConfig, stream, memory, hub.NewClock(wall.now), slog.New(slog.DiscardHandler))
			w := world{h, memory, wall}
			ann, ben := w.in(t, "ann", "lobby"), w.in(t, "ben", "lobby")
			all := []wire.Post{post(1, "lobby", 0), post(2, "lobby", 0), post(3, "lobby", 0)}
			for _, p := range all {
				ann.Post(p)
			}
			ben.Post(post(9, "lobby", 0))
			time.Sleep(2 * time.Second)
			for _, p := range all { // the connection of ann broke meanwhile: her client sends all of them again
				ann.Post(p)
			}
			var got []string
			for _, f := range ben.take() {
				if p, ok := f.(wire.Posted); ok {
					got = append(got, p.Text)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("after %v the others see %q, want %q", tt.err, got, tt.want)
			}
			if err := w.Drain(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	long := strings.Repeat("<", wire.MaxText+1)
	for _, tt := range []struct {
		name string
		post wire.Post
		code wire.Code
		says string
	}{
		{"id", wire.Post{ID: "1", Room: "lobby", Text: "x"}, wire.CodeID, "UUID"},
		{"id in upper case", wire.Post{ID: strings.ToUpper(id(1)), Room: "lobby", Text: "x"}, wire.CodeID, "lower case"},
		{"id before all", wire.Post{ID: "", Room: "Nowhere"}, wire.CodeID, "UUID"},
		{"not joined", wire.Post{ID: id(1), Room: "tea", Text: ""}, wire.CodeRoom, "join it first"},
		{"no room's name", wire.Post{ID: id(1), Room: "No Room", Text: "x"}, wire.CodeRoom, "join it first"},
		{"empty", wire.Post{ID: id(1), Room: "lobby", Text: " \n ", TTL: 1}, wire.CodeText, "empty"},
		{"too long", wire.Post{ID: id(1), Room: "lobby", Text: long}, wire.CodeText, "4000"},
		{"control", wire.Post{ID: id(1), Room: "lobby", Text: "a\x00"}, wire.CodeText, "control"},
		{"ttl too short", wire.Post{ID: id(1), Room: "lobby", Text: "x", TTL: 999}, wire.CodeTTL, "1 s to 5 min"},
		{"ttl too long", wire.Post{ID: id(1), Room: "lobby", Text: "x", TTL: 300_001}, wire.CodeTTL, "1 s to 5 min"},
		{"ttl negative", wire.Post{ID: id(1), Room: "lobby", Text: "x", TTL: -1}, wire.CodeTTL, "1 s to 5 min"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, testConfig, func(t *testing.T, w world) {
				ann := w.in(t, "ann", "lobby")
				ann.Post(tt.post)
				got := next[wire.Refused](t, ann)
				if got.Re != "post" || got.Room != tt.post.Room || got.ID != tt.post.ID || got.Code != tt.code ||
					got.RetryMS != 0 || !strings.Contains(got.Message, tt.says) {
					t.Errorf("refused = %+v, want code %q that says %q", got, tt.code, tt.says)
				}
			})
		})
	}
}

func TestRateIsPerPersonOverAllConnections(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		one, two, ben := w.in(t, "ann", "lobby"), w.in(t, "ann", "lobby"), w.in(t, "ben", "lobby")
		for n := range testConfig.Posts {
			[]*recorder{one, two}[n%2].Post(post(n, "lobby", 0))
			time.Sleep(100 * time.Millisecond)
		}
		one.take()
		two.take()
		one.Post(post(100, "lobby", 0))
		got := next[wire.Refused](t, one)
		if got.Code != wire.CodeRate || got.RetryMS != 8000 || got.Message != "Slow down: 20 messages in 10 s." {
			t.Errorf("refused = %+v, want rate after 8000 ms", got)
		}
		one.Post(post(0, "lobby", 0)) // a repeat costs nothing
		if a := next[wire.Accepted](t, one); !a.Repeat {
			t.Errorf("accepted = %+v, want a repeat", a)
		}
		ben.take()
		ben.Post(post(1, "lobby", 0))
		if got := ben.take(); len(got) != 2 {
			t.Errorf("ben's post at ann's limit: %+v, want accepted and posted", got)
		}
		time.Sleep(8*time.Second - time.Millisecond)
		one.Post(post(101, "lobby", 0))
		if got := one.take(); wire.Kind(got[len(got)-1]) != "refused" {
			t.Errorf("1 ms early: %+v, want refused", got)
		}
		time.Sleep(time.Millisecond)
		one.Post(post(102, "lobby", 0))
		if got := one.take(); len(got) != 2 {
			t.Errorf("after retry_ms: %+v, want accepted and posted", got)
		}
	})
}

func TestFullRoomSaysWhen(t *testing.T) {
	few, small := testConfig, testConfig
	few.RoomMessages = 2
	small.RoomBytes = 400
	for name, config := range map[string]hub.Config{"messages": few, "bytes": small} {
		t.Run(name, func(t *testing.T) {
			bubble(t, config, func(t *testing.T, w world) {
				ann := w.in(t, "ann", "lobby", "tea")
				ann.Post(post(1, "lobby", time.Minute))
				ann.Post(post(2, "lobby", 30*time.Second))
				ann.take()
				ann.Post(post(3, "lobby", time.Minute))
				if got := next[wire.Refused](t, ann); got.Code != wire.CodeFull || got.RetryMS != 30_000 || got.ID != id(3) {
					t.Errorf("refused = %+v, want full after 30000 ms", got)
				}
				ann.Post(post(4, "tea", 0)) // another room is not full
				if got := ann.take(); len(got) != 2 {
					t.Errorf("post elsewhere: %+v, want accepted and posted", got)
				}
				time.Sleep(30 * time.Second)
				ann.want(t, expired("lobby", 2))
				ann.Post(post(3, "lobby", time.Minute))
				if got := ann.take(); len(got) != 2 {
					t.Errorf("after retry_ms: %+v, want accepted and posted", got)
				}
			})
		})
	}
}

func TestStreamThatFails(t *testing.T) {
	for _, tt := range []struct {
		err  error
		code wire.Code
	}{{errors.New("broken"), wire.CodeUnavailable}, {fmt.Errorf("wrapped: %w", hub.ErrFull), wire.CodeFull}} {
		t.Run(string(tt.code), func(t *testing.T) {
			bubble(t, testConfig, func(t *testing.T, w world) {
				ann := w.in(t, "ann", "lobby")
				w.stream.FailAppends(tt.err)
				for n := range testConfig.Posts + 1 { // a post that is not accepted doesn't count against the rate
					ann.Post(post(n, "lobby", 0))
					if got := next[wire.Refused](t, ann); got.Code != tt.code || got.ID != id(n) || got.RetryMS <= 0 {
						t.Fatalf("refused = %+v, want %s with a retry_ms", got, tt.code)
					}
				}
				w.stream.FailAppends(nil)
				ann.Post(post(0, "lobby", 0)) // the same id may be posted again
				if got := ann.take(); len(got) != 2 || got[0].(wire.Accepted).Repeat {
					t.Errorf("once it works again: %+v, want accepted and posted", got)
				}
			})
		})
	}
}

func TestRoomThatDoesNotOpen(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		w.stream.FailFollows(errors.New("broken"))
		ann := w.person("ann")
		ann.Join(t.Context(), "hello", wire.Join{Room: "lobby"})
		got := next[wire.Refused](t, ann)
		if got.Re != "hello" || got.Code != wire.CodeUnavailable || got.Room != "lobby" || got.RetryMS == 0 {
			t.Errorf("refused = %+v, want unavailable", got)
		}
		ann.Post(post(1, "lobby", 0)) // a post to a room whose join may work later may work later too
		if got := next[wire.Refused](t, ann); got.Re != "post" || got.Code != wire.CodeUnavailable || got.ID != id(1) || got.RetryMS == 0 {
			t.Errorf("a post there is refused with %+v, want unavailable and a retry_ms", got)
		}
		ann.Who(wire.Who{Room: "lobby"})
		if got := next[wire.Refused](t, ann); got.Re != "who" || got.Code != wire.CodeUnavailable || got.RetryMS == 0 {
			t.Errorf("a who there is refused with %+v, want unavailable and a retry_ms", got)
		}
		ann.Post(post(1, "tea", 0))
		if got := next[wire.Refused](t, ann); got.Code != wire.CodeRoom || got.RetryMS != 0 {
			t.Errorf("a post elsewhere is refused with %+v, want room", got)
		}
		w.stream.FailFollows(nil)
		ann.join(t, "lobby", nil)
		ann.Leave(wire.Leave{Room: "lobby"})
		ann.Post(post(1, "lobby", 0))
		if got := next[wire.Refused](t, ann); got.Code != wire.CodeRoom {
			t.Errorf("after leaving: %+v, want room", got)
		}
	})
}

func TestJoinBounds(t *testing.T) {
	config := testConfig
	config.Rooms = wire.MaxRooms + 1
	bubble(t, config, func(t *testing.T, w world) {
		ann, ben := w.person("ann"), w.person("ben")
		for n := range wire.MaxRooms {
			ann.join(t, fmt.Sprintf("room-%d", n), nil)
		}
		refusedRoom := func(r *recorder, room, says string) {
			t.Helper()
			r.Join(t.Context(), "join", wire.Join{Room: room})
			if got := next[wire.Refused](t, r); got.Code != wire.CodeRoom || !strings.Contains(got.Message, says) {
				t.Errorf("join %q: %+v, want room that says %q", room, got, says)
			}
		}
		refusedRoom(ann, "one-more", "32 rooms")
		ann.join(t, "room-0", nil) // a room that is joined twice counts once
		ben.join(t, "another", nil)
		refusedRoom(ben, "one-more", "no place")
		refusedRoom(ben, "No!", "1 to 64")
		ben.Leave(wire.Leave{Room: "room-0"})
		if got := next[wire.Refused](t, ben); got.Code != wire.CodeRoom || got.Re != "leave" {
			t.Errorf("leaving a room that ben isn't in: %+v, want room", got)
		}
	})
}

func TestJoinsAndLeavesHaveARate(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann := w.person("ann")
		for range 32 {
			ann.join(t, "lobby", nil)
			ann.Leave(wire.Leave{Room: "lobby"})
		}
		ann.Join(t.Context(), "join", wire.Join{Room: "lobby"})
		if got := next[wire.Refused](t, ann); got.Code != wire.CodeRate || got.RetryMS != 10_000 {
			t.Errorf("the 65th: %+v, want rate after 10000 ms", got)
		}
		time.Sleep(10 * time.Second)
		ann.join(t, "lobby", nil)
	})
}

func TestResume(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann := w.in(t, "ann", "lobby")
		for n := 1; n <= 5; n++ {
			ann.Post(post(n, "lobby", time.Duration(n)*time.Minute))
		}
		time.Sleep(2 * time.Minute) // the messages 1 and 2 have expired
		synctest.Wait()
		for _, tt := range []struct {
			name    string
			cursor  *wire.Cursor
			resumed bool
			seqs    []int64
		}{
			{"no cursor", nil, false, []int64{3, 4, 5}},
			{"from the start", &wire.Cursor{Epoch: "memory"}, true, []int64{3, 4, 5}},
			{"in between", &wire.Cursor{Epoch: "memory", Seq: 4}, true, []int64{5}},
			{"from one that expired", &wire.Cursor{Epoch: "memory", Seq: 1}, true, []int64{3, 4, 5}},
			{"at the head", &wire.Cursor{Epoch: "memory", Seq: 5}, true, nil},
			{"beyond the head", &wire.Cursor{Epoch: "memory", Seq: 6}, false, []int64{3, 4, 5}},
			{"negative", &wire.Cursor{Epoch: "memory", Seq: -1}, true, []int64{3, 4, 5}},
			{"another epoch", &wire.Cursor{Epoch: "other", Seq: 4}, false, []int64{3, 4, 5}},
		} {
			ben := w.person("ben")
			j := ben.join(t, "lobby", tt.cursor)
			if quiet := tt.name == "at the head"; ben.kept[0].Quiet() != quiet {
				t.Errorf("%s: quiet is %v, want %v", tt.name, !quiet, quiet)
			}
			var seqs []int64
			for _, m := range j.Messages {
				seqs = append(seqs, m.Seq)
			}
			if j.Resumed != tt.resumed || !slices.Equal(seqs, tt.seqs) || j.Head != 5 || j.Epoch != "memory" || j.TTL != 300_000 {
				t.Errorf("%s: %+v, want resumed %v with %v", tt.name, j, tt.resumed, tt.seqs)
			}
		}
	})
}

func TestResumeOfTooMuchIsTheNewest(t *testing.T) {
	config := testConfig
	config.Posts = 2000
	for _, tt := range []struct {
		name        string
		posts, size int
	}{{"messages", wire.MaxJoined + 1, 1}, {"bytes", 100, wire.MaxText}} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, config, func(t *testing.T, w world) {
				ann := w.in(t, "ann", "lobby")
				for n := range tt.posts {
					ann.Post(wire.Post{ID: id(n), Room: "lobby", Text: strings.Repeat("x", tt.size)})
				}
				ben := w.person("ben")
				j := ben.join(t, "lobby", &wire.Cursor{Epoch: "memory"})
				last := j.Messages[len(j.Messages)-1]
				if j.Resumed || len(j.Messages) >= tt.posts || len(j.Messages) > wire.MaxJoined || last.Seq != j.Head {
					t.Errorf("joined resumed %v with %d messages up to %d of %d", j.Resumed, len(j.Messages), last.Seq, j.Head)
				}
				if n := len(wire.Encode(j)); n > wire.MaxServerMessage {
					t.Errorf("joined has %d bytes", n)
				}
				j = ben.join(t, "lobby", &wire.Cursor{Epoch: "memory", Seq: j.Messages[0].Seq - 1})
				if !j.Resumed {
					t.Errorf("what fits is not resumed: %d messages", len(j.Messages))
				}
			})
		})
	}
}

func TestEverythingAfterTheSnapshotFollowsOnce(t *testing.T) {
	config := testConfig
	config.Posts = 1000
	synctest.Test(t, func(t *testing.T) {
		w := world{stream: streamtest.NewMemory()}
		w.Hub = hub.New(config, w.stream, w.stream, hub.NewClock(time.Now), slog.New(slog.DiscardHandler))
		ann := w.in(t, "ann", "lobby")
		ended := make(chan bool)
		go func() {
			for n := range 500 {
				ann.Post(post(n, "lobby", 0))
			}
			close(ended)
		}()
		var readers []*recorder
		for range 20 {
			r := w.person("ben")
			r.Join(t.Context(), "join", wire.Join{Room: "lobby"})
			readers = append(readers, r)
		}
		<-ended
		for _, r := range readers {
			last := int64(0)
			for _, f := range r.take() {
				switch f := f.(type) {
				case wire.Joined:
					last = f.Head
				case wire.Posted:
					if f.Seq != last+1 {
						t.Fatalf("seq %d after %d", f.Seq, last)
					}
					last = f.Seq
				}
			}
			if last != 500 {
				t.Fatalf("saw up to %d, want 500", last)
			}
		}
	})
}

func TestPeopleAreCountedOnce(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		one, two := w.in(t, "ann", "lobby"), w.in(t, "ann", "lobby")
		ben := w.person("ben")
		for i, tt := range []struct {
			before func()
			want   int64
		}{
			{func() {}, 2},
			{one.Close, 2},
			{two.Close, 2},
			{func() { time.Sleep(15*time.Second - time.Nanosecond) }, 2},
			{func() { time.Sleep(time.Nanosecond) }, 1},
			{two.Close, 1},
		} {
			tt.before()
			if j := ben.join(t, "lobby", nil); j.People != tt.want {
				t.Errorf("step %d: people = %d, want %d", i, j.People, tt.want)
			}
		}
	})
}

func TestWhoWillBeBackIsStillCounted(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ben := w.in(t, "ben", "lobby")
		for i, tt := range []struct {
			before func()
			want   int64
		}{
			{func() { w.in(t, "ann", "lobby").CloseFor(30 * time.Second) }, 2},
			{func() { time.Sleep(20 * time.Second); w.in(t, "ann", "lobby").CloseFor(30 * time.Second) }, 2},
			{func() { time.Sleep(29 * time.Second) }, 2}, // the second close counts, not the first
			{func() { w.in(t, "cleo", "lobby").CloseFor(30 * time.Second) }, 3},
			{func() { time.Sleep(2 * time.Second) }, 2},
			{func() { w.in(t, "cleo", "lobby").Close() }, 2},
			{func() { time.Sleep(30 * time.Second) }, 1},
		} {
			tt.before()
			if j := ben.join(t, "lobby", nil); j.People != tt.want {
				t.Errorf("step %d: people = %d, want %d", i, j.People, tt.want)
			}
		}
	})
}

func TestSlowMemberLeavesAndNobodyWaits(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann, slow, ben := w.in(t, "ann", "lobby"), w.in(t, "slow", "lobby"), w.in(t, "ben", "lobby")
		slow.full = true
		ann.Post(post(1, "lobby", 0))
		slow.full = false
		ann.Post(post(2, "lobby", 0))
		slow.want(t) // it has left the room
		if got := ben.take(); len(got) != 2 {
			t.Errorf("ben got %+v, want both", got)
		}
	})
}

func TestBeatNamesTheHeads(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann := w.in(t, "ann", "lobby", "tea")
		ann.Post(post(1, "lobby", 0))
		ann.take()
		ann.Beat()
		ann.want(t, wire.Beat{Now: time.Now().UnixMilli(), Heads: map[string]int64{"lobby": 1, "tea": 0}})
	})
}

func TestLeftRoomStaysWarmForAWhile(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann := w.in(t, "ann", "lobby")
		ann.Leave(wire.Leave{Room: "lobby"})
		for _, tt := range []struct {
			after     time.Duration
			followers int
		}{{59 * time.Second, 1}, {2 * time.Second, 0}} {
			time.Sleep(tt.after)
			synctest.Wait()
			if got := w.stream.Followers("lobby"); got != tt.followers {
				t.Errorf("%d followers, want %d", got, tt.followers)
			}
		}
		ann.join(t, "lobby", nil)
		ann.Close()
		ann.Join(t.Context(), "join", wire.Join{Room: "lobby"}) // a closed client joins nothing
		ann.want(t)
	})
}
