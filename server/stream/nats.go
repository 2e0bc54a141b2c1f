// Package stream keeps each room's messages in NATS JetStream: it appends, replays and follows them. One stream holds all
// rooms, a subject each; the server's messages carry a time to live, so JetStream collects what has expired, though never
// early and not to the millisecond: what may still be shown is decided by package hub, by the clock.
//
// A node reads a room live through the stream's republished copies, with one plain subscription a room, because JetStream
// consumers by the thousand are what hurts JetStream. Republishing is at most once, so each copy names its predecessor,
// and whoever misses one reads the room again from there.
//
// Messages are kept in memory, or in a folder. What lies there is sealed, with keys that go when the messages do (keyRing);
// room names, times and sizes stay readable. JetStream does not get over a failed write, so a NATS server that keeps files
// is watched and, if need be, started anew on what it has stored. One that keeps everything in memory has no writes to fail,
// and starting it anew would forget all: that is left to whoever sees that Ready reports it.
package stream

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"mayfly/server/hub"
	"mayfly/shared/wire"
)

const (
	streamName    = "MAYFLY"
	subjectPrefix = "room." // a room's name holds no dot, star or space, so it is a subject's token as it is
	nowhere       = "_"     // stands for a room that nobody can name
	livePrefix    = "live." // and live.room.NAME are the republished copies

	epochKey = "mayfly_epoch" // in the stream's metadata
	bootKey  = "mayfly_boot"  // there too: the system's boot in which it was last opened

	appendTimeout = 5 * time.Second  // until an append without an answer counts as failed
	duplicates    = 10 * time.Minute // how long JetStream remembers ids; it covers races, the hub knows what lives
	readyTimeout  = 2 * time.Second
	stopTimeout   = 5 * time.Second // for each step of Close

	// maxStored bounds one stored message: the longest text, every character of it escaped ("\u2028"), and its frame.
	maxStored = wire.MaxText*6 + 4096

	codeStoreFailed  = jetstream.ErrorCode(10077) // the subject or the stream is full
	codeNoResources  = jetstream.ErrorCode(10023) // JetStream's own memory or disk is
	headerSeq        = "Nats-Sequence"
	headerLastSeq    = "Nats-Last-Sequence"
	pendingPublishes = 16384 // appends without an answer; more wait at most stallWait
	stallWait        = 200 * time.Millisecond
)

// Config says where a stream is, and bounds what it holds.
type Config struct {
	Folder       string        // where messages are kept on disk, sealed; empty: in memory
	MaxTTL       time.Duration // longest life of a message
	RoomMessages int           // messages a room may hold
	Bytes        int64         // of all messages; less if the disk has no room for so many
}

// NATS is a hub.Stream on JetStream. It has a connection each for appending, following and reading, so that none of them
// stalls another.
type NATS struct {
	log       *slog.Logger
	clock     *hub.Clock
	metrics   *metrics
	folder    *folder  // nil: in memory
	keys      *keyRing // nil: in memory
	server    *embedded
	publish   *nats.Conn
	live      *nats.Conn
	read      *nats.Conn
	js        jetstream.JetStream // on publish
	epoch     string
	ctx       context.Context // done when Close begins to stop what runs
	stop      context.CancelFunc
	followers sync.WaitGroup
	lookups   sync.WaitGroup // of the originals of repeats
	keepers   sync.WaitGroup // of keys and of the server

	mu         sync.Mutex // guards what follows
	appends    map[*nats.Msg]appended
	unanswered silence         // of appends
	highest    uint64          // seq of a message that somebody was told of
	trouble    error           // why nothing can be stored now; nil: it can
	link       context.Context // done when live was cut off and is back
	relink     context.CancelFunc
}

// appended is an append on its way.
type appended struct {
	room string
	m    wire.Message
	done func(hub.Receipt, error)
}

// OpenEmbedded starts a NATS server inside this process, reachable by nobody else, and opens the stream in it. Messages live by
// clock, which it sets to what a stream on disk has seen. Its metrics are registered with reg.
func OpenEmbedded(ctx context.Context, config Config, clock *hub.Clock, reg prometheus.Registerer, log *slog.Logger) (*NATS, error) {
	n := &NATS{log: log, clock: clock, metrics: newMetrics(reg), appends: map[*nats.Msg]appended{}}
	n.ctx, n.stop = context.WithCancel(context.Background())
	n.link, n.relink = context.WithCancel(n.ctx)
	if err := n.open(ctx, config); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

func (n *NATS) open(ctx context.Context, config Config) (err error) {
	bytes, natsFolder := config.Bytes, ""
	if config.Folder != "" {
		if bytes, err = n.openFolder(config); err != nil {
			return err
		}
		natsFolder = n.folder.in(natsDir)
	}
	if n.server, err = newEmbedded(natsFolder, bytes, n.log); err != nil {
		return err
	}
	if err := n.server.start(); err != nil {
		return err
	}
	for _, c := range []struct {
		name     string
		conn     **nats.Conn
		relinked func(*nats.Conn)
	}{{"append", &n.publish, nil}, {"follow", &n.live, n.relinked}, {"read", &n.read, nil}} {
		if *c.conn, err = n.server.connect(c.name, c.relinked); err != nil {
			return fmt.Errorf("connect to NATS to %s: %w", c.name, err)
		}
	}
	n.js, err = jetstream.New(n.publish,
		jetstream.WithPublishAsyncMaxPending(pendingPublishes), jetstream.WithPublishAsyncTimeout(appendTimeout),
		jetstream.WithPublishAsyncAckHandler(func(_ jetstream.JetStream, m *nats.Msg, ack *jetstream.PubAck) { n.stored(m, ack) }),
		jetstream.WithPublishAsyncErrHandler(func(_ jetstream.JetStream, m *nats.Msg, err error) { n.failed(m, err) }))
	if err != nil {
		return fmt.Errorf("open JetStream: %w", err)
	}
	if err := n.openStream(ctx, config); err != nil {
		return fmt.Errorf("open the stream: %w", err)
	}
	if n.folder != nil {
		n.block(n.folder.full())
		n.keepers.Go(func() { n.keys.run(n.ctx) })
		n.keepers.Go(func() { n.watch(n.ctx) })
	}
	return nil
}

// openFolder takes the folder, reads the keys in it and returns how many bytes of messages it can take.
func (n *NATS) openFolder(config Config) (bytes int64, err error) {
	if n.folder, err = openFolder(config.Folder); err != nil {
		return 0, err
	}
	if n.keys, err = openKeys(n.folder.in(keysDir), n.clock, n.log); err != nil {
		return 0, fmt.Errorf("open the keys: %w", err)
	}
	if err := syncFolder(config.Folder); err != nil {
		return 0, err
	}
	room, err := n.folder.store()
	if room < config.Bytes {
		n.log.Warn("the disk has no room for all the messages that may live", "bytes", config.Bytes, "room", room)
	}
	return min(room, config.Bytes), err
}

// openStream makes the stream, or brings the one that is there up to config.
func (n *NATS) openStream(ctx context.Context, config Config) error {
	// JetStream drops what is older than MaxAge whatever its own time to live says: the longest one, and the rounding.
	maxAge := natsTTL(config.MaxTTL)
	wanted := jetstream.StreamConfig{
		Name:                 streamName,
		Subjects:             []string{subjectPrefix + "*"},
		Storage:              jetstream.MemoryStorage,
		MaxAge:               maxAge,
		AllowMsgTTL:          true,
		AllowDirect:          true,
		Duplicates:           min(duplicates, maxAge),
		MaxMsgsPerSubject:    int64(config.RoomMessages),
		MaxBytes:             config.Bytes,
		MaxMsgSize:           maxStored,
		Discard:              jetstream.DiscardNew, // full refuses; nothing unexpired is evicted
		DiscardNewPerSubject: true,
		RePublish:            &jetstream.RePublish{Source: subjectPrefix + "*", Destination: livePrefix + subjectPrefix + "{{wildcard(1)}}"},
		Metadata:             map[string]string{epochKey: rand.Text(), bootKey: boot()},
	}
	if n.folder != nil {
		wanted.Storage, wanted.MaxBytes = jetstream.FileStorage, -1 // JetStreamMaxStore bounds it, and may change
	}
	existing, err := n.js.Stream(ctx, streamName)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		_, err = n.js.CreateStream(ctx, wanted)
	case err == nil:
		n.clock.AdvanceTo(existing.CachedInfo().State.LastTime) // the wall clock may have been set back while nobody looked
		err = n.updateStream(ctx, existing.CachedInfo().Config, &wanted)
	}
	if err != nil {
		return err
	}
	n.epoch = wanted.Metadata[epochKey]
	return n.openSignouts(ctx, wanted.Storage, config.Bytes)
}

// updateStream makes wanted of old, without taking anything from the messages that it holds. The epoch stays, unless the
// system was started anew meanwhile: then the last messages before that may be lost, and their seqs given to others.
func (n *NATS) updateStream(ctx context.Context, old jetstream.StreamConfig, wanted *jetstream.StreamConfig) error {
	if epoch := old.Metadata[epochKey]; epoch != "" && old.Metadata[bootKey] == wanted.Metadata[bootKey] {
		wanted.Metadata[epochKey] = epoch
	}
	// JetStream would drop the oldest of what is beyond a lower bound. The hub holds the lower ones.
	wanted.MaxAge = max(wanted.MaxAge, old.MaxAge)
	wanted.MaxMsgsPerSubject = max(wanted.MaxMsgsPerSubject, old.MaxMsgsPerSubject)
	_, err := n.js.UpdateStream(ctx, *wanted)
	return err
}

// natsTTL returns ttl as JetStream must be told: it truncates to whole seconds, so round up, and one more, since a
// message must not go early.
func natsTTL(ttl time.Duration) time.Duration {
	return (ttl + time.Second - 1).Truncate(time.Second) + time.Second
}

// Epoch implements hub.Stream.
func (n *NATS) Epoch() string { return n.epoch }

// Ready returns nil when the stream answers and stores, else why it doesn't, fit for anybody's eyes.
func (n *NATS) Ready(ctx context.Context) error {
	if err := n.blocked(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	if _, err := n.js.Stream(ctx, streamName); err != nil {
		return fmt.Errorf("the stream does not answer: %w", err)
	}
	return nil
}

// blocked returns why nothing can be stored now, nil if it can.
func (n *NATS) blocked() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.trouble
}

// Append implements hub.Stream. It may wait stallWait if too many appends have no answer yet, and for the disk if m is the
// first to need its key.
func (n *NATS) Append(room string, m wire.Message, done func(hub.Receipt, error)) {
	n.append(appended{room, m, n.metrics.timed(done)}, "")
}

// append publishes a, with suffix at the end of the id that makes it known as a repeat.
func (n *NATS) append(a appended, suffix string) {
	err := n.blocked()
	if err != nil {
		a.done(hub.Receipt{}, err)
		return
	}
	id := a.m.User.ID + " " + a.room + " " + a.m.ID + suffix
	msg := &nats.Msg{Subject: subjectPrefix + a.room, Header: nats.Header{}}
	if n.keys == nil {
		msg.Data = wire.EncodeMessage(a.m)
	} else {
		id = n.keys.hide(id)
		msg.Data, err = n.keys.seal(a.room, id, a.m)
	}
	if err != nil {
		a.done(hub.Receipt{}, err)
		return
	}
	n.mu.Lock()
	n.appends[msg] = a
	n.mu.Unlock()
	ttl := time.Duration(a.m.Expires-a.m.At) * time.Millisecond
	_, err = n.js.PublishMsgAsync(msg, jetstream.WithMsgID(id),
		jetstream.WithMsgTTL(natsTTL(ttl)), jetstream.WithStallWait(stallWait), jetstream.WithRetryAttempts(0))
	if err != nil {
		n.failed(msg, err)
	}
}

// decode returns the message that was stored as msg.
func (n *NATS) decode(room string, msg *nats.Msg, seq int64) (m wire.Message, err error) {
	if n.keys == nil {
		m, err = wire.DecodeMessage(msg.Data)
	} else {
		m, err = n.keys.open(room, msg.Header.Get(jetstream.MsgIDHeader), msg.Data)
	}
	if err != nil {
		return m, fmt.Errorf("stored message %d: %w", seq, err)
	}
	m.Seq = seq
	return m, nil
}

// take returns what msg was appended for, once.
func (n *NATS) take(msg *nats.Msg) (appended, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	a, ok := n.appends[msg]
	delete(n.appends, msg)
	return a, ok
}

// stored is called for every acknowledged append, one after the other.
func (n *NATS) stored(msg *nats.Msg, ack *jetstream.PubAck) {
	a, ok := n.take(msg)
	if !ok {
		return
	}
	n.heard(nil)
	if ack.Duplicate {
		n.lookups.Go(func() { n.repeated(a, ack.Sequence) }) // must not wait here: acknowledgements come through here
		return
	}
	a.m.Seq = int64(ack.Sequence)
	n.told(a.m.Seq)
	a.done(hub.Receipt{Message: a.m}, nil)
}

// repeated answers an append whose id JetStream has seen at seq. It remembers ids for longer than messages live: if the
// first one has expired, this one is new, and known by an id made of the first one's seq, so that two nodes that come
// here at once still store it once.
func (n *NATS) repeated(a appended, seq uint64) {
	ctx, cancel := context.WithTimeout(n.ctx, appendTimeout)
	defer cancel()
	page, err := n.page(ctx, roomLine(a.room), seq, 1)
	found := n.decodeAll(a.room, page.messages)
	switch {
	case err != nil:
		a.done(hub.Receipt{}, fmt.Errorf("look up the repeated message %d: %w", seq, err))
	case len(found) == 1 && found[0].Seq == int64(seq) && found[0].Expires > n.clock.Now().UnixMilli():
		a.done(hub.Receipt{Message: found[0], Repeat: true}, nil)
	default:
		n.append(a, " "+strconv.FormatUint(seq, 10))
	}
}

// failed is called for every append that was not acknowledged. The library may hold its lock: nothing here may publish.
func (n *NATS) failed(msg *nats.Msg, err error) {
	a, ok := n.take(msg)
	if !ok {
		return
	}
	n.heard(err)
	var api *jetstream.APIError
	if errors.As(err, &api) && (api.ErrorCode == codeStoreFailed || api.ErrorCode == codeNoResources) {
		err = fmt.Errorf("%w: %w", hub.ErrFull, err)
	}
	a.done(hub.Receipt{}, err)
}

// Close ends every follower, lets appends that are under way finish, and stops the server. No method may be called
// afterwards.
func (n *NATS) Close() error {
	var errs []error
	if n.js != nil {
		errs = append(errs, within(stopTimeout, "appends did not finish in time", func() error {
			<-n.js.PublishAsyncComplete()
			return nil
		})) // CleanupPublisher may leave a goroutine behind that has not begun to listen; conn.Close ends it in any case
	}
	n.lookups.Wait()
	n.stop()
	n.followers.Wait()
	for _, conn := range []*nats.Conn{n.publish, n.live, n.read} {
		if conn != nil {
			conn.Close()
		}
	}
	errs = append(errs, within(stopTimeout, "NATS did not stop in time", func() error {
		n.keepers.Wait()
		if n.server == nil {
			return nil
		}
		return n.server.stop()
	}))
	if n.folder != nil {
		errs = append(errs, n.folder.close())
	}
	return errors.Join(errs...)
}

// within returns what f does, or after timeout fails with that problem.
func within(timeout time.Duration, problem string, f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-time.After(timeout):
		return errors.New(problem)
	}
}
