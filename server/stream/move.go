package stream

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/nats-io/nats.go"
)

// A NATS server may be cut off from the other servers and still be there for this node. Then no connection is lost, but
// nothing is stored, and nothing new comes. So a node that gets no answers goes to another server.

// After movesAfter questions in a row without an answer, a node goes to another server. A cluster that has lost the
// leader of the stream mostly needs less time to choose another one. If the other server does not answer either, the
// next move comes after twice as many questions, but after moveWait questions at most.
const (
	movesAfter = 3
	moveWait   = 12
)

// errUnanswered is the problem if the cluster answers questions, but stores nothing: the server that leads the stream may be
// cut off from the others and not know it yet.
var errUnanswered = errors.New("appends have no answer")

// mover decides when a node goes to another server. Its fields belong to pulse.run.
type mover struct {
	failed int // how many answers in a row did not come, since the last move
	next   int // at which value of failed the node moves
}

// due counts an answer, which has not come if err is not nil, and reports whether to move now.
func (m *mover) due(err error) bool {
	if err == nil {
		m.failed, m.next = 0, movesAfter
		return false
	}
	m.failed++
	if m.failed < max(m.next, movesAfter) {
		return false
	}
	m.failed, m.next = 0, min(2*max(m.next, movesAfter), moveWait)
	return true
}

// move makes each connection that reaches no leader of the stream connect to another server. If all connections reach a
// leader, that leader cannot store: then the connection for appends, and every other connection to the same server,
// connects to another one. move does nothing if there is only one server. It blocks for headTimeout at most.
func (l *links) move(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, headTimeout)
	defer cancel()
	conns := []*nats.Conn{l.publish, l.live, l.read}
	silent := make([]bool, len(conns))
	var asking sync.WaitGroup
	for i, conn := range conns {
		asking.Go(func() {
			_, _, err := headBy(ctx, conn, l.names.epoch())
			silent[i] = err != nil
		})
	}
	asking.Wait()
	all, stuck := !slices.Contains(silent, true), l.publish.ConnectedServerName()
	for i, conn := range conns {
		if len(conn.Servers()) > 1 && (silent[i] || all && conn.ConnectedServerName() == stuck) {
			_ = conn.ForceReconnect() // it fails only if the connection is closed
		}
	}
}
