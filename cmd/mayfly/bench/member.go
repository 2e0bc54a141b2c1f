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

// member is one connection, which is in one room. A goroutine of the member reads from it until the connection ends.
type member struct {
	run   *run // static
	room  *room
	shard int // static; the shard of the histogram in which the member counts

	socket  *socket // connect sets this field and the next three
	opening time.Duration
	welcome wire.Welcome
	joined  wire.Joined

	got  []uint64 // owned by the goroutine; bit n is 1 once the n-th message of the room has come
	last int64    // owned by the goroutine; the highest seq that has come, at first the head of the room

	tally
	ended atomic.Bool // the connection has ended before the run closed it
}

// tally is what a member counts.
type tally struct {
	sent, answered     atomic.Int64 // posts, and how many of them the server has accepted or refused
	distinct           atomic.Int64 // messages that came
	doubled, misplaced atomic.Int64 // messages that came again, and messages that came after one with a higher seq
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

// inTime returns the error of ctx if ctx is done, because that has then caused err. Otherwise it returns err.
func inTime(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// enter sends hello, and reads until the member has joined its room.
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

// read reads and counts frames until the connection ends.
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

// onEnd runs when the connection has ended: reading has failed with err. bye is the bye that the server sent before, nil if
// it sent none.
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

// onPosted runs when a message has come. It ignores messages that this run has not posted, and messages of other rooms.
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
	m.distinct.Add(1) // after everything else: now run.complete may return true
}

// has reports whether the n-th message of the room has come. Call it only when the member's goroutine has ended.
func (m *member) has(n int) bool { return m.got[n/64]&(1<<(n%64)) != 0 }
