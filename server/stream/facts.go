package stream

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"mayfly/shared/wire"
)

const (
	// All facts together may take at most factBytes bytes, or a quarter of Config.Bytes if that is less. Beyond this limit
	// JetStream deletes the oldest facts, because these usually expire first. factStream sets the limit as a number of
	// facts of factSize bytes, not in bytes. For a limit in bytes JetStream would reserve the space at the start, and
	// would fail if the disk is full.
	factBytes = 32 << 20
	factSize  = 320 // the most bytes of one stored fact

	factTimeout = 5 * time.Second  // the longest time for storing one fact
	factRepeats = 10 * time.Minute // how long JetStream ignores a fact that it has stored before
	// A node that cannot ask the leader of the facts whether it has all of them counts as having all for this time. It is
	// longer than the servers usually need to choose another leader.
	factsStale = 10 * time.Second

	// codeInProcess is JetStream's code for: a message with this message id came before and is not stored yet.
	codeInProcess = jetstream.ErrorCode(10158)
)

// Facts is the log of facts that all nodes share, such as revocations. It implements ledger.Store. Facts have a
// JetStream stream of their own, which is in the same place as the stream of events: in memory or in the folder. Facts
// are stored unencrypted, so a fact must not contain a secret.
type Facts struct {
	nats   *NATS
	follow *follower // nil until Follow has succeeded
}

// storedFact is the JSON object in which a fact is stored.
type storedFact struct {
	Text  string `json:"entry"`
	Until int64  `json:"until"` // Unix milliseconds
}

// Facts returns the log of facts beside n's events.
func (n *NATS) Facts() *Facts { return &Facts{nats: n} }

// Keep stores fact until expiry, but for wire.MaxTokenLife at most. If expiry has passed already, Keep stores nothing.
// It blocks until the fact is stored, but for factTimeout at most.
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
	subject, life := s.nats.links.names.fact().name, jetstream.WithMsgTTL(natsTTL(min(left, wire.MaxTokenLife)))
	_, err = s.nats.js.Publish(ctx, subject, data, life, jetstream.WithMsgID(fact))
	if api := new(jetstream.APIError); errors.As(err, &api) && api.ErrorCode == codeInProcess {
		// The first attempt was lost in the stream's leader, which refuses the message id until another leader is chosen,
		// or for factRepeats. A fact that is stored twice says nothing else than once.
		_, err = s.nats.js.Publish(ctx, subject, data, life)
	}
	return err
}

// Follow calls deliver with every stored fact before it returns. Afterwards, until stop is called, a goroutine calls deliver
// with every fact that any node stores later. The calls never overlap, and no fact is left out. stop does not wait for a
// running call, so deliver may still run when stop returns. If Follow fails, call it again. After it has succeeded, do not
// call it again.
func (s *Facts) Follow(ctx context.Context, deliver func(fact string, until time.Time)) (stop func(), err error) {
	subj := s.nats.links.names.fact()
	f := &follower{nats: s.nats, subject: subj, log: s.nats.log.With("stream", subj.stream)}
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
	if stop, err = f.start(ctx); err == nil {
		s.follow = f
	}
	return stop, err
}

// errStale is the error of Current if the leader of the facts has not said for factsStale that this node has all of them.
var errStale = errors.New("the NATS servers do not answer, so facts of other nodes may be missing")

// errBehind is the error of Current while the follower has missed facts and has not read them yet.
var errBehind = errors.New("facts of other nodes are being read again")

// Current returns nil if Follow has delivered every stored fact; in a cluster, every fact that was stored factsStale ago.
// Otherwise its error says why some facts may be missing. Call it only after Follow has succeeded.
func (s *Facts) Current() error {
	switch {
	case s.nats.links.live.Status() != nats.CONNECTED:
		return errCutOff
	case s.nats.pulse != nil && s.follow.unsureFor() > factsStale:
		return errStale
	case s.follow.behind.Load():
		return errBehind
	}
	return nil
}
