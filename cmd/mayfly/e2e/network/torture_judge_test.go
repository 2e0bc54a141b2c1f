package network_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mayfly/app/client"
)

// counts are the figures that are printed at the end.
type counts struct {
	posted    int // messages written
	accepted  int // how many of these the server has confirmed, by the frame accepted or by sending them back
	delivered int // how many messages reached a client in the room, the writer's client included
	conns     int // beyond the first of each client
	polls     int // connections by polls
	cuts      int // how often all connections of a proxy were cut
	kills     int
	refused   int // posts that were refused with a time to try again
	unjoined  int // joins that were refused with a time to try again
	// messages that were accepted but not seen by every client, or that were neither accepted nor still at their writer
	lost    int
	doubled int
}

func (c counts) String() string {
	return fmt.Sprintf("posted %d, accepted %d, delivered %d, refused for now %d, joins %d, reconnects %d, "+
		"by polls %d, cuts %d, kills %d, lost %d, doubled %d",
		c.posted, c.accepted, c.delivered, c.refused, c.unjoined, c.conns, c.polls, c.cuts, c.kills, c.lost, c.doubled)
}

// acknowledged returns the texts of c that the server has confirmed, each with its seq.
func (c *talker) acknowledged() map[string]int64 {
	c.record.mu.Lock()
	defer c.record.mu.Unlock()
	texts := map[string]int64{}
	for id, a := range c.record.accepted {
		texts[c.record.posts[id]] = a.Seq
	}
	for _, m := range c.record.brought {
		if c.record.posts[m.ID] == m.Text {
			texts[m.Text] = m.Seq
		}
	}
	return texts
}

// shown returns how often each text is in v as sent and as waiting, and the seqs of the sent ones.
func shown(v client.View) (sent, waiting map[string]int, seqs map[string]int64) {
	sent, waiting, seqs = map[string]int{}, map[string]int{}, map[string]int64{}
	for _, m := range v.Messages {
		if m.Seq == 0 {
			waiting[m.Text]++
		} else {
			sent[m.Text]++
			seqs[m.Text] = m.Seq
		}
	}
	return sent, waiting, seqs
}

// judgeOutbox checks that each message that c wrote is in exactly one place: it waits at the client, or the server has
// confirmed it.
func (c *talker) judgeOutbox(t *testing.T, total *counts) {
	v, said := c.now()
	sent, waiting, _ := shown(v)
	acknowledged := c.acknowledged()
	for n := range said {
		text := c.text(n)
		_, known := acknowledged[text]
		switch {
		case sent[text]+waiting[text] > 1:
			total.doubled++
			t.Errorf("%s: %q stands there as sent %d times and as waiting %d times", c.name, text, sent[text], waiting[text])
		case sent[text]+waiting[text] == 0, sent[text] > 0 && !known:
			total.lost++
			t.Errorf("%s: %q is not in the outbox (shown as sent: %v), and accepted is %v", c.name, text, sent[text] > 0, known)
		}
	}
	if v.Unsent != len(waiting) { // a message may be shown as waiting only if the outbox has it
		total.lost += max(0, len(waiting)-v.Unsent)
		t.Errorf("%s: the outbox holds %d messages, %d are shown as waiting", c.name, v.Unsent, len(waiting))
	}
}

// judgeRoom checks that every client of a room shows every accepted message once, in the order of the seqs, and that each
// connection carried each message once.
func judgeRoom(t *testing.T, room []*talker, total *counts) {
	acknowledged := map[string]int64{}
	for _, c := range room {
		_, said := c.now()
		total.posted += said
		for text, seq := range c.acknowledged() {
			acknowledged[text] = seq
		}
	}
	total.accepted += len(acknowledged)
	for _, c := range room {
		v, _ := c.now()
		sent, _, seqs := shown(v)
		for text, seq := range acknowledged {
			switch {
			case sent[text] == 0:
				total.lost++
				t.Errorf("%s: %q was accepted as %d, and is not there", c.name, text, seq)
			case sent[text] > 1:
				total.doubled++
				t.Errorf("%s: %q was accepted as %d, and is there %d times", c.name, text, seq, sent[text])
			case seqs[text] != seq:
				t.Errorf("%s: %q was accepted as %d, and stands there as %d", c.name, text, seq, seqs[text])
			default:
				total.delivered++
			}
		}
		c.judgeOutbox(t, total)
		c.judgeWire(t, v, total)
	}
	for _, writer := range room {
		writer.judgeOrder(t, room[0])
	}
}

// judgeWire compares what c shows with what its connections carried.
func (c *talker) judgeWire(t *testing.T, v client.View, total *counts) {
	c.mu.Lock()
	vanished, unordered := c.vanished, c.unordered
	c.mu.Unlock()
	r := c.record
	r.mu.Lock()
	defer r.mu.Unlock()
	total.conns += r.conns - 1
	total.polls += r.polls
	total.refused += r.refused
	total.unjoined += r.unjoined
	total.doubled += r.doubled
	if vanished+unordered+r.doubled+r.missed+len(r.strange) > 0 {
		t.Errorf("%s: %d views without what was in an earlier one, %d out of order, %d messages on a connection that had brought them, "+
			"%d joins that were not resumed, and %+v", c.name, vanished, unordered, r.doubled, r.missed, r.strange)
	}
	own := map[int64]bool{}
	for _, a := range r.accepted {
		own[a.Seq] = true
	}
	for _, m := range v.Messages {
		if carried, ok := r.brought[m.Seq]; ok && carried.Text != m.Text || !ok && m.Seq != 0 && !own[m.Seq] {
			t.Errorf("%s: shows %q as %d, which is %q on the wire", c.name, m.Text, m.Seq, carried.Text)
		}
	}
}

// judgeOrder checks that the messages of c are in the order in which they were written, if all of them were accepted the
// first time.
func (c *talker) judgeOrder(t *testing.T, reader *talker) {
	c.record.mu.Lock()
	refused := c.record.refused
	c.record.mu.Unlock()
	if refused > 0 {
		return
	}
	v, _ := reader.now()
	_, said := c.now()
	var got, want []string
	for _, m := range v.Messages {
		if strings.HasPrefix(m.Text, c.name+" ") && m.Seq != 0 {
			got = append(got, m.Text)
		}
	}
	for n := range said {
		if text := c.text(n); slices.Contains(got, text) {
			want = append(want, text)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s wrote %q, the room has %q", c.name, want, got)
	}
}
