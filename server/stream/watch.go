package stream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"mayfly/server/hub"
	"mayfly/server/stream/seal"
)

const (
	watchEvery = time.Second
	// watch restarts the embedded NATS server if all appends have timed out for longer than silenceLimit. Even a slow disk
	// needs less time for an append, so JetStream must be broken then.
	silenceLimit = 5 * time.Second
	healTimeout  = 10 * time.Second
	minHealWait  = time.Second // the wait between the first two restarts of the server; each restart doubles the wait
	maxHealWait  = 30 * time.Second
	healthyAfter = time.Minute // after this time without a restart, the wait is minHealWait again
)

// errBroken is the error of appends while the server is being restarted.
var errBroken = errors.New("the stream had an error and is being started again")

// errBlocked is the reason that watch logs when it restarts the server after the disk was full and has room again.
// JetStream also writes to disk when messages expire. Such a write may have failed on the full disk without an error, so
// a restart is needed.
var errBlocked = errors.New("writes may have failed while nothing could be stored")

// unhealthy returns an error that says why the server must be restarted, nil if no restart is needed.
func (n *NATS) unhealthy() error {
	if silent := n.condition.silentFor(); silent > silenceLimit {
		return fmt.Errorf("appends have had no answer for %s", appendTimeout+silent)
	}
	return n.server.health()
}

// asFull returns err. If err means that the disk is full (seal.ErrDiskFull), the result also wraps hub.ErrFull.
func asFull(err error) error {
	if errors.Is(err, seal.ErrDiskFull) {
		return fmt.Errorf("%w: %w", hub.ErrFull, err)
	}
	return err
}

// watch keeps a stream on disk working until ctx is done. While the disk is nearly full, it blocks appends, because
// JetStream does not recover from a failed write. If a write has failed anyway, watch restarts the server, and blocks
// appends until the restart is done. Acknowledged messages are normally on disk (see burnSeqs), so the restart loses
// none of them, and every follower reads its room again.
func (n *NATS) watch(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	var started time.Time
	var wait time.Duration
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		full, problem := asFull(n.folder.Full()), n.unhealthy()
		if problem == nil && full == nil && n.condition.blocked() != nil {
			problem = errBlocked
		}
		if problem == nil {
			n.condition.setBlocked(full)
			continue
		}
		n.condition.setBlocked(cmp.Or(full, errBroken))
		since := time.Since(started)
		if since < wait {
			continue
		}
		if wait = min(2*wait, maxHealWait); since > healthyAfter {
			wait = minHealWait
		}
		n.log.Warn("starting the stream again", "err", problem)
		started = time.Now()
		switch err := n.heal(ctx); {
		case err == nil:
			n.condition.setBlocked(asFull(n.folder.Full()))
		case ctx.Err() == nil:
			n.log.Error("the stream did not start", "err", err)
		}
	}
}

// heal restarts the server and waits until it answers. Before the restart, heal waits until no append is pending. Otherwise
// messages could be lost: while JetStream stops, it acknowledges messages that it does not write any more.
func (n *NATS) heal(ctx context.Context) error {
	select {
	case <-n.js.PublishAsyncComplete():
	case <-time.After(appendTimeout): // by then every append has an answer or has timed out
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := n.server.restart(); err != nil {
		return err
	}
	n.condition.endSilence()
	ctx, cancel := context.WithTimeout(ctx, healTimeout)
	defer cancel()
	retry := time.NewTicker(reconnectWait)
	defer retry.Stop()
	for {
		found, err := n.js.Stream(ctx, n.links.names.events)
		if err == nil {
			err = n.burnSeqs(ctx, found.CachedInfo().State.LastSeq)
		}
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-retry.C:
		}
	}
}

// burnSeqs uses up the seqs of lost messages. Messages are lost if JetStream stops by itself before it has written the
// last messages that it acknowledged. No new message may get the seq of a lost message: members who still have the lost
// message would take the new message for the lost one. So burnSeqs publishes empty messages under noRoom until the
// stream has reached the highest seq that was ever acknowledged or delivered. lastSeq is the highest seq in the stream
// now.
func (n *NATS) burnSeqs(ctx context.Context, lastSeq uint64) error {
	highest := n.condition.highest()
	if lastSeq < highest {
		n.log.Warn("messages were acknowledged and are lost; connected members still have them", "messages", highest-lastSeq)
	}
	for lastSeq < highest {
		ack, err := n.js.Publish(ctx, n.links.names.room(noRoom).name, nil, jetstream.WithMsgTTL(natsTTL(0)))
		if err != nil {
			return fmt.Errorf("use up the seqs of lost messages: %w", err)
		}
		lastSeq = ack.Sequence
	}
	return nil
}
