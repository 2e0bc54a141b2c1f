package stream

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
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

// errCutOff is what ends when there is no connection to the server, which is being started anew.
var errCutOff = errors.New("the stream is being started again")

// Follow implements hub.Stream: the subscription first, then what is stored, so that nothing falls between.
func (n *NATS) Follow(ctx context.Context, room string, deliver func(wire.Message)) (stop func(), err error) {
	if !n.live.IsConnected() {
		return nil, errCutOff
	}
	sub, err := n.live.SubscribeSync(livePrefix + subjectPrefix + room)
	if err != nil {
		return nil, fmt.Errorf("subscribe: %w", err)
	}
	f := &follower{nats: n, room: room, sub: sub, deliver: deliver, link: n.linked()}
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

// relinked makes every follower read its room again, once live has all its subscriptions back.
func (n *NATS) relinked(live *nats.Conn) {
	if live.FlushTimeout(followTimeout) != nil {
		return // cut off again, and called again
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.relink()
	n.link, n.relink = context.WithCancel(n.ctx)
}

// follower brings one room's messages, in order and without gaps. Its fields are owned by Follow, then by run.
type follower struct {
	nats    *NATS
	room    string
	sub     *nats.Subscription
	deliver func(wire.Message)
	link    context.Context // see linked
	last    int64           // the highest seq delivered, or that cannot be read
}

// run delivers republished messages until ctx is done.
func (f *follower) run(ctx context.Context) {
	defer f.sub.Unsubscribe() //nolint:errcheck // the connection may be closed already
	for {
		err := f.read(ctx)
		if ctx.Err() != nil {
			return
		}
		f.nats.metrics.gaps.Inc()
		if f.link.Err() == nil {
			f.nats.log.Warn("a room's messages were missed; reading them again", "room", f.room, "err", err)
		}
		f.link = f.nats.linked()
		f.reread(ctx)
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

// errMissed is why a room is read again when a copy's predecessor never came.
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
	// The predecessor in this room; a lower one, or 0, means only that the ones between have expired.
	before, err := strconv.ParseInt(msg.Header.Get(headerLastSeq), 10, 64)
	if err != nil {
		return fmt.Errorf("header %s: %w", headerLastSeq, err)
	}
	if before > f.last {
		return errMissed
	}
	f.last = seq
	m, err := f.nats.decode(f.room, msg, seq)
	if err != nil {
		f.nats.skipped(f.room, 1, err)
		return nil
	}
	f.deliver(m)
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
		p, err := f.nats.page(ctx, f.room, uint64(f.last)+1, pageMessages)
		cancel()
		if err != nil {
			return read, fmt.Errorf("read the room from %d: %w", f.last+1, err)
		}
		for _, m := range p.messages {
			f.deliver(m)
			read++
		}
		f.last = max(f.last, p.last)
		if !p.more {
			return read, nil
		}
	}
}

// page is one part of what a room holds.
type page struct {
	messages []wire.Message
	last     int64 // the highest seq in it; 0 if it is empty
	more     bool
}

// page reads at most limit of the room's messages, from seq on, by a batched direct get (ADR-31): the server answers with
// one message each and then an empty one with status 204, or 404 if there is none.
func (n *NATS) page(ctx context.Context, room string, seq uint64, limit int) (page, error) {
	ask, err := json.Marshal(struct {
		Seq    uint64 `json:"seq"`
		NextBy string `json:"next_by_subj"`
		Batch  int    `json:"batch"`
		Bytes  int    `json:"max_bytes"`
	}{seq, subjectPrefix + room, limit, pageBytes})
	if err != nil {
		return page{}, err
	}
	inbox := n.read.NewRespInbox()
	sub, err := n.read.SubscribeSync(inbox)
	if err != nil {
		return page{}, err
	}
	defer sub.Unsubscribe() //nolint:errcheck // nothing comes any more
	if err := n.read.PublishRequest("$JS.API.DIRECT.GET."+streamName, inbox, ask); err != nil {
		return page{}, err
	}
	var p page
	unread, problem := 0, error(nil) // messages that cannot be read; what the first one has
	defer func() { n.skipped(room, unread, problem) }()
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
			m, err := n.decode(room, msg, p.last)
			switch {
			case err == nil:
				p.messages = append(p.messages, m)
			case !errors.Is(err, errExpired): // JetStream keeps messages a little longer than their keys live
				unread++
				problem = cmp.Or(problem, err)
			}
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

// skipped says that messages of a room cannot be read and are left out: their keys are lost, or they were damaged.
func (n *NATS) skipped(room string, messages int, err error) {
	if messages > 0 && !errors.Is(err, errExpired) {
		n.log.Warn("stored messages cannot be read", "room", room, "messages", messages, "err", err)
	}
}
