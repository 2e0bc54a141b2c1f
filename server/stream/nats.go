// Package stream keeps each room's messages in NATS JetStream: it appends, replays and follows them. One stream holds all
// rooms, a subject each; the server's messages carry a time to live, so JetStream collects what has expired, though never
// early and not to the millisecond: what may still be shown is decided by package hub, by the clock.
//
// A node reads a room live through the stream's republished copies, with one plain subscription a room, because JetStream
// consumers by the thousand are what hurts JetStream. Republishing is at most once, so each copy names its predecessor,
// and whoever misses one reads the room again from there.
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
	livePrefix    = "live." // and live.room.NAME are the republished copies

	epochKey = "mayfly_epoch" // in the stream's metadata

	appendTimeout = 5 * time.Second  // until an append without an answer counts as failed
	duplicates    = 10 * time.Minute // how long JetStream remembers ids; it covers races, the hub knows what lives
	stopTimeout   = 5 * time.Second  // for each step of Close

	// maxStored bounds one stored message: the longest text, every character of it escaped ("\u0001"), and its frame.
	maxStored = wire.MaxText*6 + 4096

	codeStoreFailed  = jetstream.ErrorCode(10077) // the subject or the stream is full
	codeNoResources  = jetstream.ErrorCode(10023) // JetStream's own memory or disk is
	headerSeq        = "Nats-Sequence"
	headerLastSeq    = "Nats-Last-Sequence"
	pendingPublishes = 16384 // appends without an answer; more wait at most stallWait
	stallWait        = 200 * time.Millisecond
)

// Config bounds what a stream holds.
type Config struct {
	MaxTTL       time.Duration // longest life of a message
	RoomMessages int           // messages a room may hold
	Bytes        int64         // of all messages
}

// NATS is a hub.Stream on JetStream. It has a connection each for appending, following and reading, so that none of them
// stalls another.
type NATS struct {
	log       *slog.Logger
	metrics   *metrics
	server    *embedded
	publish   *nats.Conn
	live      *nats.Conn
	read      *nats.Conn
	js        jetstream.JetStream // on publish
	epoch     string
	ctx       context.Context // done when Close begins
	stop      context.CancelFunc
	followers sync.WaitGroup
	lookups   sync.WaitGroup // of the originals of repeats

	mu      sync.Mutex // guards what follows
	appends map[*nats.Msg]appended
}

// appended is an append on its way.
type appended struct {
	room string
	m    wire.Message
	done func(hub.Receipt, error)
}

// OpenEmbedded starts a NATS server inside this process, reachable by nobody else, that keeps everything in memory, and
// opens the stream in it. Its metrics are registered with reg.
func OpenEmbedded(ctx context.Context, config Config, reg prometheus.Registerer, log *slog.Logger) (*NATS, error) {
	server, err := startEmbedded(config.Bytes, log)
	if err != nil {
		return nil, err
	}
	n := &NATS{log: log, metrics: newMetrics(reg), server: server, appends: map[*nats.Msg]appended{}}
	n.ctx, n.stop = context.WithCancel(context.Background())
	if err := n.open(ctx, config); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

func (n *NATS) open(ctx context.Context, config Config) (err error) {
	for _, c := range []struct {
		name string
		conn **nats.Conn
	}{{"append", &n.publish}, {"follow", &n.live}, {"read", &n.read}} {
		if *c.conn, err = n.server.connect(c.name); err != nil {
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
	// JetStream drops what is older than MaxAge whatever its own time to live says: the longest one, and the rounding.
	maxAge := natsTTL(config.MaxTTL)
	stream, err := n.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
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
		Metadata:             map[string]string{epochKey: rand.Text()},
	})
	if err != nil {
		return fmt.Errorf("create stream: %w", err)
	}
	n.epoch = stream.CachedInfo().Config.Metadata[epochKey]
	return nil
}

// natsTTL returns ttl as JetStream must be told: it truncates to whole seconds, so round up, and one more, since a
// message must not go early.
func natsTTL(ttl time.Duration) time.Duration {
	return (ttl + time.Second - 1).Truncate(time.Second) + time.Second
}

// Epoch implements hub.Stream.
func (n *NATS) Epoch() string { return n.epoch }

// Ready returns nil when the stream answers.
func (n *NATS) Ready(ctx context.Context) error {
	if _, err := n.js.Stream(ctx, streamName); err != nil {
		return fmt.Errorf("the stream does not answer: %w", err)
	}
	return nil
}

// Append implements hub.Stream. It may wait stallWait if too many appends have no answer yet.
func (n *NATS) Append(room string, m wire.Message, done func(hub.Receipt, error)) {
	n.append(appended{room, m, n.metrics.timed(done)}, "")
}

// append publishes a, with suffix at the end of the id that makes it known as a repeat.
func (n *NATS) append(a appended, suffix string) {
	msg := &nats.Msg{Subject: subjectPrefix + a.room, Data: wire.EncodeMessage(a.m), Header: nats.Header{}}
	n.mu.Lock()
	n.appends[msg] = a
	n.mu.Unlock()
	ttl := time.Duration(a.m.Expires-a.m.At) * time.Millisecond
	_, err := n.js.PublishMsgAsync(msg, jetstream.WithMsgID(a.m.User.ID+" "+a.room+" "+a.m.ID+suffix),
		jetstream.WithMsgTTL(natsTTL(ttl)), jetstream.WithStallWait(stallWait), jetstream.WithRetryAttempts(0))
	if err != nil {
		n.failed(msg, err)
	}
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
	if ack.Duplicate {
		n.lookups.Go(func() { n.repeated(a, ack.Sequence) }) // must not wait here: acknowledgements come through here
		return
	}
	a.m.Seq = int64(ack.Sequence)
	a.done(hub.Receipt{Message: a.m}, nil)
}

// repeated answers an append whose id JetStream has seen at seq. It remembers ids for longer than messages live: if the
// first one has expired, this one is new, and known by an id made of the first one's seq, so that two nodes that come
// here at once still store it once.
func (n *NATS) repeated(a appended, seq uint64) {
	ctx, cancel := context.WithTimeout(n.ctx, appendTimeout)
	defer cancel()
	found, err := n.page(ctx, a.room, seq, 1)
	switch {
	case err != nil:
		a.done(hub.Receipt{}, fmt.Errorf("look up the repeated message %d: %w", seq, err))
	case len(found.messages) == 1 && found.messages[0].Seq == int64(seq) && found.messages[0].Expires > time.Now().UnixMilli():
		a.done(hub.Receipt{Message: found.messages[0], Repeat: true}, nil)
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
		select {
		case <-n.js.PublishAsyncComplete():
		case <-time.After(stopTimeout):
			errs = append(errs, errors.New("appends did not finish in time"))
		}
		n.js.CleanupPublisher()
	}
	n.lookups.Wait()
	n.stop()
	n.followers.Wait()
	for _, conn := range []*nats.Conn{n.publish, n.live, n.read} {
		if conn != nil {
			conn.Close()
		}
	}
	return errors.Join(append(errs, n.server.stop())...)
}
