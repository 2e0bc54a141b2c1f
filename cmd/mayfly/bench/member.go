package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"mayfly/shared/wire"
)

// member is one connection that is in one room. Its goroutine reads until the connection ends.
type member struct {
	run   *run // static
	room  *room
	shard int // static; which part of the histogram it counts in

	socket  *socket // set by connect, with the next three
	opening time.Duration
	welcome wire.Welcome
	joined  wire.Joined

	got  []uint64 // owned by the goroutine; bit n says that the room's message n has come
	last int64    // owned by the goroutine; the highest seq that has come, at first that of the room

	tally
	ended atomic.Bool // the connection has ended before the run closed it
}

// tally is what a member counts.
type tally struct {
	sent, answered     atomic.Int64 // posts, and those of them that were accepted or refused
	distinct           atomic.Int64 // messages that came
	doubled, misplaced atomic.Int64 // messages that came again, and that came after a message with a higher seq
	latest             atomic.Int64 // when the last message came, in nanoseconds of the run's time
}

// connect opens the connection, joins the room and starts the goroutine that reads.
func (m *member) connect(ctx context.Context, t *Target) error {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	began := time.Now()
	s, err := t.open(ctx)
	if err != nil {
		return inTime(ctx, err)
	}
	interrupt := context.AfterFunc(ctx, func() { s.conn.Close() })
	err = m.enter(s)
	if !interrupt() || err != nil {
		s.close()
		return inTime(ctx, err)
	}
	m.socket, m.opening = s, time.Since(began)
	m.run.reading.Go(m.read)
	return nil
}

// inTime returns err, or that ctx is done if that has caused err.
func inTime(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// enter says hello and reads until the room is joined.
func (m *member) enter(s *socket) error {
	hello := wire.Hello{Client: "mayfly-bench/" + wire.Version, Rooms: []wire.Join{{Room: m.room.name}}}
	if err := s.write(opText, wire.Encode(hello)); err != nil {
		return err
	}
	for {
		message, err := s.read()
		if err != nil {
			return err
		}
		for line := range wire.Split(message) {
			f, err := wire.Decode(line)
			if err != nil && !errors.Is(err, wire.ErrUnknownKind) {
				return fmt.Errorf("the server sent what is no frame of Mayfly's: %w", err)
			}
			switch f := f.(type) {
			case wire.Welcome:
				if m.welcome = f; !f.MayPost {
					return errReadOnly
				}
			case wire.Joined:
				m.joined, m.last = f, f.Head
				return nil
			case wire.Refused:
				return &refusedError{f}
			case wire.Bye:
				return &byeError{f}
			}
		}
	}
}

// read counts what comes, until the connection ends.
func (m *member) read() {
	r := m.run
	var bye *wire.Bye
	for {
		message, err := m.socket.read()
		if err != nil {
			m.onEnd(bye, err)
			return
		}
		now := r.now()
		for len(message) > 0 {
			var line []byte
			line, message, _ = bytes.Cut(message, newline)
			if b := m.onFrame(line, now); b != nil {
				bye = b
			}
		}
	}
}

// onEnd runs when the connection has ended with err, after bye if that is not nil.
func (m *member) onEnd(bye *wire.Bye, err error) {
	if m.run.closing.Load() {
		return
	}
	m.socket.close()
	m.ended.Store(true)
	if errors.Is(err, net.ErrClosed) { // a write has failed and closed it
		err = m.socket.failure()
	}
	m.run.outcomes.end(bye, err)
	if m.run.open.Add(-1) == 0 {
		close(m.run.deserted)
	}
}

var newline = []byte{'\n'}

// onFrame runs when a frame has come at the time now. It returns the frame if it is a bye.
func (m *member) onFrame(line []byte, now time.Duration) *wire.Bye {
	if p, ok := scanPosted(line); ok {
		m.onPosted(p, now)
		return nil
	}
	if !worthDecoding(line) {
		return nil
	}
	f, err := wire.Decode(line)
	if err != nil {
		return nil
	}
	switch f := f.(type) {
	case wire.Posted:
		m.onPosted(posted{room: []byte(f.Room), seq: f.Seq, id: []byte(f.ID)}, now)
	case wire.Accepted:
		if k, ok := m.run.number([]byte(f.ID)); ok {
			m.run.store(k, f.Seq)
			m.run.outcomes.accepted.Add(1)
			m.answered.Add(1)
		}
	case wire.Refused:
		if _, ok := m.run.number([]byte(f.ID)); ok {
			m.run.outcomes.refuse(f)
			m.answered.Add(1)
		}
	case wire.Bye:
		return &f
	}
	return nil
}

// onPosted runs when a message has come. It passes over messages of others, and over those of other rooms.
func (m *member) onPosted(p posted, now time.Duration) {
	r := m.run
	k, ok := r.number(p.id)
	if !ok || k%len(r.rooms) != m.room.index || string(p.room) != m.room.name {
		return
	}
	r.store(k, p.seq)
	n := k / len(r.rooms)
	word, bit := &m.got[n/64], uint64(1)<<(n%64)
	if *word&bit != 0 {
		m.doubled.Add(1)
		return
	}
	*word |= bit
	if p.seq <= m.last {
		m.misplaced.Add(1)
	}
	m.last = max(m.last, p.seq)
	r.latency.add(m.shard, now-time.Duration(r.posts[k].at.Load()))
	m.latest.Store(int64(now))
	m.distinct.Add(1) // last: with this, the run may be complete
}

// has reports whether the room's message n has come. Only for when the goroutine has ended.
func (m *member) has(n int) bool { return m.got[n/64]&(1<<(n%64)) != 0 }
