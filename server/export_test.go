package server

import (
	"net/http"
	"net/netip"

	"github.com/prometheus/client_golang/prometheus"

	"mayfly/server/hub"
)

func (p Proxies) Client(r *http.Request) netip.Addr { return p.client(r) }

type Queue = queue

func NewQueue(expired prometheus.Counter) *Queue { return newQueue(expired) }

func (q *queue) Push(f *hub.Frame) bool            { return q.push(f) }
func (q *queue) Take(dst []byte, now int64) []byte { return q.take(dst, now) }

const (
	MaxKnown    = maxKnown
	MaxSessions = maxSessions
)

// Known returns how much is remembered about sign-outs.
func (s *Server) Known() int {
	s.signouts.mu.Lock()
	defer s.signouts.mu.Unlock()
	n := len(s.signouts.revoked)
	for _, tokens := range s.signouts.seen {
		n += len(tokens)
	}
	return max(n, len(s.signouts.order), len(s.signouts.within))
}
