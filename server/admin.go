package server

import (
	"net/http"
	"net/http/pprof"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Admin returns the handler for operators: a page at /, metrics at /metrics, profiles under /debug/pprof/, and a readiness
// check at /readyz. The check calls the function config.Ready. If that returns an error, the answer is 503 with the error.
// Otherwise the answer is 200, with the warning if there is one. Serve the handler on a separate listener that only
// operators reach: the handler asks for no sign-in, and the profiles show memory that contains texts of users.
func Admin(config AdminConfig) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", &adminPage{config: config})
	mux.Handle("GET /metrics", promhttp.HandlerFor(config.Metrics, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		switch warning, err := config.Ready(r.Context()); {
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
