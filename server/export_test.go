package server

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mayfly/server/hub"
)

type Queue = queue

func NewQueue(expired prometheus.Counter) *Queue { return newQueue(expired) }

func (q *queue) Push(f *hub.Frame) bool            { return q.push(f) }
func (q *queue) Take(dst []byte, now int64) []byte { return q.take(dst, now) }

const (
	MaxKnown    = maxKnown
	MaxSessions = maxSessions
	MaxUnkept   = maxUnkept

	MaxLingering = maxLingering
)

// Lingering returns how many connections linger.
func (s *Server) Lingering() int {
	s.lines.mu.Lock()
	defer s.lines.mu.Unlock()
	return len(s.lines.conns)
}

// Saw has it kept that n tokens were seen.
func (s *Server) Saw(n int) {
	s.signouts.mu.Lock()
	defer s.signouts.mu.Unlock()
	for range n {
		s.signouts.keepLocked(entrySaw+" session token", time.Now().Add(time.Hour))
	}
}

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
