package network_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"mayfly/app/client"
	"mayfly/app/client/transport"
)

// talker is one person with a client, in one room for all its life.
type talker struct {
	t       *testing.T
	name    string
	room    string
	client  *client.Client
	record  *record
	changed chan struct{} // capacity 1

	mu        sync.Mutex // guards what follows
	said      int        // how many texts the client has accepted to send
	view      client.View
	own       int // number of the user's own messages in the view
	vanished  int // how many views had fewer of the user's own messages than an earlier view
	unordered int // how many views had messages that were not in the order of their seqs
}

// newTalker returns a talker that stays connected until the test ends, by WebSocket, or by polls where that doesn't work.
func newTalker(t *testing.T, name, room string, dial, polls transport.Dial) *talker {
	t.Helper()
	c := &talker{t: t, name: name, room: room, record: newRecord(), changed: make(chan struct{}, 1)}
	c.client = client.New(client.Config{Dial: c.record.through(dial, false), Polls: c.record.through(polls, true), Guest: client.NewGuest(), Room: room})
	c.client.Subscribe(c.see)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.client.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return c
}

// see checks every view. A message that the user wrote must be in every later view.
func (c *talker) see(v client.View) {
	own, last, ordered := 0, int64(0), true
	for i := range v.Messages {
		m := &v.Messages[i]
		if m.Mine {
			own++
		}
		if m.Seq != 0 {
			ordered = ordered && m.Seq > last
			last = m.Seq
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if own < c.own {
		c.vanished++
	}
	if !ordered {
		c.unordered++
	}
	c.view, c.own = v, own
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

func (c *talker) text(n int) string { return fmt.Sprintf("%s says %d", c.name, n) }

// say writes the next message.
func (c *talker) say() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if problem := c.client.Send(client.Composed{Text: c.text(c.said)}); problem != (client.Problem{}) {
		c.t.Errorf("%s: Send: %s", c.name, problem)
		return
	}
	c.said++
}

// talk writes a message now and then, until ctx is done.
func (c *talker) talk(ctx context.Context) {
	for wait(ctx, pace/2+rand.N(pace)) {
		c.say()
	}
}

// now returns the client's view, and how many messages the user wrote.
func (c *talker) now() (v client.View, said int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.view, c.said
}

// showsLast reports whether v has the last message that c wrote: the client adds a message some time after Send.
func (c *talker) showsLast(v client.View) bool {
	_, said := c.now()
	return slices.ContainsFunc(v.Messages, func(m client.Message) bool { return m.Text == c.text(said-1) })
}

// until waits for a view for which ok returns true, and reports whether it came before the time was over.
func (c *talker) until(timeout <-chan time.Time, ok func(client.View) bool) bool {
	for {
		if v, _ := c.now(); ok(v) {
			return true
		}
		select {
		case <-c.changed:
		case <-timeout:
			return false
		}
	}
}

// wait waits for d, or until ctx is done. It returns false if ctx was done.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
