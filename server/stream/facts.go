package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"mayfly/shared/wire"
)

const (
	factStream  = "MAYFLY_SIGNOUTS"
	factSubject = "signout"

	// factBytes is the most bytes that all facts may take. The limit is lower if a quarter of the bytes for messages
	// is less than factBytes. Beyond the limit JetStream deletes the oldest facts: their tokens are usually the first
	// to expire. openFacts gives JetStream the limit as a number of facts: for a limit in bytes JetStream would
	// reserve space on the disk, which may be full.
	factBytes = 32 << 20
	factSize  = 320 // the most bytes of one stored fact

	factTimeout = 5 * time.Second // the longest time for storing one fact
)

// Facts is the log of facts that all nodes share, such as revocations. It implements ledger.Store. It is a JetStream
// stream beside the stream of events, in memory or in the same folder. Facts does not look into a fact and stores it
// unencrypted: don't put secrets in it.
type Facts struct {
	nats   *NATS
	follow *follower // nil before Follow
}

// storedFact is a fact as it is stored.
type storedFact struct {
	Text  string `json:"entry"`
	Until int64  `json:"until"` // Unix milliseconds
}

// openFacts creates the stream of facts, or updates an existing one.
func (n *NATS) openFacts(ctx context.Context, storage jetstream.StorageType, bytes int64) error {
	_, err := n.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name:        factStream,
		Subjects:    []string{factSubject},
		Storage:     storage,
		MaxAge:      natsTTL(wire.MaxTokenLife),
		AllowMsgTTL: true,
		AllowDirect: true,
		Duplicates:  duplicates,
		MaxMsgs:     max(1, min(factBytes, bytes/4)/factSize),
		Discard:     jetstream.DiscardOld,
		RePublish:   &jetstream.RePublish{Source: factSubject, Destination: livePrefix + factSubject},
	})
	if err != nil {
		return fmt.Errorf("the facts: %w", err)
	}
	return nil
}

// Facts returns the log of facts beside n's events.
func (n *NATS) Facts() *Facts { return &Facts{nats: n} }

// Keep stores fact until expiry. If that time has passed, it stores nothing. It blocks until the fact is stored, for
// factTimeout at most.
func (s *Facts) Keep(ctx context.Context, fact string, expiry time.Time) error {
	if err := s.nats.condition.blocked(); err != nil {
		return err
	}
	left := time.Until(expiry)
	if left <= 0 {
		return nil
	}
	data, err := json.Marshal(storedFact{fact, expiry.UnixMilli()})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, factTimeout)
	defer cancel()
	_, err = s.nats.js.Publish(ctx, factSubject, data, jetstream.WithMsgID(fact),
		jetstream.WithMsgTTL(natsTTL(min(left, wire.MaxTokenLife))))
	return err
}

// Follow calls deliver with every stored fact, then returns. After that it calls deliver with every fact that any node
// stores later. The calls come from one goroutine at a time and without a gap, until stop is called. stop does not wait
// for a running call, so one more call may come after it. If Follow fails, call it again; once it has succeeded, do not
// call it any more.
func (s *Facts) Follow(ctx context.Context, deliver func(fact string, until time.Time)) (stop func(), err error) {
	log := s.nats.log.With("stream", factStream)
	f := &follower{nats: s.nats, subject: subject{factStream, factSubject}, log: log}
	f.deliver = func(batch []storedMsg) (read int) {
		for _, m := range batch {
			var kept storedFact
			if err := json.Unmarshal(m.msg.Data, &kept); err != nil {
				f.log.Warn("a stored fact cannot be read", "seq", m.seq, "err", err)
				continue
			}
			deliver(kept.Text, time.UnixMilli(kept.Until))
			read++
		}
		return read
	}
	if stop, err = s.nats.follow(ctx, f); err == nil {
		s.follow = f
	}
	return stop, err
}

// errBehind is the error of Current while the follower has missed facts and reads them again.
var errBehind = errors.New("facts of other nodes are being read again")

// Current returns nil if Follow has delivered every stored fact. Otherwise its error says why some facts may be missing.
// Call it only after Follow has succeeded.
func (s *Facts) Current() error {
	switch {
	case s.nats.links.live.Status() != nats.CONNECTED:
		return errCutOff
	case s.follow.behind.Load():
		return errBehind
	}
	return nil
}
