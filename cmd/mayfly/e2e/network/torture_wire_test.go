package network_test

import (
	"context"
	"slices"
	"sync"

	"mayfly/app/client/transport"
	"mayfly/shared/wire"
)

// record holds the frames on the connections of one client. It reads them by the protocol, not as the client does, so it
// tells what was sent on the wire.
type record struct {
	mu       sync.Mutex               // guards what follows
	posts    map[string]string        // the texts that the client has sent, by id
	accepted map[string]wire.Accepted // by id
	brought  map[int64]wire.Message   // by seq, the messages that came in posted or joined
	conns    int                      // how many connections were welcomed
	polls    int                      // how many of these were by polls
	refused  int                      // posts
	company  []wire.Presence          // the frames that said who came or went
	fewest   int64                    // the lowest number of people in an answer to a join; 0: no answer
	unjoined int                      // joins that were refused with a time to try again
	doubled  int                      // how many messages a connection brought although it had them, or was not in the room
	missed   int                      // how many answers to joins lacked messages that the client did not have
	strange  []wire.Frame             // frames that no client may get in this test
	cuts     []string                 // see cut
}

func newRecord() *record {
	return &record{posts: map[string]string{}, accepted: map[string]wire.Accepted{}, brought: map[int64]wire.Message{}}
}

// through returns a Dial that works like dial, and whose connections record the frames that they carry.
func (r *record) through(dial transport.Dial, polls bool) transport.Dial {
	return func(ctx context.Context) (transport.Conn, error) {
		conn, err := dial(ctx)
		if err != nil {
			return nil, err
		}
		return &recorded{Conn: conn, record: r, polls: polls}, nil
	}
}

// recorded is one connection.
type recorded struct {
	transport.Conn
	*record
	polls bool // static

	// guarded by record.mu
	asked  []*wire.Cursor // the cursors of the joins that have no answer yet
	joined bool
	cursor int64 // the highest seq that the connection has brought
	over   bool  // the client has closed the connection, or the server has said that the client does not answer
}

// cut returns how those connections ended that were cut. It leaves out the connections that the client gave up, and those
// that the server ended because the client did not answer, because both happen on a busy machine.
func (r *record) cut() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.cuts
}

// presences returns the frames since the last call that said who came or went, and the lowest number of people in an answer
// to a join since then, 0 if there was none.
func (r *record) presences() (company []wire.Presence, fewest int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	company, fewest = r.company, r.fewest
	r.company, r.fewest = nil, 0
	return company, fewest
}

// toldOf reports whether a frame since the last call of presences said that the user with that id came.
func (r *record) toldOf(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.company, func(f wire.Presence) bool {
		return slices.ContainsFunc(f.Came, func(u wire.User) bool { return u.ID == id })
	})
}

// byPolls reports whether the client has polled.
func (r *record) byPolls() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.polls > 0
}

// welcomes returns how many connections the server has welcomed.
func (r *record) welcomes() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.conns
}

func (c *recorded) Close(code int, reason string) {
	c.mu.Lock()
	c.over = true
	c.mu.Unlock()
	c.Conn.Close(code, reason)
}

func (c *recorded) Write(message []byte) error {
	c.mu.Lock()
	for line := range wire.Split(message) {
		if f, err := wire.Decode(line); err == nil {
			c.wrote(f)
		}
	}
	c.mu.Unlock()
	return c.Conn.Write(message)
}

func (c *recorded) wrote(f wire.Frame) {
	switch f := f.(type) {
	case wire.Hello:
		for _, room := range f.Rooms {
			c.asked = append(c.asked, room.Cursor)
		}
	case wire.Join:
		c.asked = append(c.asked, f.Cursor)
	case wire.Post:
		c.posts[f.ID] = f.Text
	}
}

func (c *recorded) Read(ctx context.Context) ([]byte, error) {
	message, err := c.Conn.Read(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		if ctx.Err() == nil && !c.over {
			c.cuts = append(c.cuts, err.Error())
		}
		return nil, err
	}
	for line := range wire.Split(message) {
		f, err := wire.Decode(line)
		if err != nil {
			return nil, err
		}
		c.read(f)
	}
	return message, nil
}

func (c *recorded) read(f wire.Frame) {
	switch f := f.(type) {
	case wire.Welcome:
		c.conns++
		if c.polls {
			c.record.polls++
		}
	case wire.Accepted:
		c.accepted[f.ID] = f
	case wire.Joined:
		c.join(f)
	case wire.Posted:
		if !c.joined || f.Seq <= c.cursor {
			c.doubled++
		}
		c.cursor = f.Seq
		c.brought[f.Seq] = f.Message
	case wire.Refused:
		if (f.Re == "hello" || f.Re == "join" || f.Re == "who") && f.Code == wire.CodeUnavailable && f.RetryMS > 0 {
			c.unjoined++
			return
		}
		if f.Re != "post" || f.RetryMS == 0 {
			c.strange = append(c.strange, f)
		}
		c.refused++
	case wire.Removed: // no message expires during this test
		c.strange = append(c.strange, f)
	case wire.Presence:
		c.company = append(c.company, f)
	case wire.Bye:
		// the client itself makes a bye with CodeBusy if a poll comes to a server that is stopping
		expected := f.Code == wire.CodeTimeout || f.Code == wire.CodeRestart || c.polls && f.Code == wire.CodeBusy
		if !expected {
			c.strange = append(c.strange, f)
		}
		c.over = c.over || expected
	}
}

// join handles f, the answer to the oldest join without an answer.
func (c *recorded) join(f wire.Joined) {
	var asked *wire.Cursor
	if len(c.asked) > 0 {
		asked, c.asked = c.asked[0], c.asked[1:]
	}
	if c.fewest == 0 || f.People < c.fewest {
		c.fewest = f.People
	}
	from := int64(0)
	if asked != nil {
		from = asked.Seq
		if !f.Resumed {
			c.missed++
		}
	}
	for _, m := range f.Messages {
		if m.Seq <= from || m.Seq > f.Head {
			c.doubled++
		}
		from = m.Seq
		c.brought[m.Seq] = m
	}
	c.joined, c.cursor = true, max(c.cursor, f.Head)
}
