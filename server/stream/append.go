package stream

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"mayfly/server/hub"
	"mayfly/server/stream/seal"
)

const (
	appendTimeout = 5 * time.Second // an append that has no answer fails after this time
	// pendingPublishes is how many appends may be without an answer. At this limit, a new append waits until an earlier
	// append is answered. If that takes longer than stallWait, the new append fails.
	pendingPublishes = 16384
	stallWait        = 200 * time.Millisecond

	codeStoreFailed = jetstream.ErrorCode(10077) // JetStream's code for: the room (its subject) or the stream is full
	roomFull        = "per subject"              // the error text of codeStoreFailed contains this only if the room is full
	codeNoResources = jetstream.ErrorCode(10023) // JetStream's code for: its memory or disk is full
)

// pendingAppends contains the appends that JetStream has not answered yet. The key in byMsg is the message that an append
// has published.
type pendingAppends struct {
	lookups sync.WaitGroup // counts the goroutines that run answerRepeat

	mu    sync.Mutex // guards what follows
	byMsg map[*nats.Msg]pendingAppend
}

// pendingAppend is an append without an answer. It keeps the event with its Body, because answerRepeat may have to
// publish the event again.
type pendingAppend struct {
	room  string
	event hub.Event
	done  func(hub.Receipt, error)
}

func (p *pendingAppends) add(msg *nats.Msg, pending pendingAppend) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.byMsg[msg] = pending
}

// take returns the append that has published msg, and removes it from p.byMsg. ok is false if take has returned this
// append before: then the append has its answer already.
func (p *pendingAppends) take(msg *nats.Msg) (pending pendingAppend, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	pending, ok = p.byMsg[msg]
	delete(p.byMsg, msg)
	return pending, ok
}

// openJetStream returns the JetStream API on the connection links.publish. JetStream's answers to appends go to onStored and
// onFailed.
func (n *NATS) openJetStream() (jetstream.JetStream, error) {
	js, err := jetstream.New(n.links.publish,
		jetstream.WithPublishAsyncMaxPending(pendingPublishes), jetstream.WithPublishAsyncTimeout(appendTimeout),
		jetstream.WithPublishAsyncAckHandler(func(_ jetstream.JetStream, m *nats.Msg, ack *jetstream.PubAck) {
			n.onStored(m, ack)
		}),
		jetstream.WithPublishAsyncErrHandler(func(_ jetstream.JetStream, m *nats.Msg, err error) { n.onFailed(m, err) }))
	if err != nil {
		return nil, fmt.Errorf("open JetStream: %w", err)
	}
	return js, nil
}

// Append implements hub.Stream. If pendingPublishes appends have no answer, it blocks for stallWait at most. If there is no
// key yet for the minute in which e expires, it blocks until a new key is written to disk.
func (n *NATS) Append(room string, e hub.Event, done func(hub.Receipt, error)) {
	n.append(pendingAppend{room, e, n.metrics.timed(func(receipt hub.Receipt, err error) {
		if err != nil && !errors.Is(err, hub.ErrFull) {
			n.condition.noteFailed(err)
		}
		done(receipt, err)
	})}, "")
}

// append publishes the event of pending, and stores pending until JetStream answers. JetStream recognises a repeat by the
// message id, which append makes of user, room, event id and suffix. Only answerRepeat passes a suffix that is not empty.
func (n *NATS) append(pending pendingAppend, suffix string) {
	err := n.condition.blocked()
	if err != nil {
		pending.done(hub.Receipt{}, err)
		return
	}
	id := messageID(n.keys, pending.event.User+" "+pending.room+" "+pending.event.ID+suffix)
	msg := &nats.Msg{Subject: n.links.names.room(pending.room).name, Data: encodeRecord(pending.event),
		Header: nats.Header{jetstream.MsgIDHeader: {id}}}
	if n.keys != nil {
		msg.Data, err = n.keys.Seal(pending.room, id, pending.event.Expires, msg.Data)
	}
	if err != nil {
		pending.done(hub.Receipt{}, asFull(err))
		return
	}
	// JetStream deletes a message after maxAge unless its time to live is noTTL. So a message needs a time to live of
	// its own only if that is noTTL or shorter than maxAge. In memory, do not set a longer one: JetStream would need 50
	// bytes to remember it. On disk and in a cluster always set one, because maxAge may be longer after the next start,
	// or because another node may raise it.
	ttl := natsTTL(time.Duration(pending.event.Expires-pending.event.At) * time.Millisecond)
	if pending.event.Expires >= hub.Forever {
		msg.Header.Set(jetstream.MsgTTLHeader, noTTL)
	} else if n.folder != nil || n.pulse != nil || ttl < n.opened.maxAge {
		msg.Header.Set(jetstream.MsgTTLHeader, ttl.String())
	}
	n.appends.add(msg, pending)
	_, err = n.js.PublishMsgAsync(msg, jetstream.WithStallWait(stallWait), jetstream.WithRetryAttempts(0))
	if err != nil {
		n.onFailed(msg, err)
	}
}

// messageID returns the message id for name, a hash. JetStream stores the id twice, so it must be short, and on disk it
// must not reveal which user posted a message. keys is nil if events are in memory.
func messageID(keys *seal.KeyRing, name string) string {
	if keys != nil {
		return keys.HashID(name)
	}
	hash := sha256.Sum256([]byte(name))
	return base64.RawURLEncoding.EncodeToString(hash[:12])
}

// onStored runs when JetStream has acknowledged an append. The NATS library calls onStored for one append at a time.
func (n *NATS) onStored(msg *nats.Msg, ack *jetstream.PubAck) {
	a, ok := n.appends.take(msg)
	if !ok {
		return
	}
	n.condition.recordOutcome(nil)
	if ack.Duplicate {
		// answerRepeat gets its own goroutine: blocking here would delay all acknowledgements.
		n.appends.lookups.Go(func() { n.answerRepeat(a, ack.Sequence) })
		return
	}
	a.event.Seq = int64(ack.Sequence)
	n.condition.noteSeq(a.event.Seq)
	a.done(hub.Receipt{Event: a.event}, nil)
}

// answerRepeat answers the append a if JetStream has stored nothing for it, because an earlier event has the same
// message id. seq is the seq of the earlier event. If that event has not expired, a is a repeat: the answer is the
// earlier event, even if it was erased. If that event has expired, a is a new event, which JetStream took for a repeat
// because JetStream remembers message ids for longer than events live. Then answerRepeat appends a again, with seq at
// the end of the message id. Two nodes that do this at the same time use the same message id, so JetStream still stores
// only one event.
func (n *NATS) answerRepeat(a pendingAppend, seq uint64) {
	ctx, cancel := context.WithTimeout(n.ctx, appendTimeout)
	defer cancel()
	e, err := a.original(ctx, n, int64(seq))
	switch {
	case err != nil:
		a.done(hub.Receipt{}, fmt.Errorf("look up the repeated event %d: %w", seq, err))
	case e.Expires > n.clock.Now().UnixMilli():
		a.done(hub.Receipt{Event: e, Repeat: true}, nil)
	default:
		n.append(a, " "+strconv.FormatUint(seq, 10))
	}
}

// original returns the stored event with that seq, which has the same message id as a. If that event was erased, the
// stream has a later removal that names it: original makes the event from the removal, and leaves its Body empty.
// original returns the zero event in two cases: if the stored event cannot be decoded, or if JetStream has deleted the
// event because it has expired, and no stored removal names it.
func (a pendingAppend) original(ctx context.Context, n *NATS, seq int64) (e hub.Event, err error) {
	p, err := n.links.page(ctx, n.links.names.room(a.room), uint64(seq), 1)
	if err != nil || len(p.messages) == 0 {
		return e, err
	}
	if p.last == seq {
		if found := n.decodeAll(a.room, p.messages); len(found) == 1 {
			e = found[0]
		}
		return e, nil
	}
	for p = (page{more: true, last: seq}); p.more; {
		if p, err = n.links.page(ctx, n.links.names.room(a.room), uint64(p.last)+1, pageMessages); err != nil {
			return e, err
		}
		for _, later := range n.decodeAll(a.room, p.messages) {
			for _, taken := range later.TakenBack() {
				if taken.Seq == seq {
					return taken, nil
				}
			}
		}
	}
	return e, nil
}

// onFailed runs when an append has failed or has timed out. onFailed must not publish. The NATS library may hold a lock
// of its own while it calls onFailed, and publishing could wait for that lock for ever.
func (n *NATS) onFailed(msg *nats.Msg, err error) {
	a, ok := n.appends.take(msg)
	if !ok {
		return
	}
	n.condition.recordOutcome(err)
	var api *jetstream.APIError
	if errors.As(err, &api) && (api.ErrorCode == codeStoreFailed || api.ErrorCode == codeNoResources) {
		if !strings.Contains(api.Description, roomFull) {
			n.condition.noteFull()
		}
		err = fmt.Errorf("%w: %w", hub.ErrFull, err)
	}
	a.done(hub.Receipt{}, err)
}
