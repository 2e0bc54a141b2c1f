package stream_test

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mayfly/server/hub"
	"mayfly/server/stream/natstest"
	"mayfly/server/stream/streamtest"
	"mayfly/shared/wire"
)

// floor is a hub over a stream, and who comes there.
type floor struct {
	t   *testing.T
	hub *hub.Hub
}

// over returns a hub over s that runs until the test ends, or until stop is called.
func over(t *testing.T, s hub.Stream, signals hub.Signals) (f floor, stop func()) {
	t.Helper()
	h := hub.New(hub.Config{TTL: wire.TTL{Min: 1000, Default: 3_600_000, Max: 3_600_000}, Posts: 100, GuestPosts: 100,
		Acts: 100, Per: time.Second, RoomMessages: 100, RoomBytes: 1 << 20, Rooms: 5}, s, signals, hub.NewClock(time.Now),
		slog.New(slog.DiscardHandler))
	return floor{t, h}, runs(t, h)
}

// runs runs h until the test ends, or until stop is called.
func runs(t *testing.T, h *hub.Hub) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = h.Run(ctx) })
	stop = func() {
		cancel()
		running.Wait()
	}
	t.Cleanup(stop)
	return stop
}

// come makes u join the lobby from an address, and returns the first answer.
func (f floor) come(u wire.User, address string) (*hub.Client, device, wire.Frame) {
	f.t.Helper()
	d := make(device, 100)
	c := f.hub.NewClient(d, u, address, hub.Writer)
	c.Join(f.t.Context(), "join", wire.Join{Room: "lobby"})
	for {
		switch answer := next[wire.Frame](f.t, d).(type) {
		case wire.Joined, wire.Refused:
			return c, d, answer
		}
	}
}

var (
	mod = wire.User{ID: "u-mod", Name: "Mod", Role: wire.RoleModerator}
	gus = wire.User{ID: "g-gus", Name: "Gustavo", Anonymous: true}
	gil = wire.User{ID: "g-gil", Name: "Gilbert", Anonymous: true}
	ann = wire.User{ID: "u-ann", Name: "Ann"}
)

const gusHome = "203.0.113.77" // the address of Gus and Gil

// isBanned fails unless answer says that the user is banned.
func isBanned(t *testing.T, who string, answer wire.Frame) {
	t.Helper()
	if f, ok := answer.(wire.Refused); !ok || f.Code != wire.CodeForbidden || f.RetryMS == 0 {
		t.Errorf("%s is answered %+v, want a refusal for a time", who, answer)
	}
}

// does makes c, a moderator, do something, and waits until it is done.
func does(t *testing.T, c *hub.Client, d device, act, user string, ms int64) wire.Moderated {
	t.Helper()
	c.Moderate(wire.Moderate{Room: "lobby", Act: act, User: user, For: &ms})
	return next[wire.Moderated](t, d)
}

// TestOrderOutlivesARestart: what moderators have set is there again after a restart, also if all messages have expired. The
// folder does not say whom it is about, nor addresses. What was replaced is erased.
func TestOrderOutlivesARestart(t *testing.T) {
	config := roomy
	config.MaxTTL = time.Second // messages live so long at most, but a ban lives longer
	config = onDisk(t, config)
	s := openOnce(t, config, slog.New(slog.DiscardHandler))
	f, stop := over(t, s, streamtest.NewMemory())
	f.come(gus, gusHome)
	c, d, _ := f.come(mod, "192.0.2.1")
	hour := time.Hour.Milliseconds()
	first := does(t, c, d, wire.ActBan, gus.ID, hour)
	sealed := sealedBytes(t, s, first.Seq)
	does(t, c, d, wire.ActBan, gus.ID, 2*hour)
	does(t, c, d, wire.ActMute, ann.ID, 30*24*hour)
	does(t, c, d, wire.ActSlow, "", 1000)
	does(t, c, d, wire.ActSlow, "", hour)
	does(t, c, d, wire.ActTTL, "", 2000)
	c.Post(wire.Post{ID: "0190a8f0-0000-7000-8000-000000000009", Room: "lobby", Text: "x", TTL: 1000})
	next[wire.Accepted](t, d)
	eventually(t, "JetStream has deleted the message, which is newer than the ban", func() bool {
		return !slices.ContainsFunc(all(t, s, "lobby"), func(m wire.Message) bool { return m.ID != "" })
	})
	eventually(t, "the first ban is in no file", func() bool { return len(grep(t, config.Folder, sealed)) == 0 })
	for _, secret := range []string{gusHome, gus.ID, gus.Name, ann.ID, "u-mod", "203.0"} {
		if found := grep(t, config.Folder, secret); len(found) > 0 {
			t.Errorf("%q is in %q", secret, found)
		}
	}
	stop()
	s = reopen(t, s, config)
	f, stop = over(t, s, streamtest.NewMemory())
	_, _, answer := f.come(gus, "198.51.100.9")
	isBanned(t, "Gus", answer)
	_, _, answer = f.come(gil, gusHome)
	isBanned(t, "Gil, from the same address", answer)
	eventually(t, "the other address of Gus is kept out", func() bool {
		_, _, answer = f.come(gil, "198.51.100.9")
		_, refused := answer.(wire.Refused)
		return refused
	})
	c, d, answer = f.come(ann, gusHome)
	if j, ok := answer.(wire.Joined); !ok || j.Slow != hour || j.TTL != 2000 {
		t.Errorf("Ann is answered %+v, want slow mode and a life of 2 s", answer)
	}
	c.Post(wire.Post{ID: "0190a8f0-0000-7000-8000-000000000001", Room: "lobby", Text: "x"})
	if refused := next[wire.Refused](t, d); refused.Code != wire.CodeForbidden ||
		refused.RetryMS < (29*24*time.Hour).Milliseconds() {
		t.Errorf("Ann's post is answered %+v, want that she is muted for 30 days", refused)
	}
	c, d, _ = f.come(mod, "192.0.2.1")
	c.Post(wire.Post{ID: "0190a8f0-0000-7000-8000-000000000002", Room: "lobby", Text: "x"})
	if refused := next[wire.Refused](t, d); refused.Code != wire.CodeRate || refused.RetryMS < hour/2 {
		t.Errorf("the moderator's second post is answered %+v, want that slow mode still counts from the first", refused)
	}
	does(t, c, d, wire.ActLift, gus.ID, 0)
	stop()
	s = reopen(t, s, config)
	f, stop = over(t, s, streamtest.NewMemory())
	if _, _, answer = f.come(gus, gusHome); wire.Kind(answer) != "joined" {
		t.Errorf("after the lift Gus is answered %+v", answer)
	}
	stop()
	closeLast(t, s)
}

// TestClearOutlivesAKill: a room is cleared. The node dies before it has erased the messages, and the next one does.
func TestClearOutlivesAKill(t *testing.T) {
	config := onDisk(t, roomy)
	s := openOnce(t, config, slog.New(slog.DiscardHandler))
	f, stop := over(t, kept{s}, streamtest.NewMemory())
	c, d, _ := f.come(ann, "192.0.2.1")
	var sealed []string
	for n := range 3 {
		c.Post(wire.Post{ID: "0190a8f0-0000-7000-8000-00000000000" + string(rune('0'+n)), Room: "lobby", Text: "x"})
		sealed = append(sealed, sealedBytes(t, s, next[wire.Accepted](t, d).Seq))
	}
	c, d, _ = f.come(mod, "192.0.2.1")
	does(t, c, d, wire.ActClear, "", 0)
	if gone := next[wire.Removed](t, d); len(gone.Seqs) != 3 || gone.Why != wire.WhyModerator {
		t.Errorf("removed %+v, want three messages", gone)
	}
	stop()
	if len(grep(t, config.Folder, sealed[2])) == 0 {
		t.Fatal("the third is in no file: this test does not test what it says")
	}
	s = reopen(t, s, config)
	for n, text := range sealed {
		if found := grep(t, config.Folder, text); len(found) > 0 {
			t.Errorf("message %d is in %q", n, found)
		}
	}
	f, stop = over(t, s, streamtest.NewMemory())
	c, d, answer := f.come(ann, "192.0.2.1")
	if j, ok := answer.(wire.Joined); !ok || len(j.Messages) != 0 {
		t.Errorf("after the restart: %+v", answer)
	}
	c.Post(wire.Post{ID: "0190a8f0-0000-7000-8000-000000000001", Room: "lobby", Text: "x"})
	if a := next[wire.Accepted](t, d); !a.Repeat {
		t.Errorf("the same post again: %+v, want a repeat", a)
	}
	stop()
	closeLast(t, s)
}

// kept is a stream that erases nothing, as if its node died before.
type kept struct{ hub.Stream }

func (kept) Erase(string, int64) {}

// TestClusterOrderOnTwoNodes: what a moderator does on one node holds on the other, and on a node that starts later.
func TestClusterOrderOnTwoNodes(t *testing.T) {
	t.Parallel()
	cluster := clusterOf(natstest.Start(t, 3, ""))
	nodes := openBoth(t, cluster, roomy)
	here, _ := over(t, nodes[0], nodes[0])
	there, _ := over(t, nodes[1], nodes[1])
	modC, modD, _ := here.come(mod, "192.0.2.1")
	_, gusD, _ := there.come(gus, gusHome)
	_, gilD, _ := there.come(gil, gusHome)
	annC, annD, _ := there.come(ann, gusHome)
	eventually(t, "the moderator's node knows the others", func() bool { return here.hub.Stats().Nodes == 1 })
	eventually(t, "the moderator's node knows where Gus is", func() bool {
		modC.Who(wire.Who{Room: "lobby"})
		return next[wire.People](t, modD).Total == 4
	})
	ban := does(t, modC, modD, wire.ActBan, gus.ID, time.Hour.Milliseconds())
	if ban.User.Name != gus.Name {
		t.Errorf("the moderator's node calls Gus %q", ban.User.Name)
	}
	isBanned(t, "Gus", next[wire.Refused](t, gusD))
	isBanned(t, "Gil", next[wire.Refused](t, gilD))
	if f := next[wire.Moderated](t, annD); f.Act != wire.ActBan || f.Seq != ban.Seq {
		t.Errorf("Ann is told %+v", f)
	}
	_, _, answer := here.come(wire.User{ID: "g-new", Name: "New", Anonymous: true}, gusHome)
	isBanned(t, "a guest from that address on the moderator's node", answer)
	annC.Post(wire.Post{ID: "0190a8f0-0000-7000-8000-000000000001", Room: "lobby", Text: "x"})
	next[wire.Posted](t, annD)
	next[wire.Posted](t, modD)
	does(t, modC, modD, wire.ActClear, "", 0)
	if gone := next[wire.Removed](t, annD); len(gone.Seqs) != 1 || gone.Seq == 0 {
		t.Errorf("Ann is told %+v", gone)
	}
	does(t, modC, modD, wire.ActSlow, "", 5000)
	later, _ := over(t, openCluster(t, cluster, roomy), streamtest.NewMemory())
	_, _, answer = later.come(gil, gusHome)
	isBanned(t, "Gil on a node that has just started", answer)
	if _, _, answer = later.come(ann, gusHome); !strings.Contains(string(wire.Encode(answer)), `"slow_ms":5000`) {
		t.Errorf("Ann on a node that has just started is answered %s", wire.Encode(answer))
	}
}
