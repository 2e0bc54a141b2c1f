package stream_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"mayfly/server/hub"
	"mayfly/server/stream"
	"mayfly/shared/wire"
)

// watcher is a member of the lobby that keeps what a client would show, and what was taken back.
type watcher struct {
	t      *testing.T
	client *hub.Client
	user   wire.User

	mu      sync.Mutex // guards what follows
	cursor  wire.Cursor
	shown   map[int64]wire.Message
	removed map[int64]bool
}

// watch returns a watcher that is a member of the lobby on h. It joins again as long as the server is dead.
func watch(t *testing.T, h *hub.Hub, name string) *watcher {
	t.Helper()
	w := &watcher{t: t, user: wire.User{ID: "u-" + name, Name: name}, shown: map[int64]wire.Message{},
		removed: map[int64]bool{}}
	w.client = h.NewClient(w, w.user, "", hub.Writer)
	eventually(t, w.user.Name+" joins", func() bool {
		w.client.Join(t.Context(), "join", wire.Join{Room: "lobby"})
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.cursor.Epoch != ""
	})
	return w
}

// Send implements hub.Member. It does with each frame what docs/protocol.md asks of a client.
func (w *watcher) Send(frame *hub.Frame) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	decoded, err := wire.Decode(frame.AppendTo(nil, time.Now().UnixMilli()))
	if err != nil {
		return true // it tells of a message that was taken back
	}
	switch f := decoded.(type) {
	case wire.Joined:
		w.join(f)
	case wire.Posted:
		if w.passes(f.Message.Seq) {
			w.shown[f.Message.Seq] = f.Message
		}
	case wire.Reacted:
		if !f.Repeat && w.passes(f.Seq) {
			w.react(f)
		}
	case wire.Removed:
		if f.Why == wire.WhyAuthor && !f.Repeat && w.passes(f.Seq) {
			w.remove(f.Seqs)
		}
	}
	return true
}

// passes moves the cursor to seq, which must be higher.
func (w *watcher) passes(seq int64) bool {
	if seq <= w.cursor.Seq {
		w.t.Errorf("%s is at %d and gets %d", w.user.Name, w.cursor.Seq, seq)
		return false
	}
	w.cursor.Seq = seq
	return true
}

func (w *watcher) join(f wire.Joined) {
	if !f.Resumed {
		clear(w.shown)
	}
	w.remove(f.Removed)
	for _, r := range f.Reacted {
		m := w.shown[r.Seq]
		m.Reactions = r.Reactions
		w.shown[r.Seq] = m
	}
	for _, m := range f.Messages {
		w.shown[m.Seq] = m
	}
	w.cursor = wire.Cursor{Epoch: f.Epoch, Seq: f.Head}
}

func (w *watcher) remove(seqs []int64) {
	for _, seq := range seqs {
		delete(w.shown, seq)
		w.removed[seq] = true
	}
}

func (w *watcher) react(f wire.Reacted) {
	m := w.shown[f.To]
	m.Reactions = slices.Clone(m.Reactions)
	i := slices.IndexFunc(m.Reactions, func(r wire.Reaction) bool { return r.Emoji == f.Emoji })
	switch {
	case f.On && i < 0:
		m.Reactions = append(m.Reactions, wire.Reaction{Emoji: f.Emoji, By: []string{f.User.ID}})
	case f.On:
		m.Reactions[i].By = append(slices.Clone(m.Reactions[i].By), f.User.ID)
	default:
		by := slices.DeleteFunc(slices.Clone(m.Reactions[i].By), func(id string) bool { return id == f.User.ID })
		if m.Reactions[i].By = by; len(by) == 0 {
			m.Reactions = slices.Delete(m.Reactions, i, i+1)
		}
	}
	w.shown[f.To] = m
}

// shows returns everything that the watcher shows, as JSON.
func (w *watcher) shows() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []wire.Message
	for _, m := range w.shown {
		if len(m.Reactions) == 0 {
			m.Reactions = nil
		}
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b wire.Message) int { return int(a.Seq - b.Seq) })
	b, err := json.Marshal(all)
	if err != nil {
		w.t.Error(err)
	}
	return string(b)
}

// act does something at random, and waits until it is answered. sealed gets the stored bytes of what the watcher posted.
func (w *watcher) act(n int, s *stream.NATS, sealed *sync.Map) {
	w.mu.Lock()
	var all, own []int64
	for seq, m := range w.shown {
		if all = append(all, seq); m.User.ID == w.user.ID {
			own = append(own, seq)
		}
	}
	cursor := w.cursor
	w.mu.Unlock()
	for _, seq := range own {
		if _, known := sealed.Load(seq); !known {
			ctx, cancel := context.WithTimeout(w.t.Context(), time.Second) // the server may be dead
			if b, err := s.Sealed(ctx, "lobby", seq); err == nil && b != nil {
				sealed.Store(seq, string(b[20:]))
			}
			cancel()
		}
	}
	switch do := rand.N(12); {
	case do < 3 || len(all) == 0:
		w.client.Post(wire.Post{ID: fmt.Sprintf("0190a8f0-0000-7000-8000-%012d", n), Room: "lobby",
			Text: fmt.Sprint("text ", n)})
	case do < 9:
		w.client.React(wire.React{Room: "lobby", Seq: all[rand.N(len(all))], Emoji: hub.Emoji[rand.N(2)],
			On: new(rand.N(3) > 0)})
	case do < 11 && len(own) > 0:
		w.client.Remove(wire.Remove{Room: "lobby", Seq: own[rand.N(len(own))]})
	default:
		w.client.Leave(wire.Leave{Room: "lobby"})
		w.client.Join(w.t.Context(), "join", wire.Join{Room: "lobby", Cursor: &cursor})
	}
	w.client.Drain(w.t.Context())
}

// TestActsUnderTorture: the users of two nodes post, react, take back, leave and come back, all at once, while the NATS
// server dies and is restarted. At the end everybody shows the same as somebody who comes to a node that reads the room only
// then, and no file has what was taken back.
func TestActsUnderTorture(t *testing.T) {
	t.Parallel()
	const users, acts = 6, 40
	config := onDisk(t, roomy)
	s := openOnce(t, config, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	node := func() *hub.Hub {
		return hub.New(hub.Config{TTL: wire.TTL{Min: 1000, Default: 3_600_000, Max: 3_600_000}, Posts: 1 << 20,
			Acts: 1 << 20,
			Per:  time.Second, RoomMessages: 1000, RoomBytes: 1 << 20, Rooms: 1}, s, s, hub.NewClock(time.Now),
			slog.New(slog.DiscardHandler))
	}
	nodes := []*hub.Hub{node(), node()}
	for _, h := range nodes { // the nodes of those who come late only read the room
		running.Go(func() { _ = h.Run(ctx) })
	}
	var watchers []*watcher
	var sealed sync.Map // by seq
	for n := range users {
		watchers = append(watchers, watch(t, nodes[n%2], fmt.Sprint("user-", n)))
	}
	var acting sync.WaitGroup
	for n, w := range watchers {
		acting.Go(func() {
			for i := range acts {
				if n == 0 && i == acts/2 {
					s.Kill()
				}
				w.act(n*acts+i, s, &sealed)
			}
		})
	}
	acting.Wait()
	late := watch(t, node(), "late")
	eventually(t, "everybody shows the same", func() bool {
		w := watch(t, node(), "later")
		return !slices.ContainsFunc(append(watchers, late), func(o *watcher) bool { return o.shows() != w.shows() })
	})
	taken := 0
	for _, w := range watchers {
		for seq := range w.removed {
			if _, shown := late.shown[seq]; shown {
				t.Errorf("%d was taken back, and a newcomer sees it", seq)
			}
			if bytes, known := sealed.Load(seq); known {
				taken++
				eventually(t, "it is in no file", func() bool { return len(grep(t, config.Folder, bytes.(string))) == 0 })
			}
		}
	}
	if len(late.shown) == 0 || taken == 0 {
		t.Errorf("%d messages are shown, %d that were taken back were looked for: too few to judge by", len(late.shown),
			taken)
	}
	stop()
	running.Wait()
	closeLast(t, s)
}
