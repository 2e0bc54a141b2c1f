package stream

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go"
)

// dialer opens a connection to NATS. name is what the connection is for. The connection always reconnects by itself, and
// calls onReconnect each time. A publish fails at once while the connection is lost.
type dialer func(name string, onReconnect func(*nats.Conn)) (*nats.Conn, error)

// links are three connections to NATS: one for appending, one for following and one for reading, so that none of these
// delays another. The connections reconnect by themselves after a restart of the server.
type links struct {
	// Static after openLinks.
	names   names
	publish *nats.Conn
	live    *nats.Conn // receives the republished copies and the signals
	read    *nats.Conn
	ctx     context.Context

	mu          sync.Mutex         // guards what follows; never held while something blocks
	connected   context.Context    // done when l.live was lost and is back; onReconnect then sets a new context here
	reconnected context.CancelFunc // cancels connected
}

// openLinks connects to NATS. The caller must call disconnect on the returned links, even if there is an error.
func openLinks(ctx context.Context, names names, dial dialer) (*links, error) {
	l := &links{names: names, ctx: ctx}
	l.connected, l.reconnected = context.WithCancel(ctx)
	for _, c := range []struct {
		name        string
		conn        **nats.Conn
		onReconnect func(*nats.Conn)
	}{{"append", &l.publish, nil}, {"follow", &l.live, l.onReconnect}, {"read", &l.read, nil}} {
		var err error
		if *c.conn, err = dial(c.name, c.onReconnect); err != nil {
			return l, fmt.Errorf("connect to NATS to %s: %w", c.name, err)
		}
	}
	return l, nil
}

// connection returns a context that is done when every follower has to read its subject again: the connection l.live
// was lost and is back, and the followers missed the copies that NATS republished meanwhile.
func (l *links) connection() context.Context {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.connected
}

// onReconnect runs when conn, which is l.live, has reconnected. First it waits until the server has all subscriptions of
// conn again. Then it cancels l.connected, so that every follower reads its subject again.
func (l *links) onReconnect(conn *nats.Conn) {
	if conn.FlushTimeout(followTimeout) != nil {
		return // the connection is lost again, so onReconnect will run again
	}
	l.readAgain()
}

// readAgain makes every follower read its subject again.
func (l *links) readAgain() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reconnected()
	l.connected, l.reconnected = context.WithCancel(l.ctx)
}

// subscribe subscribes to subject. It returns once the server has the subscription.
func (l *links) subscribe(ctx context.Context, subject string) (*nats.Subscription, error) {
	if !l.live.IsConnected() {
		return nil, errCutOff
	}
	sub, err := l.live.SubscribeSync(subject)
	if err != nil {
		return nil, fmt.Errorf("subscribe: %w", err)
	}
	if err := l.live.FlushWithContext(ctx); err != nil {
		return nil, errors.Join(err, sub.Unsubscribe())
	}
	return sub, nil
}

// disconnect closes the connections.
func (l *links) disconnect() {
	for _, conn := range []*nats.Conn{l.publish, l.live, l.read} {
		if conn != nil {
			conn.Close()
		}
	}
}
