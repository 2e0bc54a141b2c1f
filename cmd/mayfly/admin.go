package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"mayfly/server"
)

const (
	adminReadTimeout  = 10 * time.Second
	adminWriteTimeout = 5 * time.Minute // a profile takes as many seconds as it was asked for
	adminStopTimeout  = time.Second     // to finish an answer; a profile is cut
)

// newMetrics returns a registry that holds what Go and the process tell of themselves.
func newMetrics() *prometheus.Registry {
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return metrics
}

// admin serves operators on a listener of its own, so that no proxy of the public one can let anybody else in.
type admin struct {
	addr  string // that it listens on; empty: there is none
	http  *http.Server
	ended chan struct{} // closed when Serve has returned
}

// startAdmin listens on addr, or does nothing if that is empty. It starts before everything else and is closed last, so
// that a start or a stop that hangs can be looked at.
func startAdmin(addr string, metrics *prometheus.Registry, log *slog.Logger) (*admin, error) {
	if addr == "" {
		return &admin{}, nil
	}
	listener, err := listen("-admin", addr)
	if err != nil {
		return nil, err
	}
	a := &admin{
		addr:  listener.Addr().String(),
		ended: make(chan struct{}),
		http: &http.Server{
			Handler: server.Admin(metrics), ReadTimeout: adminReadTimeout, WriteTimeout: adminWriteTimeout, IdleTimeout: idleTimeout,
			MaxHeaderBytes: maxHeaderBytes, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		},
	}
	go func() {
		defer close(a.ended)
		if err := a.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("the admin listener ended", "err", err)
		}
	}()
	log.Info("serving metrics and profiles", "admin", a.addr)
	return a, nil
}

// withAdmin serves operators while serve runs, and gives it what counts for them.
func withAdmin(addr string, log *slog.Logger, serve func(metrics prometheus.Registerer) error) error {
	metrics := newMetrics()
	a, err := startAdmin(addr, metrics, log)
	if err != nil {
		return err
	}
	err = serve(metrics)
	return errors.Join(err, step("close the admin listener", a.close()))
}

// close stops listening. An answer that is under way for longer than adminStopTimeout is cut.
func (a *admin) close() error {
	if a.http == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), adminStopTimeout)
	defer cancel()
	err := a.http.Shutdown(ctx)
	if err != nil { // somebody takes a profile: no reason to stay, nor to fail
		err = a.http.Close()
	}
	<-a.ended
	return err
}
