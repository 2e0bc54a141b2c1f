package stream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"mayfly/server/hub"
	"mayfly/server/stream/seal"
)

const (
	pageMessages  = 512     // the most messages in one page
	pageBytes     = 1 << 20 // the most bytes in one page
	pageTimeout   = 3 * time.Second
	followTimeout = 10 * time.Second // the longest time to start a follower, or until the server has a subscription
	rereadEvery   = time.Second      // how often a follower that missed messages tries to read them, until it succeeds
)

// storedMsg is one message as JetStream stores it.
type storedMsg struct {
	msg *nats.Msg
	seq int64
}

// errCutOff is the error of Follow and of Facts.Current while the connection links.live is lost. An embedded NATS
// server is then being restarted.
var errCutOff = errors.New("the stream is being started again")

// Follow implements hub.Stream.
func (n *NATS) Follow(ctx context.Context, room string, deliver func(hub.Event)) (stop func(), err error) {
	f := &follower{nats: n, subject: n.links.names.room(room), log: n.log.With("room", room)}
	f.deliver = func(batch []storedMsg) int {
		events := n.decodeAll(room, batch)
		for _, e := range events {
			n.condition.noteSeq(e.Seq)
			deliver(e)
		}
		if n := len(batch); n > 0 && (len(events) == 0 || events[len(events)-1].Seq < batch[n-1].seq) {
			deliver(hub.Event{Seq: batch[n-1].seq}) // nobody can read it, and nobody must wait for it
		}
		return len(events)
	}
	return f.start(ctx)
}

// Head implements hub.Stream.
func (n *NATS) Head(ctx context.Context, room string) (head, last int64, err error) {
	subject := n.links.names.room(room)
	// In this order: an event that is stored meanwhile has a seq above last, and does not come between head and last.
	if last, err = n.links.last(ctx, subject.stream); err != nil {
		return 0, 0, err
	}
	head, _, err = n.links.head(ctx, subject)
	return head, max(head, last), err
}

// follower delivers the messages of one subject, in order and without a gap. At first only the function start uses the
// fields; after it has started run, only the goroutine of run uses them. Some fields are exceptions: any goroutine may
// read subject, which never changes, and last, sure, behind and interrupt.
type follower struct {
	nats      *NATS
	subject   subject
	log       *slog.Logger
	sub       *nats.Subscription
	deliver   func([]storedMsg) int // delivers messages, and returns how many of them it could decode
	connected context.Context       // done once the connection was lost and is back; see links.connection

	last   atomic.Int64              // the highest seq so far, of a message that was delivered or could not be decoded
	sure   atomic.Pointer[time.Time] // when the stream's leader was last asked, and had no message above last; nil: never
	behind atomic.Bool               // true from the moment when run may have missed messages until it has read them

	interrupt atomic.Pointer[context.CancelFunc] // makes readCopies return; nil until run has called readCopies
}

// start makes f deliver. It first subscribes to the copies and then reads the stored messages. If it read first, it would
// miss a message that is stored between reading and subscribing.
func (f *follower) start(ctx context.Context) (stop func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, followTimeout)
	defer cancel()
	f.connected = f.nats.links.connection()
	sub, err := f.nats.links.subscribe(ctx, f.subject.live)
	if err != nil {
		return nil, err
	}
	f.sub = sub
	if _, err := f.catchUp(ctx); err != nil {
		return nil, errors.Join(err, sub.Unsubscribe())
	}
	running, stop := context.WithCancel(f.nats.ctx)
	if f.nats.pulse != nil {
		f.nats.pulse.roll.add(f)
	}
	f.nats.followers.Go(func() {
		f.run(running)
		if f.nats.pulse != nil {
			f.nats.pulse.roll.remove(f)
		}
	})
	return stop, nil
}

// run delivers republished messages until ctx is done. When it may have missed messages, it reads the stored messages after
// f.last.
func (f *follower) run(ctx context.Context) {
	defer f.sub.Unsubscribe() //nolint:errcheck // the connection may be closed already
	for {
		err := f.readCopies(ctx)
		if ctx.Err() != nil {
			return
		}
		f.behind.Store(true)
		f.nats.metrics.gaps.Inc()
		if f.connected.Err() == nil {
			f.log.Warn("messages were missed; reading them again", "err", err)
		}
		f.connected = f.nats.links.connection()
		f.reread(ctx)
		f.behind.Store(false)
	}
}

// readCopies delivers the republished copies. It returns when it notices that it missed a copy, when f.interrupt is called,
// when the connection was lost and is back, or when ctx is done.
func (f *follower) readCopies(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(f.connected, cancel)()
	f.interrupt.Store(&cancel)
	for {
		msg, err := f.sub.NextMsgWithContext(ctx)
		if err != nil {
			return err
		}
		if err := f.deliverCopy(msg); err != nil {
			return err
		}
	}
}

// errMissed means that the follower has not received the predecessor of a copy. Then the follower must read its subject
// again from JetStream.
var errMissed = errors.New("a message did not come")

// deliverCopy delivers one republished copy. It returns errMissed if the copy's predecessor was not delivered.
func (f *follower) deliverCopy(msg *nats.Msg) error {
	seq, err := strconv.ParseInt(msg.Header.Get(headerSeq), 10, 64)
	if err != nil {
		return fmt.Errorf("header %s: %w", headerSeq, err)
	}
	if seq <= f.last.Load() {
		return nil // catchUp has delivered this message already
	}
	// before is the seq of the predecessor of msg: the last earlier message on this subject that JetStream still
	// stored. before may be lower than f.last, because the message with the seq f.last may have expired and be deleted.
	// If before is higher than f.last, the follower has missed a message.
	before, err := strconv.ParseInt(msg.Header.Get(headerLastSeq), 10, 64)
	if err != nil {
		return fmt.Errorf("header %s: %w", headerLastSeq, err)
	}
	if before > f.last.Load() {
		return errMissed
	}
	f.deliver([]storedMsg{{msg, seq}})
	f.last.Store(seq) // not before deliver, because confirm reads it
	return nil
}

// unsureFor returns how long ago the stream's leader was last asked and had no message that f lacks.
func (f *follower) unsureFor() time.Duration {
	sure := f.sure.Load()
	if sure == nil {
		return math.MaxInt64
	}
	return time.Since(*sure)
}

// reread calls catchUp until it succeeds or ctx is done.
func (f *follower) reread(ctx context.Context) {
	retry := time.NewTicker(rereadEvery)
	defer retry.Stop()
	for {
		read, err := f.catchUp(ctx)
		f.nats.metrics.reread.Add(float64(read))
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-retry.C:
		}
	}
}

// catchUp delivers every message that is stored after f.last, and returns how many it has delivered.
func (f *follower) catchUp(ctx context.Context) (read int, err error) {
	for checks := 0; ; {
		reading, cancel := context.WithTimeout(ctx, pageTimeout)
		p, err := f.nats.links.page(reading, f.subject, uint64(f.last.Load())+1, pageMessages)
		cancel()
		if err != nil {
			return read, fmt.Errorf("read %s from %d: %w", f.subject.name, f.last.Load()+1, err)
		}
		read += f.deliver(p.messages)
		f.reach(p.last)
		if p.more {
			continue
		}
		if f.nats.pulse == nil || f.nats.pulse.confirm(ctx, f) {
			return read, nil
		}
		if checks++; checks == maxChecks {
			return read, errReplica
		}
		select {
		case <-time.After(checkWait):
		case <-ctx.Done():
			return read, ctx.Err()
		}
	}
}

// reach records that f has every message of its subject up to seq.
func (f *follower) reach(seq int64) { f.last.Store(max(f.last.Load(), seq)) }

// decodeAll decodes the records in batch. It leaves out records that it cannot read because a key is lost or the bytes
// are damaged, and logs one line for all of them.
func (n *NATS) decodeAll(room string, batch []storedMsg) []hub.Event {
	events := make([]hub.Event, 0, len(batch))
	unread, problem := 0, error(nil) // problem is the error of the first unreadable record
	for _, s := range batch {
		e, err := n.decode(room, s)
		switch {
		case err == nil:
			events = append(events, e)
		case !errors.Is(err, seal.ErrExpired): // JetStream keeps records a little longer than their keys live
			unread++
			problem = cmp.Or(problem, err)
		}
	}
	if unread > 0 {
		n.log.Warn("stored messages cannot be read", "room", room, "messages", unread, "err", problem)
	}
	return events
}

// decode decrypts and decodes a stored record.
func (n *NATS) decode(room string, s storedMsg) (e hub.Event, err error) {
	record := s.msg.Data
	if n.keys != nil {
		record, err = n.keys.Open(room, s.msg.Header.Get(jetstream.MsgIDHeader), record)
	}
	if err == nil {
		e, err = decodeRecord(record)
	}
	if err != nil {
		return e, fmt.Errorf("stored message %d: %w", s.seq, err)
	}
	e.Seq = s.seq
	if n.pulse != nil {
		s.setRight(&e)
	}
	return e, nil
}
