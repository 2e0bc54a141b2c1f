package server_test

import (
	"strings"
	"testing"
	"time"

	"mayfly/shared/wire"
)

// TestLogSaysThatNobodyRenews once, if connections end with their tokens and no client has ever shown a newer one: the
// provider may give no refresh token.
func TestLogSaysThatNobodyRenews(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(t *testing.T, h *house)
		says bool
	}{
		{"the server ends them", func(t *testing.T, h *house) {
			for range 4 {
				h.in(t, h.issuer.Issue("ada", 5*time.Minute), "")
				time.Sleep(10 * time.Minute)
			}
		}, true},
		{"the clients leave at the end", func(t *testing.T, h *house) {
			for range 3 {
				g := h.in(t, h.issuer.Issue("ada", 5*time.Minute), "")
				time.Sleep(5*time.Minute - time.Second)
				g.ws.CloseNow()
			}
		}, true},
		{"two only", func(t *testing.T, h *house) {
			for range 2 {
				h.in(t, h.issuer.Issue("ada", 5*time.Minute), "")
				time.Sleep(10 * time.Minute)
			}
		}, false},
		{"they leave before", func(t *testing.T, h *house) {
			for range 10 {
				g := h.in(t, h.issuer.Issue("ada", 5*time.Minute), "")
				time.Sleep(4 * time.Minute)
				g.ws.CloseNow()
			}
		}, false},
		{"one was renewed", func(t *testing.T, h *house) {
			g := h.in(t, h.issuer.Issue("ada", 5*time.Minute), "")
			g.send(wire.Auth{Token: h.issuer.Issue("ada", 6*time.Minute)})
			for range 5 {
				h.in(t, h.issuer.Issue("ben", 5*time.Minute), "")
				time.Sleep(10 * time.Minute)
			}
		}, false},
		{"a newer token is refused", func(t *testing.T, h *house) {
			for range 4 {
				g := h.in(t, h.issuer.Issue("ada", 5*time.Minute), "")
				g.send(wire.Auth{Token: h.issuer.Refused(wire.ReasonTokenFuture, false)})
				time.Sleep(10 * time.Minute)
			}
		}, false},
		{"guests", func(t *testing.T, h *house) {
			for range 4 {
				g := h.dial(t, home)
				g.send(wire.Hello{})
				time.Sleep(10 * time.Minute)
				g.ws.CloseNow()
			}
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, nil, func(t *testing.T, h *house) {
				tt.do(t, h)
				time.Sleep(time.Minute)
				if n := strings.Count(h.Log.String(), "none was renewed"); (n == 1) != tt.says || n > 1 {
					t.Errorf("the log says so %d times, want %v", n, tt.says)
				}
			})
		})
	}
}
