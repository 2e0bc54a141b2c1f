package server

import (
	"context"
	"net/http"
	"net/http/pprof"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Admin returns the handler for operators: metrics at /metrics, profiles under /debug/pprof/, and a readiness check at
// /readyz. The check calls the function ready. If ready returns an error, users cannot chat or sign in: the answer is 503
// with the error. Otherwise the answer is 200, with the warning if there is one. Serve the handler on a separate listener
// that only operators reach: the handler asks for no sign-in, and the profiles show memory that contains texts of users.
func Admin(metrics prometheus.Gatherer, ready func(context.Context) (warning string, err error)) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		switch warning, err := ready(r.Context()); {
		case err != nil:
			plain(w, http.StatusServiceUnavailable, err.Error())
		case warning != "":
			plain(w, http.StatusOK, "ok, but "+warning)
		default:
			plain(w, http.StatusOK, "ok")
		}
	})
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("POST /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}
