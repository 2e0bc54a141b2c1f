package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"mayfly/server"
	"mayfly/server/network"
)

const (
	adminReadTimeout  = 10 * time.Second
	adminWriteTimeout = 5 * time.Minute // the longest time for an answer; a request may ask for a profile of some minutes
	adminStopTimeout  = time.Second     // how long the method close waits for running answers before it cuts them off
)

// newMetrics returns a registry with the metrics of the build, of the Go runtime and of the process.
func newMetrics() *prometheus.Registry {
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(thisBuild().metric(), collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return metrics
}

// admin serves a page, metrics and profiles to operators. It has its own listener, so that users who come through a proxy to
// the public listener cannot read them.
type admin struct {
	addr    string // the address of the admin listener; empty: there is no admin listener
	metrics *prometheus.Registry
	server  atomic.Pointer[server.Server] // the public server, which the method ready asks; nil until it is assembled
	names   atomic.Bool                   // whether the page shows the names of rooms
	http    *http.Server
	ended   chan struct{} // closed when a.http.Serve has returned
}

// startAdmin listens on addr, or does nothing if addr is empty. The admin listener starts before the rest of the server and
// is closed after it, so that an operator can inspect a start or a stop that hangs.
func startAdmin(addr string, metrics *prometheus.Registry, log *slog.Logger) (*admin, error) {
	if addr == "" {
		return &admin{metrics: metrics}, nil
	}
	listener, err := listen("-admin", addr, network.Inherited{})
	if err != nil {
		return nil, err
	}
	a := &admin{
		addr: listener.Addr().String(), metrics: metrics,
		ended: make(chan struct{}),
	}
	a.http = &http.Server{
		Handler:     server.Admin(server.AdminConfig{Metrics: metrics, Ready: a.ready, Tables: a.tables}),
		ReadTimeout: adminReadTimeout, WriteTimeout: adminWriteTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
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

// ready returns what the method Ready of the public server returns. While that server is starting, ready returns an error.
func (a *admin) ready(ctx context.Context) (warning string, err error) {
	if s := a.server.Load(); s != nil {
		return s.Ready(ctx)
	}
	return "", errors.New("the server is starting")
}

// tables returns the tables of the public server for the page. There are none while that server is starting.
func (a *admin) tables() []server.AdminTable {
	if s := a.server.Load(); s != nil {
		return s.AdminTables(a.names.Load())
	}
	return nil
}

// withAdmin opens the admin listener, calls serve and closes the listener when serve has returned. serve must register its
// metrics with a.metrics.
func withAdmin(addr string, log *slog.Logger, serve func(a *admin) error) error {
	a, err := startAdmin(addr, newMetrics(), log)
	if err != nil {
		return err
	}
	err = serve(a)
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
	if err != nil { // an answer is still running, such as a profile: cut it off, and report no error for that
		err = a.http.Close()
	}
	<-a.ended
	return err
}
