package stream

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

const (
	startTimeout = 10 * time.Second
	// memoryMargin is what JetStream may use beyond the stream's own bound.
	memoryMargin = 64 << 20
)

// embedded is a NATS server in this process. It listens nowhere.
type embedded struct {
	server *server.Server
	dir    string // JetStream wants one even if everything is in memory
}

func startEmbedded(bytes int64, log *slog.Logger) (*embedded, error) {
	dir, err := os.MkdirTemp("", "mayfly-nats-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for NATS: %w", err)
	}
	e := &embedded{dir: dir}
	e.server, err = server.NewServer(&server.Options{
		ServerName:         "mayfly",
		DontListen:         true,
		NoSigs:             true,
		JetStream:          true,
		StoreDir:           dir,
		JetStreamMaxMemory: bytes + memoryMargin,
		JetStreamMaxStore:  memoryMargin, // nothing of ours goes there
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make the NATS server: %w", err), os.RemoveAll(dir))
	}
	e.server.SetLoggerV2(natsLogger{log}, false, false, false)
	e.server.Start()
	if !e.server.ReadyForConnections(startTimeout) {
		return nil, errors.Join(fmt.Errorf("the NATS server did not start within %s", startTimeout), e.stop())
	}
	return e, nil
}

// connect opens a connection inside this process; it reconnects by itself for ever.
func (e *embedded) connect(name string) (*nats.Conn, error) {
	return nats.Connect("", nats.InProcessServer(e.server), nats.Name("mayfly "+name), nats.MaxReconnects(-1))
}

func (e *embedded) stop() error {
	e.server.Shutdown()
	e.server.WaitForShutdown()
	return os.RemoveAll(e.dir)
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
