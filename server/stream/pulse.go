package stream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

const (
	pulseEvery   = 2 * time.Second
	pulseTimeout = 2 * time.Second // the longest time for all questions of one beat
	maxMissing   = 3               // after so many answers in a row that say that there is no stream, it is lost
	// maxClockOffset is how far this node's clock may be from the clock of the cluster.
	maxClockOffset = 2 * time.Second
	// clockLogEvery is the shortest time between two lines in the log about a wrong clock.
	clockLogEvery = time.Minute
)

// ErrLost says that the cluster has lost every message and counts again from 1.
var ErrLost = errors.New("the NATS servers have lost all messages, because too many of them were stopped at the same time")

var errOpening = errors.New("the stream is being opened")

// pulse asks a cluster every pulseEvery how the stream is. It notices copies that were lost, a clock that is off, and the
// loss of all messages.
type pulse struct {
	nats    *NATS           // static
	metrics *clusterMetrics // static
	roll    roll            // the followers that run
	lost    chan struct{}   // static; closed when the cluster has lost every message

	seen    seen                // owned by run
	missing int                 // owned by run; how many answers in a row said that there is no stream
	mover   mover               // owned by run
	suspect map[*follower]int64 // owned by run; a follower that is behind, and the seq that it had not reached last time

	mu        sync.Mutex // guards what follows
	problem   error      // why the cluster does not answer now; nil if it does
	warning   string     // what an operator should solve although users can chat; "": nothing
	unsure    bool       // a follower could not compare what it has read with the stream's leader
	clockTold time.Time  // when a line about a wrong clock was last written to the log
}

// clustered is the part of a NATS that it has only if the NATS servers are other processes.
type clustered struct {
	pulse *pulse // static; nil: the NATS server is embedded
}

// Warning says what an operator should solve even while users can chat: a clock that is wrong. It is "" if there is nothing.
func (c clustered) Warning() string {
	if c.pulse == nil {
		return ""
	}
	warning, _ := c.pulse.state()
	return warning
}

// Lost returns a channel that is closed when the cluster has lost every message (ErrLost). Then this node must end, because
// the seqs of new messages begin at 1 again. The channel of an embedded NATS server is nil, so nothing ever comes from it.
func (c clustered) Lost() <-chan struct{} {
	if c.pulse == nil {
		return nil
	}
	return c.pulse.lost
}

// seen is what the last answer of the cluster said.
type seen struct {
	leader string
	last   uint64 // the seq of the last message in the stream
}

// clusterMetrics are the metrics of a cluster, as this node sees it.
type clusterMetrics struct {
	disconnects prometheus.Counter
	leaders     prometheus.Counter
	lag         prometheus.Gauge
	replicas    prometheus.Gauge
	offset      prometheus.Gauge
}

func newPulse(n *NATS, reg prometheus.Registerer) *pulse {
	auto := promauto.With(reg)
	p := &pulse{nats: n, lost: make(chan struct{}), roll: roll{all: map[*follower]bool{}}, suspect: map[*follower]int64{},
		problem: errOpening}
	p.metrics = &clusterMetrics{
		disconnects: auto.NewCounter(prometheus.CounterOpts{Name: "mayfly_nats_disconnects_total",
			Help: "Connections to NATS that were lost. They come back by themselves."}),
		leaders: auto.NewCounter(prometheus.CounterOpts{Name: "mayfly_stream_leader_changes_total",
			Help: "Times that another NATS server became the leader of the stream."}),
		lag: auto.NewGauge(prometheus.GaugeOpts{Name: "mayfly_stream_replica_lag",
			Help: "Operations that the slowest replica of the stream is behind the leader."}),
		replicas: auto.NewGauge(prometheus.GaugeOpts{Name: "mayfly_stream_replicas_current",
			Help: "NATS servers that have all messages of the stream, the leader included; 0 while none is the leader."}),
		offset: auto.NewGauge(prometheus.GaugeOpts{Name: "mayfly_stream_clock_offset_seconds",
			Help: "How far this node's clock is ahead of the clock of the stream's leader."}),
	}
	auto.NewGaugeFunc(prometheus.GaugeOpts{Name: "mayfly_nats_connections",
		Help: "Connections to NATS that are open, of three."}, func() float64 { return p.sum(isOpen) })
	auto.NewCounterFunc(prometheus.CounterOpts{Name: "mayfly_nats_received_total",
		Help: "Messages that came from NATS: events and signals of the rooms that are open here, and answers."},
		func() float64 { return p.sum(received) })
	return p
}

func isOpen(conn *nats.Conn) float64 {
	if conn.IsConnected() {
		return 1
	}
	return 0
}

func received(conn *nats.Conn) float64 { return float64(conn.Stats().InMsgs) }

// sum calls the function of with each connection to NATS, and returns the sum of the results.
func (p *pulse) sum(of func(*nats.Conn) float64) (sum float64) {
	l := p.nats.links
	if l == nil {
		return 0
	}
	for _, conn := range []*nats.Conn{l.publish, l.live, l.read} {
		if conn != nil {
			sum += of(conn)
		}
	}
	return sum
}

// onLost runs when a connection to NATS has ended. err is nil if this node has closed the connection.
func (p *pulse) onLost(err error) {
	if err == nil {
		return
	}
	p.metrics.disconnects.Inc()
	p.nats.log.Warn("a connection to NATS was lost", "err", err)
}

// run asks the cluster until ctx is done.
func (p *pulse) run(ctx context.Context) {
	tick := time.NewTicker(pulseEvery)
	defer tick.Stop()
	for {
		err := p.beat(ctx)
		if err == nil && p.nats.condition.stuck() {
			err = errUnanswered
		}
		if ctx.Err() == nil {
			p.setProblem(err)
		}
		if ctx.Err() == nil && p.mover.due(err) {
			p.nats.log.Warn("going to another NATS server", "server", p.nats.links.live.ConnectedServerName(), "err", err)
			p.nats.links.move(ctx)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// beat asks the cluster once how the stream is. Its error says why the cluster does not answer as it should, or is
// ErrLost.
func (p *pulse) beat(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pulseTimeout)
	defer cancel()
	asked := time.Now()
	stream, err := p.nats.js.Stream(ctx, p.nats.links.names.events)
	if err != nil {
		p.metrics.replicas.Set(0)
		// A single server forgets the stream together with its messages. A cluster that is starting may say once that there
		// is none.
		if !errors.Is(err, jetstream.ErrStreamNotFound) {
			p.missing = 0
		} else if p.missing++; p.missing == maxMissing {
			p.lose()
			return ErrLost
		}
		return fmt.Errorf("the stream does not answer: %w", err)
	}
	p.missing = 0
	info := stream.CachedInfo()
	p.checkClock(info.TimeStamp, asked)
	// Each connection may lead to another server, which may be cut off from the leader. So ask on all of them.
	for _, conn := range []*nats.Conn{p.nats.links.live, p.nats.links.read} {
		_, epoch, err := headBy(ctx, conn, p.nats.links.names.epoch())
		if err != nil {
			return fmt.Errorf("the stream's leader does not answer: %w", err)
		}
		if string(epoch) != p.nats.opened.epoch {
			p.lose()
			return ErrLost
		}
	}
	now := seen{last: info.State.LastSeq}
	if info.Cluster != nil {
		now.leader = info.Cluster.Leader
		p.measure(info.Cluster)
	}
	before := p.seen
	p.seen = now
	if before.leader != "" && before.leader != now.leader {
		p.metrics.leaders.Inc()
		p.nats.log.Info("the stream has another leader", "server", now.leader)
	}
	if p.takeUnsure() || before != now || len(p.suspect) > 0 {
		err = p.audit(ctx)
	}
	p.confirmFacts(ctx)
	return err
}

// measure sets the metrics of the stream's replicas to what the stream's leader says.
func (p *pulse) measure(cluster *jetstream.ClusterInfo) {
	current, lag := 1, uint64(0)
	for _, peer := range cluster.Replicas {
		if peer.Current && !peer.Offline {
			current++
		}
		lag = max(lag, peer.Lag)
	}
	p.metrics.replicas.Set(float64(current))
	p.metrics.lag.Set(float64(lag))
}

// lose tells the readers of p.lost that the cluster has lost every message.
func (p *pulse) lose() {
	select {
	case <-p.lost:
	default:
		close(p.lost)
	}
}

// checkClock compares the node's clock with stamp, the time of the stream's leader between the moment asked and now. If
// the node's clock is behind by more than maxClockOffset, checkClock sets it forward, so that nothing is shown for
// longer than it lives. If the clock is ahead by more than that, checkClock cannot set it back. In both cases it warns.
func (p *pulse) checkClock(stamp, asked time.Time) {
	clock, waited := p.nats.clock.Now(), time.Since(asked)
	offset := clock.Add(-waited / 2).Sub(stamp)
	var behind time.Duration // by how much at least, however long the question and the answer took
	if stamp.After(clock) {
		behind = stamp.Sub(clock)
	}
	p.metrics.offset.Set(offset.Seconds())
	var warning string
	switch {
	case behind > maxClockOffset:
		p.nats.clock.AdvanceTo(stamp)
		warning = fmt.Sprintf("the clock of this node was %s behind the clock of NATS: set it right with NTP",
			behind.Round(100*time.Millisecond))
	case offset-waited/2 > maxClockOffset:
		warning = fmt.Sprintf("the clock of this node is %s ahead of the clock of NATS: set it right with NTP, "+
			"and start Mayfly again", offset.Round(100*time.Millisecond))
	}
	p.setWarning(warning)
}

// setProblem records why the cluster does not answer, nil if it does.
func (p *pulse) setProblem(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case err != nil && p.problem == nil:
		p.nats.log.Warn("the NATS servers do not answer as they should", "err", err)
	case err == nil && p.problem != nil && p.problem != errOpening:
		p.nats.log.Info("the NATS servers answer again")
	}
	p.problem = err
}

// setWarning records what is wrong with the clock, "" if nothing is.
func (p *pulse) setWarning(warning string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := time.Now(); warning != "" && (p.warning == "" || now.Sub(p.clockTold) >= clockLogEvery) {
		p.clockTold = now
		p.nats.log.Error(warning)
	}
	p.warning = warning
}

// setUnsure makes the next beat compare every follower with the cluster.
func (p *pulse) setUnsure() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unsure = true
}

// takeUnsure reports whether setUnsure was called since the last call of takeUnsure.
func (p *pulse) takeUnsure() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	unsure := p.unsure
	p.unsure = false
	return unsure
}

// ready returns nil if this node is connected to NATS and the cluster answers.
func (p *pulse) ready() error {
	if open := p.sum(isOpen); open < 3 {
		return fmt.Errorf("%.0f of 3 connections to NATS are open", open)
	}
	_, problem := p.state()
	return problem
}

// state returns what run has found out last.
func (p *pulse) state() (warning string, problem error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.warning, p.problem
}
