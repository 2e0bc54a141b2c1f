package stream

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go"
)

// links are the embedded NATS server and three connections to it: one for appending, one for following and one for
// reading, so that none of these delays another. The connections reconnect by themselves after a restart of the server.
type links struct {
	// Static after openLinks.
	server  *embedded
	publish *nats.Conn
	live    *nats.Conn // receives the republished copies and the signals
	read    *nats.Conn
	ctx     context.Context

	mu          sync.Mutex         // guards what follows; never held while something blocks
	connected   context.Context    // done when l.live was lost and is back; onReconnect then sets a new context here
	reconnected context.CancelFunc // cancels connected
}

// openLinks starts server and connects to it. The caller must call disconnect on the returned links and stop the server,
// even if there is an error.
func openLinks(ctx context.Context, server *embedded) (*links, error) {
	l := &links{server: server, ctx: ctx}
	l.connected, l.reconnected = context.WithCancel(ctx)
	if err := server.start(); err != nil {
		return l, err
	}
	for _, c := range []struct {
		name        string
		conn        **nats.Conn
		onReconnect func(*nats.Conn)
	}{{"append", &l.publish, nil}, {"follow", &l.live, l.onReconnect}, {"read", &l.read, nil}} {
		var err error
		if *c.conn, err = server.connect(c.name, c.onReconnect); err != nil {
			return l, fmt.Errorf("connect to NATS to %s: %w", c.name, err)
		}
	}
	return l, nil
}

// connection returns a context that is done when the connection l.live was lost and is back. Then each follower has to
// read its subject again, because it missed the copies that the server republished while l.live was lost.
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
