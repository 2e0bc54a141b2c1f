package stream

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
)

// ForgeCopy makes room's followers believe that a message came, whose predecessor was before.
func (n *NATS) ForgeCopy(room string, seq, before int64) error {
	copied := nats.NewMsg(livePrefix + subjectPrefix + room)
	copied.Header.Set(headerSeq, strconv.FormatInt(seq, 10))
	copied.Header.Set(headerLastSeq, strconv.FormatInt(before, 10))
	if err := n.links.live.PublishMsg(copied); err != nil {
		return err
	}
	return n.links.live.Flush()
}

// TendKeys does what is done all the time, as at now.
func (n *NATS) TendKeys(now time.Time) error { return n.keys.Rotate(now) }

// Break makes JetStream end, as a disk that refuses to be written does.
func (n *NATS) Break() error { return n.links.server.current().ShutdownJetStream() }

// Kill makes the whole NATS server end.
func (n *NATS) Kill() { n.links.server.halt() }

// KillAnd is Kill, and lets meddle do something to the folder before another server starts on it.
func (n *NATS) KillAnd(meddle func(natsFolder string)) {
	s := n.links.server.current()
	n.links.server.mu.Lock()
	defer n.links.server.mu.Unlock()
	s.Shutdown()
	s.WaitForShutdown()
	meddle(n.folder.NATS())
}

// Lasting is what health makes of Healthz.
var Lasting = lasting

// Block makes appends end with err, as while the stream is started anew.
func (n *NATS) Block(err error) { n.condition.setBlocked(err) }

// Cut ends the connections to the NATS server, as that does with one that it takes for too slow. They come back.
func (n *NATS) Cut() error {
	var errs []error
	for _, conn := range []*nats.Conn{n.links.publish, n.links.live, n.links.read} {
		id, err := conn.GetClientID()
		errs = append(errs, err, n.links.server.current().DisconnectClientByID(id))
	}
	return errors.Join(errs...)
}

// NewScratch makes a folder for the start of NATS in one of places.
func NewScratch(places ...string) (path string, remove func() error, err error) {
	s, err := newScratch(places)
	if err != nil {
		return "", nil, err
	}
	return s.path, s.remove, nil
}

// RemoveLeftovers is what each start of NATS in memory does first.
var RemoveLeftovers = removeLeftovers

// Sealed returns the bytes that JetStream stores for the event seq of room, nil if it holds none.
func (n *NATS) Sealed(ctx context.Context, room string, seq int64) ([]byte, error) {
	p, err := n.links.page(ctx, roomSubject(room), uint64(seq), 1)
	if err != nil || p.last != seq {
		return nil, err
	}
	return p.messages[0].msg.Data, nil
}
