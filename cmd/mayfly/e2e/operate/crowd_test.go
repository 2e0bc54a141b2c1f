package operate_test

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

const (
	inRoom = 50 // how many people are in each room of a crowd
	atOnce = 16 // how many people come at the same time
)

// crowd are people who chat over TLS, in rooms of inRoom. Each has an address of its own.
type crowd struct {
	t      *testing.T
	people []*guest
	reads  sync.WaitGroup

	mu       sync.Mutex // guards what follows
	posted   []*said
	ended    []error // why connections ended, before leave
	leaving  bool
	complete chan struct{} // capacity 1; a value says that a message has come to everybody
}

// said is a message that was posted.
type said struct {
	at      time.Time
	missing int           // how many people have not got it yet
	took    time.Duration // until the last person had it
}

// gather lets n people come to s, and reads what they hear until the test ends.
func gather(t *testing.T, s *rig.Server, config *tls.Config, n int) *crowd {
	t.Helper()
	c := &crowd{t: t, people: make([]*guest, n), complete: make(chan struct{}, 1)}
	var coming errgroup.Group
	coming.SetLimit(atOnce)
	for i := range n {
		coming.Go(func() (err error) {
			c.people[i], err = enterFrom(t, fmt.Sprintf("127.3.%d.%d", i>>8, i&255), s, config, roomOf(i))
			return err
		})
	}
	if err := coming.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, g := range c.people {
		c.reads.Go(func() {
			c.end(g.each(func(f wire.Frame) {
				if p, ok := f.(wire.Posted); ok {
					c.hear(p)
				}
			}))
		})
	}
	t.Cleanup(c.leave)
	return c
}

func roomOf(i int) string { return "room-" + strconv.Itoa(i/inRoom) }

// leave ends the connections.
func (c *crowd) leave() {
	c.mu.Lock()
	c.leaving = true
	c.mu.Unlock()
	for _, g := range c.people {
		g.ws.CloseNow()
	}
	c.reads.Wait()
}

func (c *crowd) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.leaving {
		c.ended = append(c.ended, err)
	}
}

// endings returns why connections ended.
func (c *crowd) endings() []error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.ended)
}

// hear notes that one person has got a message.
func (c *crowd) hear(p wire.Posted) {
	number, err := strconv.Atoi(p.Text)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil || number >= len(c.posted) {
		c.ended = append(c.ended, fmt.Errorf("an unknown message came: %q", p.Text))
		return
	}
	m := c.posted[number]
	if m.missing--; m.missing == 0 {
		m.took = time.Since(m.at)
		select {
		case c.complete <- struct{}{}:
		default:
		}
	}
}

// chat posts n messages, one every 20 ms, each by another person, and waits until each has come to all people in its room.
// If a message does not come, or if a connection ends, chat fails the test.
func (c *crowd) chat(what string, n int) {
	c.t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	first := len(c.posted)
	for i := range n {
		<-ticker.C
		who := (i*(inRoom+1) + first) % len(c.people)
		c.mu.Lock()
		number := len(c.posted)
		c.posted = append(c.posted, &said{at: time.Now(), missing: min(inRoom, len(c.people)-who/inRoom*inRoom)})
		c.mu.Unlock()
		if err := c.people[who].send(wire.Post{ID: uuid.NewString(), Room: roomOf(who),
			Text: strconv.Itoa(number)}); err != nil {
			c.t.Fatalf("%s: person %d: %v; ended: %v", what, who, err, c.endings())
		}
	}
	timeout := time.After(rig.Timeout)
	for {
		took, missing := c.since(first)
		if ended := c.endings(); len(ended) > 0 {
			c.t.Fatalf("%s: %d connections ended: %v", what, len(ended), ended)
		}
		if missing == 0 {
			slices.Sort(took)
			c.t.Logf("%-28s %d messages to %d people each: median %s, 99 %% %s, worst %s", what, n, inRoom,
				round(took[n/2]), round(took[n*99/100]), round(took[n-1]))
			return
		}
		select {
		case <-c.complete:
		case <-timeout:
			c.t.Fatalf("%s: %d messages did not come to everybody", what, missing)
		}
	}
}

// since returns how long the messages from first on took to the last person, and how many are not there yet.
func (c *crowd) since(first int) (took []time.Duration, missing int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.posted[first:] {
		if took = append(took, m.took); m.missing > 0 {
			missing++
		}
	}
	return took, missing
}

func round(d time.Duration) string {
	return strings.TrimSuffix(d.Round(100*time.Microsecond).String(), "0s")
}
