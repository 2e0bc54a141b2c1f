package conn

import (
	"github.com/prometheus/client_golang/prometheus"

	"mayfly/server/hub"
)

type Queue = queue

func NewQueue(expired prometheus.Counter) *Queue { return newQueue(expired) }

func (q *queue) Push(f *hub.Frame) bool            { ok, _ := q.push(f); return ok }
func (q *queue) Take(dst []byte, now int64) []byte { return q.take(dst, now) }

// Lingering returns how many connections linger.
func (l *Lines) Lingering() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.conns)
}

func (q *queue) AddPing() bool { return q.addPing() }

func (q *queue) Message(now int64) []byte { return q.message(new([]byte), now) }
