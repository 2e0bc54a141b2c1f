package stream

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

const (
	startTimeout = 10 * time.Second
	// memoryMargin is how many bytes of memory JetStream may use in addition to the limits of the streams.
	memoryMargin = 64 << 20
	// syncEvery is how often JetStream syncs its files to disk and frees the space of expired messages.
	syncEvery = 10 * time.Second
	// reconnectWait is the wait between two attempts of a connection to reconnect while the server is being restarted.
	reconnectWait = 50 * time.Millisecond
	healthAsks    = 10 // health returns an error if Healthz reports a problem in each of this many calls
	// queued is how many messages may wait in one subscription. Each open room has a subscription. For each subscription,
	// the NATS library reserves 8 bytes for each message that may wait: 16 KiB here, and half a MiB with the library's
	// default. If a follower falls further behind, the library drops messages, and the follower reads them from the stream.
	queued = 2048
)

// embedded is a NATS server in this process that listens on no port. After a failure, restart starts a new server in
// place of the old one, and the connections reconnect to the new server by themselves.
type embedded struct {
	options server.Options // static; if StoreDir is empty, everything is in memory
	prepare func()         // static; the method fileEraser.erase; called before each start of a server that has a StoreDir
	log     *slog.Logger   // static

	mu     sync.Mutex // guards what follows
	server *server.Server
}

// newEmbedded returns a server that is not started yet. It stores messages in the folder dir, or in memory if dir is
// empty. bytes is the most that all messages may take. start calls prepare before the server reads the files in dir.
func newEmbedded(dir string, bytes int64, prepare func(), log *slog.Logger) *embedded {
	e := &embedded{prepare: prepare, log: log, options: server.Options{
		ServerName:         "mayfly",
		DontListen:         true,
		NoSigs:             true,
		JetStream:          true,
		StoreDir:           dir,
		JetStreamMaxMemory: memoryMargin, // all of Mayfly's streams are in dir, so memory needs only the margin
		JetStreamMaxStore:  bytes,
		SyncInterval:       syncEvery,
	}}
	if dir == "" {
		e.options.JetStreamMaxStore, e.options.JetStreamMaxMemory = memoryMargin, bytes+factBytes+memoryMargin
	}
	return e
}

// start starts a NATS server: the first server, or a new server after halt. It returns an error if the server is not
// ready in time, or if JetStream could not read everything that it has stored.
func (e *embedded) start() error {
	options := e.options // a copy, because the server changes its options
	if options.StoreDir == "" {
		removeLeftovers(scratchPlaces(), e.log)
		scratch, err := newScratch(scratchPlaces())
		if err != nil {
			return err
		}
		defer func() {
			if err := scratch.remove(); err != nil {
				e.log.Warn("the folder of the start cannot be removed", "folder", scratch.path, "err", err)
			}
		}()
		options.StoreDir = scratch.path
	} else {
		e.prepare()
	}
	s, err := server.NewServer(&options)
	if err != nil {
		return fmt.Errorf("make the NATS server: %w", err)
	}
	s.SetLoggerV2(natsLogger{e.log}, false, false, false)
	s.Start()
	e.mu.Lock()
	e.server = s
	e.mu.Unlock()
	if !s.ReadyForConnections(startTimeout) {
		return fmt.Errorf("the NATS server did not start within %s", startTimeout)
	}
	return e.health()
}

// restart stops the server and starts another one on the same files.
func (e *embedded) restart() error {
	e.halt()
	return e.start()
}

// health returns an error if JetStream has failed, for example at a write. JetStream does not recover from a failed
// write.
func (e *embedded) health() error {
	return lasting(func() string { return e.current().Healthz(nil).Error })
}

// lasting returns an error if check reports a problem in each of healthAsks calls. A problem in one call proves
// nothing: Healthz also reports a problem if the computer is so busy that this goroutine has to wait.
func lasting(check func() (problem string)) error {
	var problem string
	for range healthAsks {
		if problem = check(); problem == "" {
			return nil
		}
	}
	return fmt.Errorf("NATS is not well: %s", problem)
}

func (e *embedded) current() *server.Server {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.server
}

// InProcessConn implements nats.InProcessConnProvider. It connects to the server that runs now, so that a connection that
// reconnects after a restart finds the new server.
func (e *embedded) InProcessConn() (net.Conn, error) { return e.current().InProcessConn() }

// connect is a dialer. It opens a connection inside this process.
func (e *embedded) connect(name string, onReconnect func(*nats.Conn)) (*nats.Conn, error) {
	return nats.Connect("", append(connOptions(name, onReconnect, e.log), nats.InProcessServer(e),
		nats.ReconnectWait(reconnectWait), nats.ReconnectJitter(0, 0))...)
}

// connOptions returns the options that all connections of links have, to an embedded server or to a cluster. name is
// what the connection is for.
func connOptions(name string, onReconnect func(*nats.Conn), log *slog.Logger) []nats.Option {
	return []nats.Option{
		nats.Name("mayfly " + name), nats.MaxReconnects(-1), nats.ReconnectBufSize(-1), nats.SyncQueueLen(queued),
		nats.ReconnectHandler(onReconnect),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			log.Warn("a connection to NATS had an error", "conn", name, "err", err)
		}),
	}
}

// halt stops the server, if one runs.
func (e *embedded) halt() {
	if s := e.current(); s != nil {
		s.Shutdown()
		s.WaitForShutdown()
	}
}

// natsLogger writes the NATS server's log to slog. It logs notices, which describe how NATS itself works, at level debug.
// It also logs the problems in the list harmless at level debug, because operators need not act on them.
type natsLogger struct{ log *slog.Logger }

// harmless contains parts of log lines on which operators need not act. "TTL state is outdated" comes at a start after a
// crash: then NATS reads its files again by itself. "resource limits exceeded" comes when the stream is full, which
// noteFull logs in clearer words.
var harmless = []string{"TTL state is outdated", "resource limits exceeded"}

// problem logs a problem of NATS at the given level, or at level debug if the problem is in harmless.
func (l natsLogger) problem(level slog.Level, format string, v []any) {
	line := fmt.Sprintf(format, v...)
	if slices.ContainsFunc(harmless, func(part string) bool { return strings.Contains(line, part) }) {
		level = slog.LevelDebug
	}
	l.log.Log(context.Background(), level, "nats: "+line)
}

func (l natsLogger) Noticef(format string, v ...any) {
	l.log.Debug("nats: " + fmt.Sprintf(format, v...))
}
func (l natsLogger) Warnf(format string, v ...any)  { l.problem(slog.LevelWarn, format, v) }
func (l natsLogger) Errorf(format string, v ...any) { l.problem(slog.LevelError, format, v) }
func (l natsLogger) Fatalf(format string, v ...any) { l.problem(slog.LevelError, format, v) }
func (l natsLogger) Debugf(string, ...any)          {}
func (l natsLogger) Tracef(string, ...any)          {}
