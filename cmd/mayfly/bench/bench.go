// Package bench is the load generator of "mayfly bench". It opens connections to a running server over the wire protocol,
// posts messages at a steady pace, and measures how long each message takes to each member of its room. It also finds out
// whether a message is lost or comes twice.
//
// The load is open: a post is sent when its time has come, even if the server is slow. So a slow server cannot lower the
// load and look better for it. All connections are guests, and they post in turn, because a server limits the posts of each
// person. One process holds all of them, so that one clock measures a post and its deliveries.
//
// The generator itself must not limit the figures. So it reads WebSocket frames by itself (socket.go) instead of with a
// library, and finds what it needs in a posted frame without decoding it (frame.go). If it needs much of a processor all the
// same, the result says so (busy).
//
// The package leaves flags and exit codes to cmd/mayfly. No lock is held while another is taken.
package bench

import (
	"context"
	"math"
	"time"
)

// Config says which server a run measures, and with which load.
type Config struct {
	Target   Target
	Conns    int           // connections, 1 or more
	Rooms    int           // rooms over which the connections are spread evenly: 1 to Conns
	Posts    int           // messages that are posted in each period of Per, in all rooms together
	Per      time.Duration // see Posts
	Duration time.Duration // how long messages are posted
	TTL      time.Duration // how long each message lives; the server may have bounds that change it
	Text     int           // characters of each message
	Server   int           // the process ID of the server, whose processor time is then measured; 0: not known

	// Progress is called with one sentence when a phase begins. It must not block.
	Progress func(sentence string)
}

// MaxMessages is the largest number of messages that one run may post. It limits the memory: for each message the generator
// remembers when it was posted, and for each connection whether the message has come.
const MaxMessages = 1_000_000

// Messages returns how many messages a run with c posts, or MaxMessages+1 if it would post more than MaxMessages.
func (c Config) Messages() int {
	n := math.Ceil(c.Duration.Seconds()*float64(c.Posts)/c.Per.Seconds() - 1e-6) // 1e-6: rounding must not add a message
	return int(max(1, min(n, MaxMessages+1)))                                    // min first: n may be too large for an int
}

const (
	connectTimeout = 30 * time.Second       // the longest time from dialing until the room is joined
	atOnce         = 32                     // connections that are opened at the same time
	grace          = time.Second            // how long late posts are still sent, and late deliveries still waited for
	hurry          = 2 * time.Second        // how long an interrupted run waits for the deliveries that are on their way
	look           = 5 * time.Millisecond   // how often the run checks whether all deliveries have come
	patience       = 2000                   // the run ends after so many checks (10 s or more) in which nothing has come
	late           = 100 * time.Millisecond // if a post is sent later than its time by this much, the result has a note
)

// Run opens the connections, posts, waits for the deliveries, closes the connections and returns what it has measured. It
// ends early when ctx is done, or when all connections have ended: then the result covers only the time until that. Run
// returns an error only if the measurement could not begin. The error says what to do if the cause is known.
func Run(ctx context.Context, c Config) (Result, error) {
	if err := enoughFiles(c.Conns); err != nil {
		return Result{}, err
	}
	r := newRun(c)
	defer r.close()
	began := time.Now()
	err := r.connectAll(ctx)
	r.connected = time.Since(began)
	if err != nil && ctx.Err() == nil {
		return Result{}, explain(err, c)
	}
	if err == nil {
		c.Progress(c.load())
		if warning := c.warning(r.limits); warning != "" {
			c.Progress(warning)
		}
		own, server := ownTime(), timeOf(c.Server)
		r.first = r.now()
		r.post(ctx)
		r.drain(ctx)
		r.measured = r.now()
		r.own, r.server = ownTime().minus(own), timeOf(c.Server).minus(server)
	}
	r.close()
	return r.result(ctx.Err() != nil), nil
}

// post sends each message at its time, or late if the machine is busy. It ends when all messages are sent, when the time is
// over, when ctx is done, or when no connection is left.
func (r *run) post(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for k := range r.posts {
		due := r.first + r.config.Per/time.Duration(r.config.Posts)*time.Duration(k)
		if ahead := due - r.now(); ahead > 0 {
			timer.Reset(ahead)
			select {
			case <-ctx.Done():
				return
			case <-r.deserted:
				return
			case <-timer.C:
			}
		}
		now := r.now()
		if now >= r.first+r.config.Duration+grace || ctx.Err() != nil || !r.send(k) {
			return
		}
		r.behind = max(r.behind, now-due)
	}
}

// drain waits until every open connection has got every message that was stored in its room, and has an answer to each of
// its posts. It gives up when the last message has expired, when nothing has come for a while (patience), soon after ctx is
// done (hurry), or when no connection is left.
func (r *run) drain(ctx context.Context) {
	deadline := time.NewTimer(r.life + grace)
	defer deadline.Stop()
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	interrupted := ctx.Done()
	before, quiet := int64(0), 0
	for !r.complete() && quiet < patience {
		select {
		case <-ticker.C:
			quiet++
			if came := r.came(); came != before {
				before, quiet = came, 0
			}
		case <-deadline.C:
			return
		case <-r.deserted:
			return
		case <-interrupted:
			deadline.Reset(min(hurry, r.life+grace))
			interrupted = nil
		}
	}
}
