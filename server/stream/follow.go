package stream

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"mayfly/shared/wire"
)

const (
	pageMessages  = 512     // of a room, asked for at once
	pageBytes     = 1 << 20 // and their bytes at the most
	pageTimeout   = 3 * time.Second
	followTimeout = 10 * time.Second // until a room's messages are all read
	rereadEvery   = time.Second      // how often a follower that has lost messages tries to read them again
)

// line is one subject of a stream: what is stored there has one order, and is republished under livePrefix and its name.
type line struct{ stream, subject string }

func roomLine(room string) line { return line{streamName, subjectPrefix + room} }

// stored is one message as a stream has it.
type stored struct {
	msg *nats.Msg
	seq int64
}

// errCutOff is what ends when there is no connection to the server, which is being started anew.
var errCutOff = errors.New("the stream is being started again")

// Follow implements hub.Stream.
func (n *NATS) Follow(ctx context.Context, room string, deliver func(wire.Message)) (stop func(), err error) {
	return n.follow(ctx, &follower{nats: n, line: roomLine(room), log: n.log.With("room", room), deliver: func(batch []stored) int {
		messages := n.decodeAll(room, batch)
		for _, m := range messages {
			n.told(m.Seq)
			deliver(m)
		}
		return len(messages)
	}})
}

// follow starts f: the subscription first, then what is stored, so that nothing falls between.
func (n *NATS) follow(ctx context.Context, f *follower) (stop func(), err error) {
	if !n.live.IsConnected() {
		return nil, errCutOff
	}
	sub, err := n.live.SubscribeSync(livePrefix + f.line.subject)
	if err != nil {
		return nil, fmt.Errorf("subscribe: %w", err)
	}
	f.sub, f.link = sub, n.linked()
	ctx, cancel := context.WithTimeout(ctx, followTimeout)
	defer cancel()
	if err := n.live.FlushWithContext(ctx); err != nil {
		return nil, errors.Join(err, sub.Unsubscribe())
	}
	if _, err := f.catchUp(ctx); err != nil {
		return nil, errors.Join(err, sub.Unsubscribe())
	}
	running, stop := context.WithCancel(n.ctx)
	n.followers.Go(func() { f.run(running) })
	return stop, nil
}

// linked returns a context that is done once live was cut off and is back: what was republished meanwhile is missed.
func (n *NATS) linked() context.Context {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.link
}

// relinked makes every follower read its line again, once live has all its subscriptions back.
func (n *NATS) relinked(live *nats.Conn) {
	if live.FlushTimeout(followTimeout) != nil {
		return // cut off again, and called again
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.relink()
	n.link, n.relink = context.WithCancel(n.ctx)
}

// follower brings the messages of one line, in order and without gaps. Its fields are owned by follow, then by run.
type follower struct {
	nats    *NATS
	line    line
	log     *slog.Logger
	sub     *nats.Subscription
	deliver func([]stored) int // returns how many of them can be read
	link    context.Context    // see linked
	last    int64              // the highest seq delivered, or that cannot be read

	behind atomic.Bool // something was missed, and is not read again yet; of anybody's
}

// run delivers republished messages until ctx is done.
func (f *follower) run(ctx context.Context) {
	defer f.sub.Unsubscribe() //nolint:errcheck // the connection may be closed already
	for {
		err := f.read(ctx)
		if ctx.Err() != nil {
			return
		}
		f.behind.Store(true)
		f.nats.metrics.gaps.Inc()
		if f.link.Err() == nil {
			f.log.Warn("messages were missed; reading them again", "err", err)
		}
		f.link = f.nats.linked()
		f.reread(ctx)
		f.behind.Store(false)
	}
}

// read delivers republished messages until one was missed.
func (f *follower) read(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(f.link, cancel)()
	for {
		msg, err := f.sub.NextMsgWithContext(ctx)
		if err != nil {
			return err
		}
		if err := f.take(msg); err != nil {
			return err
		}
	}
}

// errMissed is why a line is read again when a copy's predecessor never came.
var errMissed = errors.New("a message did not come")

// take delivers one republished message, unless something is missing before it.
func (f *follower) take(msg *nats.Msg) error {
	seq, err := strconv.ParseInt(msg.Header.Get(headerSeq), 10, 64)
	if err != nil {
		return fmt.Errorf("header %s: %w", headerSeq, err)
	}
	if seq <= f.last {
		return nil // catchUp was faster
	}
	// The predecessor in this line; a lower one, or 0, means only that the ones between have expired.
	before, err := strconv.ParseInt(msg.Header.Get(headerLastSeq), 10, 64)
	if err != nil {
		return fmt.Errorf("header %s: %w", headerLastSeq, err)
	}
	if before > f.last {
		return errMissed
	}
	f.last = seq
	f.deliver([]stored{{msg, seq}})
	return nil
}

// reread catches up, however often that fails.
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

// catchUp delivers everything stored after the last message delivered, and returns how many that were.
func (f *follower) catchUp(ctx context.Context) (read int, err error) {
	for {
		ctx, cancel := context.WithTimeout(ctx, pageTimeout)
		p, err := f.nats.page(ctx, f.line, uint64(f.last)+1, pageMessages)
		cancel()
		if err != nil {
			return read, fmt.Errorf("read %s from %d: %w", f.line.subject, f.last+1, err)
		}
		read += f.deliver(p.messages)
		f.last = max(f.last, p.last)
		if !p.more {
			return read, nil
		}
	}
}

// page is one part of what a line holds.
type page struct {
	messages []stored
	last     int64 // the highest seq in it; 0 if it is empty
	more     bool
}

// page reads at most limit of the line's messages, from seq on, by a batched direct get (ADR-31): the server answers with
// one message each and then an empty one with status 204, or 404 if there is none.
func (n *NATS) page(ctx context.Context, of line, seq uint64, limit int) (page, error) {
	ask, err := json.Marshal(struct {
		Seq    uint64 `json:"seq"`
		NextBy string `json:"next_by_subj"`
		Batch  int    `json:"batch"`
		Bytes  int    `json:"max_bytes"`
	}{seq, of.subject, limit, pageBytes})
	if err != nil {
		return page{}, err
	}
	inbox := n.read.NewRespInbox()
	sub, err := n.read.SubscribeSync(inbox)
	if err != nil {
		return page{}, err
	}
	defer sub.Unsubscribe() //nolint:errcheck // nothing comes any more
	if err := n.read.PublishRequest("$JS.API.DIRECT.GET."+of.stream, inbox, ask); err != nil {
		return page{}, err
	}
	var p page
	for {
		msg, err := sub.NextMsgWithContext(ctx)
		if err != nil {
			return page{}, err
		}
		switch status := msg.Header.Get("Status"); status {
		case "":
			p.last, err = strconv.ParseInt(msg.Header.Get(headerSeq), 10, 64)
			if err != nil {
				return page{}, fmt.Errorf("header %s: %w", headerSeq, err)
			}
			p.messages = append(p.messages, stored{msg, p.last})
		case "204":
			pending := msg.Header.Get("Nats-Num-Pending")
			p.more = p.last > 0 && pending != "" && pending != "0"
			return p, nil
		case "404":
			return p, nil
		default:
			return page{}, fmt.Errorf("status %s: %s", status, msg.Header.Get("Description"))
		}
	}
}

// decodeAll returns the messages of a room that are in batch. Those that cannot be read, as their keys are lost or they were
// damaged, are left out, with a line in the log for all of them.
func (n *NATS) decodeAll(room string, batch []stored) []wire.Message {
	messages := make([]wire.Message, 0, len(batch))
	unread, problem := 0, error(nil) // what the first one has
	for _, s := range batch {
		m, err := n.decode(room, s.msg, s.seq)
		switch {
		case err == nil:
			messages = append(messages, m)
		case !errors.Is(err, errExpired): // JetStream keeps messages a little longer than their keys live
			unread++
			problem = cmp.Or(problem, err)
		}
	}
	if unread > 0 {
		n.log.Warn("stored messages cannot be read", "room", room, "messages", unread, "err", problem)
	}
	return messages
}
