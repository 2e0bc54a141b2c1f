package hub

import (
	"slices"
	"sort"
	"time"

	"mayfly/shared/wire"
)

// message is a live message and its encoded bytes.
type message struct {
	seq     int64
	key     key
	at      int64  // Unix milliseconds
	expires int64  // Unix milliseconds
	encoded []byte // the message as JSON with its seq, as a joined frame contains it; a posted frame is made from it
}

// timeline holds the live messages of one room, by seq and by key. It has no lock and no clock of its own: room.mu
// guards it, and its methods take the time as a parameter.
type timeline struct {
	head  int64      // the highest seq seen
	live  []*message // sorted by seq
	byKey map[key]*message
	bytes int // encoded bytes of live
}

func newTimeline() timeline { return timeline{byKey: map[key]*message{}} }

// add adds the message of e and returns it. It returns nil if e is no message in the form that this version knows.
func (t *timeline) add(e Event) *message {
	encoded, ok := wire.NumberMessage(e.Body, e.Seq)
	if e.Kind != KindMessage || !ok {
		return nil
	}
	m := &message{seq: e.Seq, key: e.key(), at: e.At, expires: e.Expires, encoded: encoded}
	t.live = append(t.live, m)
	t.byKey[m.key] = m
	t.bytes += len(m.encoded)
	return m
}

// remove removes the messages with these seqs and returns how many of them the timeline held.
func (t *timeline) remove(seqs []int64) int {
	gone := make(map[int64]bool, len(seqs))
	for _, seq := range seqs {
		gone[seq] = true
	}
	kept := t.live[:0]
	for _, m := range t.live {
		if !gone[m.seq] {
			kept = append(kept, m)
			continue
		}
		t.bytes -= len(m.encoded)
		if t.byKey[m.key] == m {
			delete(t.byKey, m.key)
		}
	}
	removed := len(t.live) - len(kept)
	clear(t.live[len(kept):]) // so that the garbage collector can free the texts
	t.live = kept
	return removed
}

// nextExpiry returns how long it takes until the next message expires. ok is false if the room has no live message.
func (t *timeline) nextExpiry(now time.Time) (delay time.Duration, ok bool) {
	for i, m := range t.live {
		if left := time.UnixMilli(m.expires).Sub(now); i == 0 || left < delay {
			delay = left
		}
	}
	return delay, len(t.live) > 0
}

// after returns the messages whose seq is above seq and that have not expired at the time now.
func (t *timeline) after(seq, now int64) []*message {
	from := sort.Search(len(t.live), func(i int) bool { return t.live[i].seq > seq })
	return living(t.live[from:], now)
}

// living returns the messages that have not expired at the time now.
func living(messages []*message, now int64) []*message {
	return slices.DeleteFunc(slices.Clone(messages), func(m *message) bool { return m.expires <= now })
}

// newest returns the newest messages, as many as fit in one joined frame.
func newest(messages []*message) []*message {
	from, bytes := len(messages), 0
	for from > 0 && len(messages)-from < wire.MaxJoined {
		bytes += len(messages[from-1].encoded) + 1
		if bytes > wire.MaxJoinedBytes {
			break
		}
		from--
	}
	return messages[from:]
}
