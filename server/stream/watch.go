package stream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	watchEvery   = time.Second
	silenceLimit = 5 * time.Second // of appends without any answer, after the first has timed out: more than a slow disk
	healTimeout  = 10 * time.Second
	healSoonest  = time.Second // between two starts of the server, doubled each time
	healLatest   = 30 * time.Second
	healthyAfter = time.Minute // since the last start: the next failure is another one
)

// errBroken is what appends end with while the server is started anew.
var errBroken = errors.New("the stream had an error and is being started again")

// errBlocked is why the server is started anew once there is room again: JetStream writes when messages expire, too, and
// doesn't always say that it could not.
var errBlocked = errors.New("writes may have failed while nothing could be stored")

// silence is how long appends have timed out without an answer to any.
type silence struct{ first, last time.Time }

// heard notes how an append ended: with nil, an answer of JetStream's or none.
func (n *NATS) heard(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var answer *jetstream.APIError
	switch now := time.Now(); {
	case err == nil || errors.As(err, &answer):
		n.unanswered = silence{}
	case errors.Is(err, jetstream.ErrAsyncPublishTimeout) && n.unanswered.first.IsZero():
		n.unanswered = silence{now, now}
	case errors.Is(err, jetstream.ErrAsyncPublishTimeout):
		n.unanswered.last = now
	}
}

// sick returns why the server must be started anew, nil if it need not be.
func (n *NATS) sick() error {
	n.mu.Lock()
	silent := n.unanswered.last.Sub(n.unanswered.first)
	n.mu.Unlock()
	if silent > silenceLimit {
		return fmt.Errorf("appends have had no answer for %s", appendTimeout+silent)
	}
	return n.server.health()
}

// watch keeps a stream on disk able to store until ctx is done. While the disk is nearly full appends are refused, because
// JetStream does not get over a failed write; when one has failed all the same, it starts the server anew. Until that is
// done appends end with an error; what was acknowledged is on disk, so nothing of it is lost, and every follower reads its
// room again.
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
		full, problem := n.folder.full(), n.sick()
		if problem == nil && full == nil && n.blocked() != nil {
			problem = errBlocked
		}
		if problem == nil {
			n.block(full)
			continue
		}
		n.block(cmp.Or(full, errBroken))
		since := time.Since(started)
		if since < wait {
			continue
		}
		if wait = min(2*wait, healLatest); since > healthyAfter {
			wait = healSoonest
		}
		n.log.Warn("starting the stream again", "err", problem)
		started = time.Now()
		switch err := n.heal(ctx); {
		case err == nil:
			n.block(n.folder.full())
		case ctx.Err() == nil:
			n.log.Error("the stream did not start", "err", err)
		}
	}
}

// block makes appends end with err at once; with nil they go on.
func (n *NATS) block(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err != nil && n.trouble == nil {
		n.log.Warn("nothing can be stored now", "err", err)
	}
	if err == nil && n.trouble != nil {
		n.log.Info("the stream stores again")
	}
	n.trouble = err
}

// heal starts the server anew and waits until it answers. Before that it waits for what is under way: while JetStream stops, it
// acknowledges what it does not write any more.
func (n *NATS) heal(ctx context.Context) error {
	select {
	case <-n.js.PublishAsyncComplete():
	case <-time.After(appendTimeout): // which each of them has an end by
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := n.server.restart(); err != nil {
		return err
	}
	n.mu.Lock()
	n.unanswered = silence{}
	n.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, healTimeout)
	defer cancel()
	retry := time.NewTicker(reconnectWait)
	defer retry.Stop()
	for {
		found, err := n.js.Stream(ctx, streamName)
		if err == nil {
			err = n.skip(ctx, found.CachedInfo().State.LastSeq)
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

// told notes that somebody knows a message by seq.
func (n *NATS) told(seq int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.highest = max(n.highest, uint64(seq))
}

// skip gives the seqs after last to messages of no room, as far as somebody knows others by them: when JetStream ended by itself
// it may not have written what it acknowledged last. A new message under such a seq would be one that everybody has.
func (n *NATS) skip(ctx context.Context, last uint64) error {
	n.mu.Lock()
	highest := n.highest
	n.mu.Unlock()
	if last < highest {
		n.log.Warn("messages were stored and are lost; who is here has them", "messages", highest-last)
	}
	for last < highest {
		ack, err := n.js.Publish(ctx, subjectPrefix+nowhere, nil, jetstream.WithMsgTTL(natsTTL(0)))
		if err != nil {
			return fmt.Errorf("skip what is lost: %w", err)
		}
		last = ack.Sequence
	}
	return nil
}
