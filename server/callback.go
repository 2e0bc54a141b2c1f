package server

import "net/http"

// callbackPath is where the sign-in provider sends people back to, with a code in the query: what is answered there must not be
// kept anywhere, and its address must not be logged.
const callbackPath = "/login/callback"

// unstored hands requests to next, whose answers no cache may keep.
func unstored(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fresh := r.Clone(r.Context())
		for _, condition := range []string{"If-None-Match", "If-Modified-Since", "Range"} {
			fresh.Header.Del(condition)
		}
		next.ServeHTTP(&unstoredWriter{ResponseWriter: w}, fresh)
	})
}

// unstoredWriter sets the headers when they are written: whatever was set before counts no more.
type unstoredWriter struct {
	http.ResponseWriter
	written bool
}

func (w *unstoredWriter) WriteHeader(status int) {
	if w.written = true; status >= http.StatusOK {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Del("ETag")
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *unstoredWriter) Write(b []byte) (int, error) {
	if !w.written {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the writer.
func (w *unstoredWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
