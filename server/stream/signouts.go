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
	signoutStream  = "MAYFLY_SIGNOUTS"
	signoutSubject = "signout"

	// signoutBytes is how many bytes all entries may take; a quarter of the bytes for messages, if that is less. Beyond the
	// limit JetStream deletes the oldest entries, whose tokens expire first. openSignouts gives JetStream the limit as a
	// number of entries: for a limit in bytes JetStream would reserve space on the disk, which may be full.
	signoutBytes = 32 << 20
	signoutSize  = 320 // bytes of one stored entry at most

	signoutTimeout = 5 * time.Second // for storing one entry
)

// Signouts is a log that all nodes share, of sign-ins that were signed out. It is a JetStream stream beside the messages, in
// memory or in the folder. Entries are opaque here and stored unencrypted: don't put secrets in them.
type Signouts struct {
	nats   *NATS
	follow *follower // nil before Follow
}

// signout is an entry as it is stored.
type signout struct {
	Entry string `json:"entry"`
	Until int64  `json:"until"` // Unix milliseconds
}

// openSignouts creates the stream of sign-outs, or updates an existing one.
func (n *NATS) openSignouts(ctx context.Context, storage jetstream.StorageType, bytes int64) error {
	_, err := n.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name:        signoutStream,
		Subjects:    []string{signoutSubject},
		Storage:     storage,
		MaxAge:      natsTTL(wire.MaxTokenLife),
		AllowMsgTTL: true,
		AllowDirect: true,
		Duplicates:  duplicates,
		MaxMsgs:     max(1, min(signoutBytes, bytes/4)/signoutSize),
		Discard:     jetstream.DiscardOld,
		RePublish:   &jetstream.RePublish{Source: signoutSubject, Destination: livePrefix + signoutSubject},
	})
	if err != nil {
		return fmt.Errorf("the sign-outs: %w", err)
	}
	return nil
}

// Signouts returns the log of sign-outs beside n's messages.
func (n *NATS) Signouts() *Signouts { return &Signouts{nats: n} }

// Keep stores entry until that time. It blocks until the entry is stored, for signoutTimeout at most.
func (s *Signouts) Keep(ctx context.Context, entry string, until time.Time) error {
	if err := s.nats.condition.blocked(); err != nil {
		return err
	}
	left := time.Until(until)
	if left <= 0 {
		return nil
	}
	data, err := json.Marshal(signout{entry, until.UnixMilli()})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, signoutTimeout)
	defer cancel()
	_, err = s.nats.js.Publish(ctx, signoutSubject, data, jetstream.WithMsgID(entry),
		jetstream.WithMsgTTL(natsTTL(min(left, wire.MaxTokenLife))))
	return err
}

// Follow calls deliver with every entry that is stored, then returns, and goes on with every entry that any node stores
// later. The calls come from one goroutine at a time and without a gap, until stop is called. Stop does not block, so one
// more call may come after it. Call Follow until it succeeds once, then no more.
func (s *Signouts) Follow(ctx context.Context, deliver func(entry string, until time.Time)) (stop func(), err error) {
	log := s.nats.log.With("stream", signoutStream)
	f := &follower{nats: s.nats, subject: subject{signoutStream, signoutSubject}, log: log}
	f.deliver = func(batch []storedMsg) (read int) {
		for _, m := range batch {
			var kept signout
			if err := json.Unmarshal(m.msg.Data, &kept); err != nil {
				f.log.Warn("a stored sign-out cannot be read", "seq", m.seq, "err", err)
				continue
			}
			deliver(kept.Entry, time.UnixMilli(kept.Until))
			read++
		}
		return read
	}
	if stop, err = s.nats.follow(ctx, f); err == nil {
		s.follow = f
	}
	return stop, err
}

// errBehind is the error of Current while the follower has missed entries and reads them again.
var errBehind = errors.New("sign-outs of other nodes are being read again")

// Current returns nil if Follow has delivered every stored entry, else the reason why that is not sure. Call it only after
// Follow has succeeded.
func (s *Signouts) Current() error {
	switch {
	case s.nats.links.live.Status() != nats.CONNECTED:
		return errCutOff
	case s.follow.behind.Load():
		return errBehind
	}
	return nil
}
