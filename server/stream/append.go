package stream

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"mayfly/server/hub"
)

const (
	appendTimeout = 5 * time.Second // an append that has no answer fails after this time
	// pendingPublishes is how many appends may be without an answer. At this limit, an append waits for stallWait at
	// most, and then fails.
	pendingPublishes = 16384
	stallWait        = 200 * time.Millisecond

	codeStoreFailed = jetstream.ErrorCode(10077) // the subject or the stream is full
	roomFull        = "per subject"              // is in the text of the error codeStoreFailed if only the room is full
	codeNoResources = jetstream.ErrorCode(10023) // JetStream's memory or disk is full
)

// pendingAppends are the appends without an answer, by the message that was published.
type pendingAppends struct {
	lookups sync.WaitGroup // goroutines that look up the original of a repeat

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

// take removes the pending append of msg and returns it. ok is false if msg has been answered already.
func (p *pendingAppends) take(msg *nats.Msg) (pending pendingAppend, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	pending, ok = p.byMsg[msg]
	delete(p.byMsg, msg)
	return pending, ok
}

// openJetStream returns the JetStream API on the connection for appends.
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

// Append implements hub.Stream. It blocks for stallWait at most if too many appends have no answer. It also blocks for a
// write to disk if there is no key yet for the minute in which e expires.
func (n *NATS) Append(room string, e hub.Event, done func(hub.Receipt, error)) {
	n.append(pendingAppend{room, e, n.metrics.timed(done)}, "")
}

// append publishes the event of pending, and stores pending until the answer comes. JetStream recognises a repeat by the
// id of the message, which append makes of user, room, event id and suffix.
func (n *NATS) append(pending pendingAppend, suffix string) {
	err := n.condition.blocked()
	if err != nil {
		pending.done(hub.Receipt{}, err)
		return
	}
	id := pending.event.User + " " + pending.room + " " + pending.event.ID + suffix
	msg := &nats.Msg{Subject: subjectPrefix + pending.room, Header: nats.Header{}, Data: encodeRecord(pending.event)}
	if n.keys != nil {
		id = n.keys.HashID(id)
		msg.Data, err = n.keys.Seal(pending.room, id, pending.event.Expires, msg.Data)
	}
	if err != nil {
		pending.done(hub.Receipt{}, asFull(err))
		return
	}
	n.appends.add(msg, pending)
	ttl := time.Duration(pending.event.Expires-pending.event.At) * time.Millisecond
	_, err = n.js.PublishMsgAsync(msg, jetstream.WithMsgID(id),
		jetstream.WithMsgTTL(natsTTL(ttl)), jetstream.WithStallWait(stallWait), jetstream.WithRetryAttempts(0))
	if err != nil {
		n.onFailed(msg, err)
	}
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

// answerRepeat answers an append whose message id JetStream already knows, from the event with that seq. If that event
// has not expired, the append is a repeat, even if the event is a message that was taken back and erased. If it has
// expired (JetStream remembers ids for longer than events live), the append is a new event, and answerRepeat appends
// it again. The new id contains seq, so JetStream stores only one event even if two nodes do this at the same time.
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

// original returns the event with that seq, which a repeats. If that event was erased, original makes it, without its
// Body, from the later removal. If it cannot be read, or if JetStream has deleted it and its removal because they have
// expired, original returns the zero event.
func (a pendingAppend) original(ctx context.Context, n *NATS, seq int64) (e hub.Event, err error) {
	p, err := n.links.page(ctx, roomSubject(a.room), uint64(seq), 1)
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
		if p, err = n.links.page(ctx, roomSubject(a.room), uint64(p.last)+1, pageMessages); err != nil {
			return e, err
		}
		for _, later := range n.decodeAll(a.room, p.messages) {
			if taken, ok := later.TakenBack(); ok && taken.Seq == seq {
				return taken, nil
			}
		}
	}
	return e, nil
}

// onFailed runs when an append was not acknowledged. The NATS library may hold a lock while onFailed runs, so onFailed
// must not publish.
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
