package bench

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"mayfly/shared/wire"
)

// Result is what a run has measured. In JSON the name of each time contains its unit, such as took_ms.
type Result struct {
	URL         string      `json:"url"`
	Version     string      `json:"version"`     // of the generator
	Interrupted bool        `json:"interrupted"` // the user ended the run early
	Connections Connections `json:"connections"`
	Posts       Posts       `json:"posts"`
	Deliveries  Deliveries  `json:"deliveries"`
	Processor   Processor   `json:"processor"`
	Notes       []string    `json:"notes"` // what a reader should know about the figures; sentences
}

// Times are percentiles, in milliseconds. All are 0 if nothing was measured.
type Times struct {
	Median float64 `json:"median"`
	P95    float64 `json:"p95"`
	P99    float64 `json:"p99"`
	Worst  float64 `json:"worst"`
}

// Connections says what became of the connections.
type Connections struct {
	Wanted int     `json:"wanted"`
	Opened int     `json:"opened"`
	Rooms  int     `json:"rooms"`
	Took   float64 `json:"took_ms"` // until all were open, or until the user ended the run before that
	Each   Times   `json:"each_ms"` // from dialing until the room was joined
	Ended  []Count `json:"ended"`   // connections that ended before the run closed them
}

// Posts says what became of the messages that were posted.
type Posts struct {
	Wanted     int     `json:"wanted"`
	Sent       int     `json:"sent"`
	PerSecond  float64 `json:"per_second"`
	Accepted   int     `json:"accepted"`
	Unanswered int     `json:"unanswered"`
	Refused    []Count `json:"refused"`
	LifeMS     int64   `json:"life_ms"` // how long the messages lived
}

// Deliveries says what became of the messages that the server stored. Each should come once to each connection in its room.
type Deliveries struct {
	Wanted    int     `json:"wanted"`
	Came      int     `json:"came"`
	PerSecond float64 `json:"per_second"`
	Lost      int     `json:"lost"`       // did not come, although the connection stayed open or a later message came
	Missed    int     `json:"missed"`     // did not come, because the connection had ended
	Doubled   int     `json:"doubled"`    // came again
	Misplaced int     `json:"misplaced"`  // came after a message with a higher seq
	Latency   Times   `json:"latency_ms"` // from the post to each delivery
}

// Processor says how busy the processors were while messages were posted and delivered. The value 1 means one processor, all
// the time. A field is nil if the system does not tell.
type Processor struct {
	Generator         *float64 `json:"generator"`
	Server            *float64 `json:"server"`
	ServerPerDelivery *float64 `json:"server_us_per_delivery"` // microseconds
}

// Problem returns an error if a delivery was lost, doubled or out of order, if connections ended early, or if nothing was
// delivered at all. If the user ended the run early, it is no error that nothing was delivered.
func (r Result) Problem() error {
	var problems []string
	d := r.Deliveries
	for _, p := range []struct {
		n          int
		noun, what string
	}{{d.Lost, "delivery", "lost"}, {d.Doubled, "delivery", "doubled"}, {d.Misplaced, "delivery", "out of order"},
		{ended(r.Connections.Ended), "connection", "ended early"}} {
		if p.n > 0 {
			problems = append(problems, count(p.n, p.noun)+" "+p.what)
		}
	}
	if d.Came == 0 && !r.Interrupted {
		problems = append(problems, "no message was delivered")
	}
	if problems == nil {
		return nil
	}
	return errors.New(strings.Join(problems, ", "))
}

// ended returns how many connections ended.
func ended(counts []Count) (n int) {
	for _, c := range counts {
		n += c.Count
	}
	return n
}

// result puts together what was measured. Call it when the members' goroutines have ended.
func (r *run) result(interrupted bool) Result {
	c := r.config
	opening := &histogram{}
	result := Result{
		URL: c.Target.String(), Version: wire.Version, Interrupted: interrupted,
		Connections: Connections{Wanted: c.Conns, Rooms: c.Rooms, Took: milliseconds(r.connected),
			Ended: sorted(r.outcomes.ended)},
		Posts: Posts{Wanted: len(r.posts), Sent: r.sent, Accepted: int(r.outcomes.accepted.Load()),
			LifeMS: r.life.Milliseconds(), Refused: sorted(r.outcomes.refused)},
	}
	result.Posts.Unanswered = r.sent - result.Posts.Accepted
	for _, refused := range result.Posts.Refused {
		result.Posts.Unanswered -= refused.Count
	}
	d := &result.Deliveries
	last := r.first
	for _, m := range r.members {
		if m.socket == nil {
			continue
		}
		result.Connections.Opened++
		opening.add(m.shard, m.opening)
		last = max(last, time.Duration(m.latest.Load()))
		r.judge(m, d)
	}
	result.Connections.Each, d.Latency = opening.times(), r.latency.times()
	if took := (last - r.first).Seconds(); took > 0 {
		d.PerSecond = float64(d.Came) / took
	}
	if r.sent > 0 {
		posting := r.lastSent - r.first + c.Per/time.Duration(c.Posts)
		result.Posts.PerSecond = float64(r.sent) / posting.Seconds()
	}
	result.Processor = r.processor(d.Came)
	result.Notes = r.notes(result)
	return result
}

// judge adds to d what m has got: how many messages should have come (all that were stored in its room), how many came,
// came again, and came out of order. A message that did not come is missed if the connection of m had ended, and if no
// message with a higher seq had come before that. Otherwise it is lost.
func (r *run) judge(m *member, d *Deliveries) {
	stored, came := int(m.room.stored.Load()), int(m.distinct.Load())
	d.Wanted += stored
	d.Came += came
	d.Doubled += int(m.doubled.Load())
	d.Misplaced += int(m.misplaced.Load())
	if came == stored {
		return
	}
	for n, k := 0, m.room.index; k < len(r.posts); n, k = n+1, k+len(r.rooms) {
		seq := r.posts[k].seq.Load()
		switch {
		case seq == 0 || m.has(n):
		case m.ended.Load() && seq > m.last:
			d.Missed++
		default:
			d.Lost++
		}
	}
}

// processor returns how busy the processors were.
func (r *run) processor(deliveries int) (p Processor) {
	took := (r.measured - r.first).Seconds()
	if took <= 0 {
		return p
	}
	if r.own.known {
		p.Generator = new(r.own.time.Seconds() / took)
	}
	if r.server.known {
		p.Server = new(r.server.time.Seconds() / took)
		if deliveries > 0 {
			p.ServerPerDelivery = new(float64(r.server.time.Microseconds()) / float64(deliveries))
		}
	}
	return p
}

// busy is a part of one processor. If the generator used this much, the result has a note: perhaps the generator, not the
// server, limits the figures.
const busy = 0.5

// notes returns what a reader should know about the figures.
func (r *run) notes(result Result) []string {
	notes := []string{}
	say := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	if result.Interrupted {
		say("You ended the run early.")
		if result.Deliveries.Lost > 0 {
			say("What was still on its way then may count as lost.")
		}
	}
	if asked := r.config.TTL; r.life != asked && r.life > 0 {
		say("The messages lived for %s in place of %s: the server's bounds are so.", r.life, asked)
	}
	if p := result.Processor.Generator; p != nil && *p >= busy {
		say("The generator itself used %.0f %% of a processor, so it may be what limits these figures: "+
			"give it another machine, or open fewer connections with -conns.", 100**p)
	}
	if r.behind > late {
		say("The generator sent posts up to %s after their time: its machine was too busy.", human(milliseconds(r.behind)))
	}
	said := map[string]bool{"": true}
	for _, c := range append(result.Posts.Refused, result.Connections.Ended...) {
		if a := advice(c.Code); !said[a] {
			said[a] = true
			notes = append(notes, a)
		}
	}
	life := milliseconds(r.life)
	if d := result.Deliveries; d.Lost > 0 && d.Latency.Worst > life/2 {
		say("A message that has expired is not delivered any more, so some of the lost messages may have come too late: "+
			"they live for %s, and the slowest that came took %s. Let them live longer with -ttl.",
			r.life, human(d.Latency.Worst))
	}
	return notes
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
