package stream

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

const (
	startTimeout = 10 * time.Second
	// memoryMargin is what JetStream may use beyond the streams' own bounds.
	memoryMargin = 64 << 20
	// syncEvery is how often JetStream makes lasting what it wrote, and frees what has expired in its files.
	syncEvery = 10 * time.Second
	// reconnectWait is how often a connection looks for a server that is being started anew.
	reconnectWait = 50 * time.Millisecond
)

// embedded is a NATS server in this process. It listens nowhere. When it fails, another takes its place, and connections
// find that by themselves.
type embedded struct {
	options server.Options // static
	log     *slog.Logger   // static
	remove  string         // static: a folder that goes when it stops; JetStream wants one even if all is in memory

	mu     sync.Mutex // guards what follows
	server *server.Server
}

// newEmbedded returns a server that keeps messages in dir, at most so many bytes, or in memory if dir is empty. It is not
// started yet.
func newEmbedded(dir string, bytes int64, log *slog.Logger) (*embedded, error) {
	e := &embedded{log: log, options: server.Options{
		ServerName:         "mayfly",
		DontListen:         true,
		NoSigs:             true,
		JetStream:          true,
		StoreDir:           dir,
		JetStreamMaxMemory: memoryMargin, // nothing of ours goes there
		JetStreamMaxStore:  bytes,
		SyncInterval:       syncEvery,
	}}
	if dir != "" {
		return e, nil
	}
	var err error
	if e.remove, err = os.MkdirTemp("", "mayfly-nats-"); err != nil {
		return nil, fmt.Errorf("make a folder for NATS: %w", err)
	}
	e.options.StoreDir, e.options.JetStreamMaxStore = e.remove, memoryMargin
	e.options.JetStreamMaxMemory = bytes + signoutBytes + memoryMargin
	return e, nil
}

// start starts a server, in the place of one that was stopped. It fails unless JetStream has read all that it kept.
func (e *embedded) start() error {
	options := e.options // the server changes its own
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

// restart stops the server and starts another on what it has stored.
func (e *embedded) restart() error {
	e.halt()
	return e.start()
}

// health returns what is wrong with JetStream, such as an error when it wrote, which it does not get over.
func (e *embedded) health() error {
	if h := e.current().Healthz(nil); h.Error != "" {
		return fmt.Errorf("NATS is not well: %s", h.Error)
	}
	return nil
}

func (e *embedded) current() *server.Server {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.server
}

// InProcessConn implements nats.InProcessConnProvider: whoever reconnects comes to the server that runs now.
func (e *embedded) InProcessConn() (net.Conn, error) { return e.current().InProcessConn() }

// connect opens a connection inside this process; it reconnects by itself for ever, then calls relinked. What is sent
// meanwhile fails at once.
func (e *embedded) connect(name string, relinked func(*nats.Conn)) (*nats.Conn, error) {
	return nats.Connect("", nats.InProcessServer(e), nats.Name("mayfly "+name), nats.MaxReconnects(-1),
		nats.ReconnectWait(reconnectWait), nats.ReconnectJitter(0, 0), nats.ReconnectBufSize(-1), nats.ReconnectHandler(relinked),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			e.log.Warn("a connection to NATS had an error", "conn", name, "err", err)
		}))
}

func (e *embedded) halt() {
	if s := e.current(); s != nil {
		s.Shutdown()
		s.WaitForShutdown()
	}
}

// stop ends the server for good.
func (e *embedded) stop() error {
	e.halt()
	if e.remove == "" {
		return nil
	}
	return os.RemoveAll(e.remove)
}

// natsLogger passes what matters of the NATS server's log on. Its notices are about itself, hence debug.
type natsLogger struct{ log *slog.Logger }

func (l natsLogger) Noticef(format string, v ...any) {
	l.log.Debug("nats: " + fmt.Sprintf(format, v...))
}
func (l natsLogger) Warnf(format string, v ...any) { l.log.Warn("nats: " + fmt.Sprintf(format, v...)) }
func (l natsLogger) Fatalf(format string, v ...any) {
	l.log.Error("nats: " + fmt.Sprintf(format, v...))
}
func (l natsLogger) Errorf(format string, v ...any) {
	l.log.Error("nats: " + fmt.Sprintf(format, v...))
}
func (l natsLogger) Debugf(string, ...any) {}
func (l natsLogger) Tracef(string, ...any) {}
