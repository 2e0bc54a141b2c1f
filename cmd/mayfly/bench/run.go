package bench

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"mayfly/shared/wire"
)

// run is the state of one measurement. Static fields do not change after newRun; only the goroutine of Run uses the fields
// from first on.
//
// It is one type because it contains everything that the members share, and what Run notes between the phases.
type run struct {
	config   Config        // static
	clock    time.Time     // static; the times of the run count from here
	idPrefix string        // static; the beginning of the ids of this run's messages; the message's number follows it
	text     string        // static
	rooms    []*room       // static
	members  []*member     // static
	posts    []post        // static; one for each message of the run
	latency  *histogram    // static
	outcomes *outcomes     // static
	deserted chan struct{} // static; closed when the last connection has ended

	open    atomic.Int64   // connections that have not ended
	closing atomic.Bool    // true: the run itself closes the connections
	reading sync.WaitGroup // the members' goroutines

	first     time.Duration // when the first message is due
	life      time.Duration // how long the messages live on this server; set by connectAll
	limits    wire.Limits   // what this server allows; set by connectAll
	connected time.Duration // how long it took to open all connections
	sent      int           // messages that were sent
	lastSent  time.Duration // when the last of them was
	behind    time.Duration // by how much the most delayed message was sent too late
	measured  time.Duration // when the last delivery had come, or the run gave up waiting for it
	own       processorTime // what the generator used from first to measured
	server    processorTime // what the server used meanwhile
}

// room is one room of the run. The message with the number k goes to the room k mod Rooms. The members of a room post in
// turn.
type room struct {
	index   int       // static
	name    string    // static
	members []*member // static
	stored  atomic.Int64
}

// post is what the run knows of one message.
type post struct {
	at  atomic.Int64 // when it was sent, in nanoseconds of the run's time
	seq atomic.Int64 // its seq, once the server has accepted it or any member has got it; else 0
}

func newRun(c Config) *run {
	name := "mayfly-bench-" + strings.ToLower(rand.Text()[:16])
	r := &run{
		config: c, clock: time.Now(), idPrefix: newIDPrefix(),
		text:  strings.Repeat("mayfly-bench-", c.Text/len("mayfly-bench-")+1)[:c.Text],
		posts: make([]post, c.Messages()), latency: &histogram{}, outcomes: newOutcomes(), deserted: make(chan struct{}),
	}
	for i := range c.Rooms {
		r.rooms = append(r.rooms, &room{index: i, name: fmt.Sprintf("%s-%d", name, i+1)})
	}
	r.open.Store(int64(c.Conns))
	perRoom := (len(r.posts) + c.Rooms - 1) / c.Rooms
	for i := range c.Conns {
		room := r.rooms[i%c.Rooms]
		m := &member{run: r, room: room, shard: i, got: make([]uint64, (perRoom+63)/64)}
		room.members, r.members = append(room.members, m), append(r.members, m)
	}
	return r
}

// now returns the time of the run.
func (r *run) now() time.Duration { return time.Since(r.clock) }

// connectAll opens all connections, and joins their rooms. It opens the first connection alone: if the server or the address
// is wrong, one connection is enough to find that out.
func (r *run) connectAll(ctx context.Context) error {
	r.config.Progress(fmt.Sprintf("Opening %s in %s.", count(r.config.Conns, "connection"), count(r.config.Rooms, "room")))
	if err := r.members[0].connect(ctx, &r.config.Target); err != nil {
		return err
	}
	r.learn(r.members[0])
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, m := range r.members[1:] {
		group.Go(func() error {
			if err := m.connect(ctx, &r.config.Target); err != nil {
				return fmt.Errorf("connection %d of %d: %w", i+2, r.config.Conns, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// learn stores what the server has told the first member: how long messages may live, and the server's limits.
func (r *run) learn(m *member) {
	least, most := time.Duration(m.welcome.TTL.Min)*time.Millisecond, time.Duration(m.joined.TTL)*time.Millisecond
	r.life, r.limits = max(least, min(r.config.TTL, most)), m.welcome.Limits
}

// send posts the message k on an open connection of its room, if there is one: the members post in turn. It returns false
// if no connection of the run is open any more.
func (r *run) send(k int) bool {
	room := r.rooms[k%len(r.rooms)]
	turn := k / len(r.rooms)
	for i := range room.members {
		m := room.members[(turn+i)%len(room.members)]
		if m.ended.Load() {
			continue
		}
		message := wire.Encode(wire.Post{ID: r.id(k), Room: room.name, Text: r.text, TTL: r.life.Milliseconds()})
		r.sent, r.lastSent = r.sent+1, r.now()
		r.posts[k].at.Store(int64(r.lastSent))
		m.sent.Add(1)
		_ = m.socket.write(opText, message) // a failure ends the connection, and its reader notes that
		break
	}
	return r.open.Load() > 0
}

// store notes that the message with the number k has this seq on the server.
func (r *run) store(k int, seq int64) {
	if p := &r.posts[k]; p.seq.Load() == 0 && p.seq.CompareAndSwap(0, seq) {
		r.rooms[k%len(r.rooms)].stored.Add(1)
	}
}

// complete reports whether every open connection has an answer to each of its posts, and has got every message that is
// stored in its room.
func (r *run) complete() bool {
	for _, m := range r.members {
		if !m.ended.Load() && (m.answered.Load() < m.sent.Load() || m.distinct.Load() < m.room.stored.Load()) {
			return false
		}
	}
	return true
}

// came returns a number that grows with each message and each answer that comes.
func (r *run) came() (n int64) {
	for _, m := range r.members {
		n += m.answered.Load() + m.distinct.Load()
	}
	return n
}

// close closes all connections and waits until their goroutines have ended. It may be called again.
func (r *run) close() {
	r.closing.Store(true)
	for _, m := range r.members {
		if m.socket != nil {
			m.socket.close()
		}
	}
	r.reading.Wait()
}
