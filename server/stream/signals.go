package stream

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"

	"mayfly/server/hub"
)

const signalVersion = 1

// Send implements hub.Signals. It publishes with core NATS, so JetStream does not store the signal.
func (n *NATS) Send(s hub.Signal) error {
	data := append(appendString([]byte{signalVersion}, string(s.Kind)), s.Body...)
	if err := n.links.publish.Publish(n.links.names.signal(), data); err != nil {
		return fmt.Errorf("send a signal: %w", err)
	}
	return nil
}

// Listen implements hub.Signals. It ignores signals whose version is not signalVersion.
func (n *NATS) Listen(ctx context.Context, receive func(hub.Signal)) (stop func(), err error) {
	sub, err := n.links.live.Subscribe(n.links.names.signal(), func(msg *nats.Msg) {
		if len(msg.Data) == 0 || msg.Data[0] != signalVersion {
			return
		}
		if kind, body, ok := cutString(msg.Data[1:]); ok {
			receive(hub.Signal{Kind: hub.Kind(kind), Body: body})
		}
	})
	if err != nil {
		return nil, fmt.Errorf("listen to signals: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, followTimeout)
	defer cancel()
	if err := n.links.live.FlushWithContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("listen to signals: %w", err), sub.Unsubscribe())
	}
	return func() { _ = sub.Unsubscribe() }, nil // Unsubscribe fails only if the connection is closed
}
