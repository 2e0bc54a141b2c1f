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
	adminWriteTimeout = 5 * time.Minute // a profile takes as long as the request asks
	adminStopTimeout  = time.Second     // to finish answers; a profile is cut off
)

// newMetrics returns a registry with the metrics of the Go runtime and of the process.
func newMetrics() *prometheus.Registry {
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return metrics
}

// admin serves metrics and profiles to operators. It has its own listener, so that a proxy to the public listener gives
// nobody access to them.
type admin struct {
	addr  string // of its listener; empty: there is none
	http  *http.Server
	ended chan struct{} // closed when Serve has returned
}

// startAdmin listens on addr, or does nothing if addr is empty. It starts first and is closed last, so that an operator can
// inspect a start or stop that hangs.
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
			Handler: server.Admin(metrics), ReadTimeout: adminReadTimeout, WriteTimeout: adminWriteTimeout,
			IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
			ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
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

// withAdmin runs the admin listener while serve runs. serve registers its metrics with the registry that it gets.
func withAdmin(addr string, log *slog.Logger, serve func(metrics prometheus.Registerer) error) error {
	metrics := newMetrics()
	a, err := startAdmin(addr, metrics, log)
	if err != nil {
		return err
	}
	err = serve(metrics)
	return errors.Join(err, step("close the admin listener", a.close()))
}

// close stops listening. It waits for running answers, but at most for adminStopTimeout, and then cuts them off.
func (a *admin) close() error {
	if a.http == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), adminStopTimeout)
	defer cancel()
	err := a.http.Shutdown(ctx)
	if err != nil { // a profile still runs: that is no reason to wait or to fail
		err = a.http.Close()
	}
	<-a.ended
	return err
}
