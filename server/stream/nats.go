// Package stream stores each room's events in NATS JetStream: it appends, replays and follows them. One JetStream stream
// holds all rooms, each room on a subject of its own. Every stored event has a time to live, so JetStream deletes expired
// events: never early, but up to some seconds late. Package hub decides by its clock which messages may still be shown.
//
// A node follows a room through the stream's republished copies, with one plain subscription for each room, because
// thousands of JetStream consumers would slow JetStream down. Republishing delivers at most once, so each copy names its
// predecessor in the room. A follower that misses a copy reads the room again from the last event that it has. Signals are
// plain publishes of core NATS, which JetStream does not store.
//
// Events are stored in memory. An embedded NATS server can store them in a folder instead. In a folder they are
// encrypted with keys that are deleted when the events expire (package seal); room names, times and sizes stay
// readable. JetStream cannot recover from a failed write, so the package watches a NATS server that writes files and
// restarts it on its stored files if necessary. An embedded NATS server in memory is never restarted: it writes nothing
// that could fail, and a restart would lose every event. If it fails all the same, Ready returns an error, and the
// operator decides whether to restart Mayfly.
//
// NATS runs inside this process (OpenEmbedded), or several nodes share NATS servers of their own (OpenCluster). Then a node
// asks the servers again and again how the stream is (pulse).
//
// Files in order: nats.go (start and stop), open.go (the stream's configuration), cluster.go, clusterstreams.go,
// append.go, erase.go, erasefiles.go (what JetStream has not erased), follow.go, facts.go, signals.go, watch.go,
// pulse.go, audit.go, move.go, condition.go, links.go, read.go, names.go, embedded.go, scratch.go, record.go,
// metrics.go, try.go. The files from cluster.go to watch.go, except clusterstreams.go and erasefiles.go, contain
// methods of the type NATS, which nats.go declares.
//
// Locks: code that holds a lock of this package takes no other lock. The NATS library may hold a lock of its own when it
// calls onFailed, and onFailed calls the function done that was passed to Append. So neither onFailed nor done may publish.
package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"mayfly/server/hub"
	"mayfly/server/stream/seal"
	"mayfly/shared/wire"
)

const (
	epochKey = "mayfly_epoch" // the key of the epoch in the stream's metadata
	bootKey  = "mayfly_boot"  // the key in the stream's metadata for the bootID of the last start

	// duplicates is how long JetStream remembers the ids of messages, by which it drops repeats. The hub drops most repeats
	// itself, because it has the messages of the room. It misses a repeat only while the first copy is stored and not yet
	// delivered to this node: a user may send a post to a second node, or again because the answer was lost. This lasts some
	// seconds at most, when an append has timed out and the follower reads the room again. A longer duplicates would cost
	// memory: JetStream needs 90 bytes for each id.
	duplicates   = 2 * time.Minute
	readyTimeout = 2 * time.Second
	stopTimeout  = 5 * time.Second // the longest time for each step of Close

	// maxStored is the size in bytes of the longest stored record: the longest text and the longest mentions, with every
	// character escaped (as "\u2028"), and 4096 bytes for all other fields.
	maxStored = wire.MaxText*escaped + wire.MaxMentions*(wire.MaxUserID*escaped+quoted) + 4096
	escaped   = 6 // bytes of one escaped character
	quoted    = 3 // bytes of the quotes and the comma around one id

	headerSeq     = "Nats-Sequence"
	headerLastSeq = "Nats-Last-Sequence"
	headerTime    = "Nats-Time-Stamp" // when the stream has stored the message
)

// Config says where a stream is stored, and which limits it has.
type Config struct {
	Folder     string        // folder for encrypted messages; empty: messages are stored in memory
	MaxTTL     time.Duration // longest life of a message
	RoomEvents int           // the most events in one room
	Bytes      int64         // the most bytes of all messages; less if the disk has less free space
}

// NATS is a hub.Stream and hub.Signals on NATS. If it stores events on disk, it restarts its embedded NATS server when
// that server fails.
type NATS struct {
	// Static after OpenEmbedded or OpenCluster.
	log       *slog.Logger
	clock     *hub.Clock
	metrics   *metrics
	server    *embedded     // nil: the NATS servers are others' processes
	folder    *seal.Folder  // nil: events are in memory
	keys      *seal.KeyRing // nil: events are in memory
	links     *links
	js        jetstream.JetStream // the JetStream API, on the connection links.publish
	opened    opened
	appends   *pendingAppends
	condition *condition
	eraser    *eraser

	clustered
	background
}

// background has the goroutines of a NATS.
type background struct {
	ctx       context.Context // static; done when NATS.Close stops the goroutines
	stop      context.CancelFunc
	followers sync.WaitGroup
	loops     sync.WaitGroup // the goroutines that run KeyRing.Run, watch, eraser.run and pulse.run
}

// OpenEmbedded starts a NATS server that only this process can reach, and opens the stream in it. ctx limits only the
// start. clock decides when messages expire. If the newest message on disk was stored later than clock shows now,
// OpenEmbedded sets clock forward to the time of that message. It registers its metrics with reg. The caller must call
// Close.
func OpenEmbedded(
	ctx context.Context, config Config, clock *hub.Clock, reg prometheus.Registerer, log *slog.Logger,
) (*NATS, error) {
	n := newNATS(clock, reg, log)
	if err := n.open(ctx, config); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

// newNATS returns a NATS that is not open yet.
func newNATS(clock *hub.Clock, reg prometheus.Registerer, log *slog.Logger) *NATS {
	n := &NATS{log: log, clock: clock, metrics: newMetrics(reg),
		appends: &pendingAppends{byMsg: map[*nats.Msg]pendingAppend{}}, condition: &condition{log: log}}
	n.ctx, n.stop = context.WithCancel(context.Background())
	return n
}

func (n *NATS) open(ctx context.Context, config Config) (err error) {
	bytes, natsFolder := config.Bytes, ""
	if config.Folder != "" {
		if bytes, err = n.openFolder(config); err != nil {
			return err
		}
		natsFolder = n.folder.NATS()
	}
	files := newFileEraser(natsFolder, n)
	n.server = newEmbedded(natsFolder, bytes, files.erase, n.log)
	if err := n.server.start(); err != nil {
		return err
	}
	if n.links, err = openLinks(n.ctx, embeddedNames, n.server.connect); err != nil {
		return err
	}
	if n.js, err = n.openJetStream(); err != nil {
		return err
	}
	n.eraser = newEraser(n.js, n.links, n.log)
	if err := n.openStream(ctx, config); err != nil {
		return fmt.Errorf("open the stream: %w", err)
	}
	n.loops.Go(func() { n.eraser.run(n.ctx) })
	if n.folder != nil {
		n.condition.setBlocked(asFull(n.folder.Full()))
		n.loops.Go(func() { n.keys.Run(n.ctx) })
		n.loops.Go(func() { n.watch(n.ctx) })
	}
	return nil
}

// openFolder locks the folder and reads its keys. It returns how many bytes of messages may be stored: config.Bytes, or
// less if the disk has less free space.
func (n *NATS) openFolder(config Config) (bytes int64, err error) {
	if n.folder, err = seal.OpenFolder(config.Folder); err != nil {
		return 0, err
	}
	if n.keys, err = seal.OpenKeyRing(n.folder, n.clock.Now, n.log); err != nil {
		return 0, fmt.Errorf("open the keys: %w", err)
	}
	room, err := n.folder.Capacity()
	if room < config.Bytes {
		n.log.Warn("the disk has no room for all the messages that may live", "bytes", config.Bytes, "room", room)
	}
	return min(room, config.Bytes), err
}

// Epoch implements hub.Stream.
func (n *NATS) Epoch() string { return n.opened.epoch }

// Ready returns nil if the stream answers and stores messages. Otherwise its error says why not, without secrets. It
// blocks for readyTimeout at most.
func (n *NATS) Ready(ctx context.Context) error {
	if err := n.condition.blocked(); err != nil {
		return err
	}
	if n.pulse != nil {
		return n.pulse.ready()
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	if _, err := n.js.Stream(ctx, n.links.names.events); err != nil {
		return fmt.Errorf("the stream does not answer: %w", err)
	}
	return nil
}

// Close waits for the answers of pending appends and for erasures, ends every follower, closes the connections and
// stops an embedded NATS server. If a step takes longer than stopTimeout, Close goes on with the next step, and its
// error names the step that hangs. Call no method after Close.
func (n *NATS) Close() error {
	var errs []error
	if n.js != nil {
		errs = append(errs, within(stopTimeout, "appends did not finish in time", func() error {
			<-n.js.PublishAsyncComplete()
			n.appends.lookups.Wait()
			return nil
		})) // js.CleanupPublisher is not called: it may leave a goroutine behind, and disconnect makes it unnecessary
		errs = append(errs, within(stopTimeout, "messages that were taken back were not erased in time", func() error {
			n.eraser.pending.Wait()
			return nil
		}))
	}
	n.stop()
	errs = append(errs, within(stopTimeout, "NATS did not stop in time", func() error {
		n.followers.Wait()
		if n.links != nil {
			n.links.disconnect()
		}
		n.loops.Wait()
		if n.server != nil {
			n.server.halt()
		}
		return nil
	}))
	if n.folder != nil {
		errs = append(errs, n.folder.Close())
	}
	return errors.Join(errs...)
}

// within runs step and returns its error. If step takes longer than timeout, within returns problem as an error, and
// step keeps running on its goroutine.
func within(timeout time.Duration, problem string, step func() error) error {
	done := make(chan error, 1)
	go func() { done <- step() }()
	select {
	case err := <-done:
		return err
	case <-time.After(timeout):
		return errors.New(problem)
	}
}
