// Package stream stores each room's messages in NATS JetStream: it appends, replays and follows them. One JetStream stream
// holds all rooms, each room on a subject of its own. Every stored message has a time to live, so JetStream deletes expired
// messages: never early, but up to some seconds late. Package hub decides by its clock which messages may still be shown.
//
// A node follows a room through the stream's republished copies, with one plain subscription for each room, because
// thousands of JetStream consumers would slow JetStream down. Republishing delivers at most once, so each copy names its
// predecessor in the room. A follower that misses a copy reads the room again from the last message that it has.
//
// Messages are stored in memory, or in a folder. In a folder they are encrypted with keys that are deleted when the messages
// expire (keyRing); room names, times and sizes stay readable. JetStream cannot recover from a failed write, so the package
// watches a NATS server that writes files and restarts it on its stored files if necessary. A NATS server in memory writes
// nothing that could fail, and a restart would lose every message. If it fails, Ready says so, and the operator decides.
//
// Locks: keyRing.making is taken before keyRing.mu. The other locks (NATS.mu, keyRing.mu, embedded.mu) are taken last:
// nothing that takes another lock runs under them. The NATS library may hold a lock of its own when it calls onFailed, and
// so when a hub's done runs: neither may publish.
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
	subjectPrefix = "room." // a valid room name needs no escaping: it holds no dot, star or space
	noRoom        = "_"     // not a valid room name; messages under it belong to no room
	livePrefix    = "live." // the copies are republished on live.room.NAME

	epochKey = "mayfly_epoch" // in the stream's metadata
	bootKey  = "mayfly_boot"  // there too: the boot of the system in which the stream was last opened

	appendTimeout = 5 * time.Second  // an append without an answer fails after this time
	duplicates    = 10 * time.Minute // how long JetStream remembers message ids: for repeats that the hub cannot know yet
	readyTimeout  = 2 * time.Second
	stopTimeout   = 5 * time.Second // for each step of Close

	// maxStored is the size of the longest stored message: the longest text with every character escaped ("\u2028"), and the
	// other fields.
	maxStored = wire.MaxText*6 + 4096

	codeStoreFailed  = jetstream.ErrorCode(10077) // the subject or the stream is full
	codeNoResources  = jetstream.ErrorCode(10023) // JetStream's memory or disk is full
	headerSeq        = "Nats-Sequence"
	headerLastSeq    = "Nats-Last-Sequence"
	pendingPublishes = 16384 // appends without an answer; at this limit, an append waits for stallWait at most, then fails
	stallWait        = 200 * time.Millisecond
)

// Config says where a stream is stored, and its limits.
type Config struct {
	Folder       string        // folder for encrypted messages; empty: messages are stored in memory
	MaxTTL       time.Duration // longest life of a message
	RoomMessages int           // messages in one room
	Bytes        int64         // bytes of all messages; the limit is lower if the disk has less room
}

// NATS is a hub.Stream on JetStream, and restarts its embedded NATS server when that fails. It has three connections, for
// appending, following and reading, so that none of them delays another.
type NATS struct {
	// Static after OpenEmbedded.
	log     *slog.Logger
	clock   *hub.Clock
	metrics *metrics
	folder  *folder  // nil: messages are in memory
	keys    *keyRing // nil: messages are in memory
	server  *embedded
	publish *nats.Conn
	live    *nats.Conn // receives the republished copies
	read    *nats.Conn
	js      jetstream.JetStream // on publish
	epoch   string
	ctx     context.Context // done when Close stops the goroutines
	stop    context.CancelFunc

	followers sync.WaitGroup
	lookups   sync.WaitGroup // goroutines that look up the original of a repeat
	loops     sync.WaitGroup // keyRing.run and watch

	mu          sync.Mutex // guards what follows; never held while something blocks
	appends     map[*nats.Msg]pendingAppend
	unanswered  silence            // how long no append has had an answer
	highestSeq  uint64             // the highest seq that a caller knows a message by
	blockedErr  error              // why appends are refused now; nil: they are not
	connected   context.Context    // done once live has lost its connection and has a new one
	reconnected context.CancelFunc // ends connected
}

// pendingAppend is an append without an answer.
type pendingAppend struct {
	room string
	m    wire.Message
	done func(hub.Receipt, error)
}

// OpenEmbedded starts a NATS server inside this process, which nothing outside can reach, and opens the stream in it. ctx
// bounds only the start. Messages expire by clock; OpenEmbedded sets clock forward to the newest time in a stream on disk.
// It registers its metrics with reg. The caller must call Close.
func OpenEmbedded(
	ctx context.Context, config Config, clock *hub.Clock, reg prometheus.Registerer, log *slog.Logger,
) (*NATS, error) {
	n := &NATS{log: log, clock: clock, metrics: newMetrics(reg), appends: map[*nats.Msg]pendingAppend{}}
	n.ctx, n.stop = context.WithCancel(context.Background())
	n.connected, n.reconnected = context.WithCancel(n.ctx)
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
		name        string
		conn        **nats.Conn
		onReconnect func(*nats.Conn)
	}{{"append", &n.publish, nil}, {"follow", &n.live, n.onReconnect}, {"read", &n.read, nil}} {
		if *c.conn, err = n.server.connect(c.name, c.onReconnect); err != nil {
			return fmt.Errorf("connect to NATS to %s: %w", c.name, err)
		}
	}
	n.js, err = jetstream.New(n.publish,
		jetstream.WithPublishAsyncMaxPending(pendingPublishes), jetstream.WithPublishAsyncTimeout(appendTimeout),
		jetstream.WithPublishAsyncAckHandler(func(_ jetstream.JetStream, m *nats.Msg, ack *jetstream.PubAck) {
			n.onStored(m, ack)
		}),
		jetstream.WithPublishAsyncErrHandler(func(_ jetstream.JetStream, m *nats.Msg, err error) { n.onFailed(m, err) }))
	if err != nil {
		return fmt.Errorf("open JetStream: %w", err)
	}
	if err := n.openStream(ctx, config); err != nil {
		return fmt.Errorf("open the stream: %w", err)
	}
	if n.folder != nil {
		n.setBlocked(n.folder.full())
		n.loops.Go(func() { n.keys.run(n.ctx) })
		n.loops.Go(func() { n.watch(n.ctx) })
	}
	return nil
}

// openFolder locks the folder, reads its keys and returns how many bytes of messages it can hold.
func (n *NATS) openFolder(config Config) (bytes int64, err error) {
	if n.folder, err = openFolder(config.Folder); err != nil {
		return 0, err
	}
	if n.keys, err = openKeyRing(n.folder.in(keysDir), n.clock, n.log); err != nil {
		return 0, fmt.Errorf("open the keys: %w", err)
	}
	if err := syncFolder(config.Folder); err != nil {
		return 0, err
	}
	room, err := n.folder.capacity()
	if room < config.Bytes {
		n.log.Warn("the disk has no room for all the messages that may live", "bytes", config.Bytes, "room", room)
	}
	return min(room, config.Bytes), err
}

// openStream creates the stream, or updates an existing one to config.
func (n *NATS) openStream(ctx context.Context, config Config) error {
	maxAge := natsTTL(config.MaxTTL) // JetStream deletes older messages, whatever their own time to live
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
		Discard:              jetstream.DiscardNew, // a full stream refuses new messages and keeps the old ones
		DiscardNewPerSubject: true,
		RePublish: &jetstream.RePublish{
			Source: subjectPrefix + "*", Destination: livePrefix + subjectPrefix + "{{wildcard(1)}}"},
		Metadata: map[string]string{epochKey: rand.Text(), bootKey: bootID()},
	}
	if n.folder != nil {
		// JetStreamMaxStore limits the bytes instead: it may be another one at the next start.
		wanted.Storage, wanted.MaxBytes = jetstream.FileStorage, -1
	}
	existing, err := n.js.Stream(ctx, streamName)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		_, err = n.js.CreateStream(ctx, wanted)
	case err == nil:
		n.clock.AdvanceTo(existing.CachedInfo().State.LastTime) // the wall clock may have been set back before this start
		err = n.updateStream(ctx, existing.CachedInfo().Config, &wanted)
	}
	if err != nil {
		return err
	}
	n.epoch = wanted.Metadata[epochKey]
	return n.openSignouts(ctx, wanted.Storage, config.Bytes)
}

// updateStream changes the configuration of an existing stream from old to wanted, without losing a message. The epoch
// stays, unless the system was rebooted since: a reboot may lose the last messages, and JetStream gives their seqs to new
// ones.
func (n *NATS) updateStream(ctx context.Context, old jetstream.StreamConfig, wanted *jetstream.StreamConfig) error {
	if epoch := old.Metadata[epochKey]; epoch != "" && old.Metadata[bootKey] == wanted.Metadata[bootKey] {
		wanted.Metadata[epochKey] = epoch
	}
	// With a lower limit, JetStream would delete the oldest messages beyond it. The hub applies the lower limits.
	wanted.MaxAge = max(wanted.MaxAge, old.MaxAge)
	wanted.MaxMsgsPerSubject = max(wanted.MaxMsgsPerSubject, old.MaxMsgsPerSubject)
	_, err := n.js.UpdateStream(ctx, *wanted)
	return err
}

// natsTTL returns the time to live that JetStream gets for ttl: rounded up to whole seconds, because JetStream truncates
// it, and one second more, because JetStream must not delete a message early.
func natsTTL(ttl time.Duration) time.Duration {
	return (ttl + time.Second - 1).Truncate(time.Second) + time.Second
}

// Epoch implements hub.Stream.
func (n *NATS) Epoch() string { return n.epoch }

// Ready returns nil if the stream answers and stores messages, else the reason why not, without secrets. It blocks for
// readyTimeout at most.
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

// blocked returns why appends are refused now, nil if they are not.
func (n *NATS) blocked() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.blockedErr
}

// Append implements hub.Stream. It blocks for stallWait at most if too many appends have no answer, and for a write to disk
// if m is the first message that needs its key.
func (n *NATS) Append(room string, m wire.Message, done func(hub.Receipt, error)) {
	n.append(pendingAppend{room, m, n.metrics.timed(done)}, "")
}

// append publishes a. JetStream recognises a repeat by the message id, to which append adds suffix.
func (n *NATS) append(a pendingAppend, suffix string) {
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
		id = n.keys.hashID(id)
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
		n.onFailed(msg, err)
	}
}

// decode decrypts and decodes a stored message.
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

// takeAppend removes the pending append of msg and returns it. ok is false if msg has been answered already.
func (n *NATS) takeAppend(msg *nats.Msg) (a pendingAppend, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	a, ok = n.appends[msg]
	delete(n.appends, msg)
	return a, ok
}

// onStored runs when JetStream has acknowledged an append. The NATS library makes these calls one after the other.
func (n *NATS) onStored(msg *nats.Msg, ack *jetstream.PubAck) {
	a, ok := n.takeAppend(msg)
	if !ok {
		return
	}
	n.recordOutcome(nil)
	if ack.Duplicate {
		// In a goroutine of its own: blocking here would delay all acknowledgements.
		n.lookups.Go(func() { n.answerRepeat(a, ack.Sequence) })
		return
	}
	a.m.Seq = int64(ack.Sequence)
	n.noteSeq(a.m.Seq)
	a.done(hub.Receipt{Message: a.m}, nil)
}

// answerRepeat answers an append whose message id JetStream already has, for the message seq. If that message lives, the
// append is a repeat. If it has expired (JetStream remembers ids for longer than messages live), the append is a new
// message: it is appended again with an id that contains seq, so that two nodes that do this at once still store one
// message.
func (n *NATS) answerRepeat(a pendingAppend, seq uint64) {
	ctx, cancel := context.WithTimeout(n.ctx, appendTimeout)
	defer cancel()
	page, err := n.page(ctx, roomSubject(a.room), seq, 1)
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

// onFailed runs when an append was not acknowledged. The NATS library may hold a lock, so onFailed must not publish.
func (n *NATS) onFailed(msg *nats.Msg, err error) {
	a, ok := n.takeAppend(msg)
	if !ok {
		return
	}
	n.recordOutcome(err)
	var api *jetstream.APIError
	if errors.As(err, &api) && (api.ErrorCode == codeStoreFailed || api.ErrorCode == codeNoResources) {
		err = fmt.Errorf("%w: %w", hub.ErrFull, err)
	}
	a.done(hub.Receipt{}, err)
}

// Close waits for the answers of pending appends, ends every follower and stops the NATS server. A step that hangs
// is given up after stopTimeout, and the error names it. Call no method after Close.
func (n *NATS) Close() error {
	var errs []error
	if n.js != nil {
		errs = append(errs, within(stopTimeout, "appends did not finish in time", func() error {
			<-n.js.PublishAsyncComplete()
			return nil
		})) // no CleanupPublisher: it may leave a goroutine behind, and conn.Close ends the publisher in any case
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
		n.loops.Wait()
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

// within runs f and returns its error. If f takes longer than timeout, within returns problem as an error and leaves f
// running.
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
