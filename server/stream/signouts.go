package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	signoutStream  = "MAYFLY_SIGNOUTS"
	signoutSubject = "signout"

	// signoutsKept is how long an entry is kept at the most: as long as an access token may live.
	signoutsKept = 24*time.Hour + 5*time.Minute
	// signoutBytes is what all may take, or a quarter of what messages may, if that is less. Beyond it the oldest go: they are
	// about the tokens that are nearest their end. JetStream counts them: bytes it would set aside, on a disk that may be full.
	signoutBytes = 32 << 20
	signoutSize  = 320 // of one as it is stored, at the most

	signoutTimeout = 5 * time.Second // to store one
)

// Signouts keeps what the nodes tell each other about who has signed out, in a stream of its own beside the messages: in memory,
// or in the folder. Entries are whoever writes them's own; what reaches a disk should be nobody's secret.
type Signouts struct {
	nats   *NATS
	follow *follower // nil before Follow
}

// signout is an entry as it is stored.
type signout struct {
	Entry string `json:"entry"`
	Until int64  `json:"until"` // Unix milliseconds
}

// openSignouts makes the stream of sign-outs, or brings the one that is there up to date.
func (n *NATS) openSignouts(ctx context.Context, storage jetstream.StorageType, bytes int64) error {
	_, err := n.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name:        signoutStream,
		Subjects:    []string{signoutSubject},
		Storage:     storage,
		MaxAge:      natsTTL(signoutsKept),
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

// Signouts returns the sign-outs that are kept beside n's messages.
func (n *NATS) Signouts() *Signouts { return &Signouts{nats: n} }

// Keep stores entry until that time, and returns once it is stored.
func (s *Signouts) Keep(ctx context.Context, entry string, until time.Time) error {
	if err := s.nats.blocked(); err != nil {
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
	_, err = s.nats.js.Publish(ctx, signoutSubject, data, jetstream.WithMsgID(entry), jetstream.WithMsgTTL(natsTTL(min(left, signoutsKept))))
	return err
}

// Follow calls deliver, from one goroutine, with every entry that is kept, returns, and goes on with each that is stored later,
// on any node, without a gap, until stop is called. Stop does not wait. Follow is called once.
func (s *Signouts) Follow(ctx context.Context, deliver func(entry string, until time.Time)) (stop func(), err error) {
	f := &follower{nats: s.nats, line: line{signoutStream, signoutSubject}, log: s.nats.log.With("stream", signoutStream)}
	f.deliver = func(batch []stored) (read int) {
		for _, one := range batch {
			var kept signout
			if err := json.Unmarshal(one.msg.Data, &kept); err != nil {
				f.log.Warn("a stored sign-out cannot be read", "seq", one.seq, "err", err)
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

// errBehind is why what Follow has delivered may not be all.
var errBehind = errors.New("sign-outs of other nodes are being read again")

// Current returns nil while everything that is kept has been delivered, else why that is not sure. Call it after Follow.
func (s *Signouts) Current() error {
	switch {
	case s.nats.live.Status() != nats.CONNECTED:
		return errCutOff
	case s.follow.behind.Load():
		return errBehind
	}
	return nil
}
