package network_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"mayfly/app/client"
	"mayfly/app/client/transport"
	"mayfly/cmd/mayfly/e2e/rig"
)

var long = flag.Duration("for", 10*time.Second, "how long things break; make torture breaks them for longer")

const (
	people  = 50
	rooms   = 5
	proxies = 10 // each proxy has one client in each room, one of which cannot open a WebSocket

	pace   = time.Second     // the time between two messages of one person; each time up to a half longer or shorter
	alive  = 7 * time.Second // how long a server runs before it is killed, up to a half longer or shorter
	calm   = 5 * time.Second // how long a proxy works before it breaks, up to a half longer or shorter
	broken = 2 * time.Second // how long a proxy is broken at most
	// after this time everything is repaired and judged, and the test begins again with other people
	spell = 40 * time.Second

	// lifetime is longer than a spell and the waiting at its end, so that every message must reach everyone, on any
	// connection.
	lifetime = time.Hour
	settle   = 5 * rig.Timeout // how long the clients have after the last fault to get everything
)

// TestNothingLostNothingTwice lets 50 people post numbered messages in 5 rooms while connections are cut, delayed and
// swallowed, and the server is killed every few seconds. It judges by two witnesses: the frames on the connections
// (record), and the views of the people (client.View). In a spell everybody is in one room from before its first message
// on, and no message expires. So at the end everybody must show every accepted message, once, in one order, and every other
// message must wait at its author's client.
func TestNothingLostNothingTwice(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-data", filepath.Join(t.TempDir(), "data"), "-ttl", lifetime.String(), "-rate", "100000/1s", "-conns-per-ip", "10000")
	if total := tortures(t, single{server}, server.Addr(), *long); total.unjoined > 0 {
		t.Errorf("%d joins were refused", total.unjoined)
	}
}

// victim is what serves the clients in a torture.
type victim interface {
	strike(ctx context.Context) // breaks a part and repairs it
	Kill()                      // kills every process to which clients connect
	Start()                     // starts these processes again
}

// tortures tortures the victim, which clients reach at addr, for the time length, in spells.
func tortures(t *testing.T, v victim, addr string, length time.Duration) (total counts) {
	var lines []*rig.Proxy
	for range proxies {
		lines = append(lines, rig.NewProxy(t, "", addr))
	}
	spells := max(1, int(length/spell))
	for n := range spells {
		t.Run(fmt.Sprintf("spell %d", n+1), func(t *testing.T) {
			torture(t, v, lines, n, length/time.Duration(spells), &total)
		})
		if t.Failed() {
			break
		}
	}
	t.Logf("%s", total)
	// How often things break depends on the machine. But even on a slow machine, each spell ends with one kill, after
	// which every client connects again, and with one message of each person that waits for that.
	enough := counts{posted: people * spells, accepted: total.posted, delivered: total.posted * people / rooms,
		conns: people * spells, polls: proxies * spells, kills: spells}
	if total.posted < enough.posted || total.accepted != enough.accepted || total.delivered != enough.delivered ||
		total.conns < enough.conns || total.polls < enough.polls || total.kills < enough.kills {
		t.Errorf("too little happened to judge by: want %s", enough)
	}
	if total.lost > 0 || total.doubled > 0 {
		t.Errorf("%d messages were lost, %d came twice", total.lost, total.doubled)
	}
	return total
}

// torture is one spell.
func torture(t *testing.T, server victim, lines []*rig.Proxy, number int, length time.Duration, total *counts) {
	var all [people]*talker
	var in [rooms][]*talker
	for i := range all {
		room, line := i%rooms, i/rooms
		dial := transport.DialWebSocket("ws://" + lines[line].Addr + "/ws")
		if room == line%rooms {
			dial = blocked
		}
		all[i] = newTalker(t, fmt.Sprintf("person-%02d", i), fmt.Sprintf("spell-%d-room-%d", number, room), dial,
			transport.DialPolls(transport.PostTo("http://"+lines[line].Addr+"/poll"), nil))
		in[room] = append(in[room], all[i])
	}
	everyone(t, all[:], "in the room", func(_ *talker, v client.View) bool { return rig.Online(v) })

	ctx, stop := context.WithTimeout(context.Background(), length)
	defer stop()
	var talking, breaking sync.WaitGroup
	var mu sync.Mutex // guards total.cuts
	for _, c := range all {
		talking.Go(func() { c.talk(ctx) })
	}
	for _, line := range lines {
		breaking.Go(func() {
			cuts := breakNowAndThen(ctx, line)
			mu.Lock()
			defer mu.Unlock()
			total.cuts += cuts
		})
	}
	for wait(ctx, alive/2+rand.N(alive)) {
		server.strike(ctx)
		total.kills++
	}
	talking.Wait()
	breaking.Wait()

	// Without a server, the next message of each person can only wait in the outbox.
	server.Kill()
	total.kills++
	for _, c := range all {
		c.say()
	}
	everyone(t, all[:], "cut off", func(c *talker, v client.View) bool { return !v.Joined && c.showsLast(v) })
	for _, c := range all {
		c.judgeOutbox(t, total)
	}

	server.Start()
	for _, c := range all {
		c.client.Wake() // a user who looks at the page need not wait for the next attempt
	}
	written := map[string]int{}
	for _, c := range all {
		_, said := c.now()
		written[c.room] += said
	}
	everyone(t, all[:], "in possession of everything", func(c *talker, v client.View) bool { return rig.Sent(v) == written[c.room] && v.Unsent == 0 })
	for _, room := range in {
		judgeRoom(t, room, total)
	}
}

// blocked is a Dial for a network that lets no WebSocket through.
func blocked(context.Context) (transport.Conn, error) { return nil, errors.New("blocked") }

// everyone waits until ok returns true for the view of each client.
func everyone(t *testing.T, clients []*talker, what string, ok func(*talker, client.View) bool) {
	t.Helper()
	timeout := time.After(settle)
	for _, c := range clients {
		if !c.until(timeout, func(v client.View) bool { return ok(c, v) }) {
			v, said := c.now()
			t.Errorf("%s is never %s: it has written %d and shows %d messages, status %d, joined %v, unsent %d", c.name, what, said, len(v.Messages), v.Status, v.Joined, v.Unsent)
			return
		}
	}
}

// breakNowAndThen breaks a proxy again and again, in different ways, until ctx is done. Then it repairs the proxy. It
// returns how often it cut all connections of the proxy.
func breakNowAndThen(ctx context.Context, line *rig.Proxy) (cuts int) {
	for wait(ctx, calm/2+rand.N(calm)) {
		for range 1 + rand.N(2) {
			switch rand.N(5) {
			case 0:
				line.Cut()
				cuts++
			case 1:
				line.CutSome(0.5)
			case 2:
				line.Refuse(true)
				line.CutSome(0.5)
				wait(ctx, rand.N(broken))
				line.Refuse(false)
			case 3:
				line.Lag(10*time.Millisecond + rand.N(time.Second/2))
				wait(ctx, rand.N(broken))
				line.CutSome(0.3)
				line.Lag(0)
			case 4: // lost bytes do not come back, so every connection must end after this fault
				line.Swallow(true)
				wait(ctx, rand.N(broken))
				line.Cut()
				line.Swallow(false)
				cuts++
			}
		}
	}
	return cuts
}
