package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"mayfly/server/hub"
)

type Queue = queue

func NewQueue(expired prometheus.Counter) *Queue { return newQueue(expired) }

func (q *queue) Push(f *hub.Frame) bool            { return q.push(f) }
func (q *queue) Take(dst []byte, now int64) []byte { return q.take(dst, now) }

const (
	MaxLingering = maxLingering
)

// Lingering returns how many connections linger.
func (s *Server) Lingering() int {
	s.lines.mu.Lock()
	defer s.lines.mu.Unlock()
	return len(s.lines.conns)
}
