package stream

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// ForgeCopy sends the followers of room a copy with the number seq that names predecessor as the number before it.
func (n *NATS) ForgeCopy(room string, seq, predecessor int64) error {
	copied := nats.NewMsg(n.links.names.room(room).live)
	copied.Header.Set(headerSeq, strconv.FormatInt(seq, 10))
	copied.Header.Set(headerLastSeq, strconv.FormatInt(predecessor, 10))
	if err := n.links.live.PublishMsg(copied); err != nil {
		return err
	}
	return n.links.live.Flush()
}

// TendKeys rotates the keys as KeyRing.Run does at the time now.
func (n *NATS) TendKeys(now time.Time) error { return n.keys.Rotate(now) }

// Break makes JetStream end, as a failed write does.
func (n *NATS) Break() error { return n.server.current().ShutdownJetStream() }

// Kill makes the whole NATS server end.
func (n *NATS) Kill() { n.server.halt() }

// KillAnd does what Kill does, and calls meddle before another server starts on the folder.
func (n *NATS) KillAnd(meddle func(natsFolder string)) {
	s := n.server.current()
	n.server.mu.Lock()
	defer n.server.mu.Unlock()
	s.Shutdown()
	s.WaitForShutdown()
	meddle(n.folder.NATS())
}

// Queued is how many messages may wait for a follower.
const Queued = queued

// Lasting is the function with which health repeats Healthz.
var Lasting = lasting

// Block makes appends end with err, as they do while the server is being restarted.
func (n *NATS) Block(err error) { n.condition.setBlocked(err) }

// Cut ends the connections to the NATS server, as the server does with connections that are too slow. They reconnect.
func (n *NATS) Cut() error {
	var errs []error
	for _, conn := range []*nats.Conn{n.links.publish, n.links.live, n.links.read} {
		id, err := conn.GetClientID()
		errs = append(errs, err, n.server.current().DisconnectClientByID(id))
	}
	return errors.Join(errs...)
}

// ServerNames returns the names of the NATS servers to which n is connected, each once.
func (n *NATS) ServerNames() (names []string) {
	for _, conn := range []*nats.Conn{n.links.publish, n.links.live, n.links.read} {
		if name := conn.ConnectedServerName(); name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// MovesAt returns at which of these answers of the cluster, by index, a node goes to another server.
func MovesAt(answers []error) (at []int) {
	var m mover
	for i, err := range answers {
		if m.due(err) {
			at = append(at, i)
		}
	}
	return at
}

// Received is how many messages have come on the connection for copies and signals.
func (n *NATS) Received() uint64 { return n.links.live.Stats().InMsgs }

// NewScratch makes a folder for the start of NATS in one of places.
func NewScratch(places ...string) (path string, remove func() error, err error) {
	s, err := newScratch(places)
	if err != nil {
		return "", nil, err
	}
	return s.path, s.remove, nil
}

// RemoveLeftovers is called first at each start of NATS in memory.
var RemoveLeftovers = removeLeftovers

// Sealed returns the bytes that JetStream stores for the event seq of room, nil if it holds none.
func (n *NATS) Sealed(ctx context.Context, room string, seq int64) ([]byte, error) {
	p, err := n.links.page(ctx, n.links.names.room(room), uint64(seq), 1)
	if err != nil || p.last != seq {
		return nil, err
	}
	return p.messages[0].msg.Data, nil
}

// EraseInFiles is called before each start of a NATS server with a folder.
func (n *NATS) EraseInFiles() { newFileEraser(n.folder.NATS(), n).erase() }

// FileRecord is a record from From to To of a file of JetStream's.
type FileRecord struct {
	From, To int
	Seq      int64
}

// FileRecords returns the records that EraseInFiles finds in a file with that content.
func FileRecords(content []byte) (all []FileRecord) {
	for r := range fileRecords(content) {
		all = append(all, FileRecord{r.from, r.to, r.stored.seq})
	}
	return all
}

// TriesAgain reports whether a node that starts tries again after JetStream has refused its streams with this code.
func TriesAgain(status int, code jetstream.ErrorCode) bool {
	err := asPermanent(&jetstream.APIError{Code: status, ErrorCode: code})
	return !errors.As(err, new(permanentError))
}
