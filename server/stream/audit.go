package stream

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// A copy may get lost although no connection of this node is lost: the leader may die between storing a message and
// republishing it, or the way between two NATS servers may be cut. The next copy shows the gap, but a room may be silent for
// long. So a node compares what its followers have with what the cluster has: those of events whenever the stream has grown,
// and those of facts every pulseEvery.

const (
	auditSubjects = 256 // the most subjects in one question of an audit
	maxChecks     = 40  // how often catchUp looks again if a replica lacks messages that the leader has
	checkWait     = 50 * time.Millisecond
	headTimeout   = time.Second // the longest time for asking the leader for the last message of a subject
)

// errReplica is the error of catchUp if the servers that answer lack messages that the stream's leader has.
var errReplica = errors.New("the NATS servers that answer are behind the stream's leader")

// roll is the list of the followers that run.
type roll struct {
	mu  sync.Mutex // guards what follows
	all map[*follower]bool
}

func (r *roll) add(f *follower) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all[f] = true
}

func (r *roll) remove(f *follower) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.all, f)
}

// byStream returns the followers by the stream that they follow.
func (r *roll) byStream() map[string][]*follower {
	r.mu.Lock()
	defer r.mu.Unlock()
	streams := map[string][]*follower{}
	for f := range r.all {
		streams[f.subject.stream] = append(streams[f.subject.stream], f)
	}
	return streams
}

// confirm asks the stream's leader whether f has the last message of its subject. If it has, confirm sets f.sure. If the
// leader does not answer within headTimeout, confirm returns true, so that the members get what could be read. An audit
// follows when the leader answers.
func (p *pulse) confirm(ctx context.Context, f *follower) bool {
	ctx, cancel := context.WithTimeout(ctx, headTimeout)
	defer cancel()
	asked := time.Now()
	head, _, err := p.nats.links.head(ctx, f.subject)
	if err != nil {
		p.setUnsure()
		return true
	}
	if head > f.last.Load() {
		return false
	}
	f.sure.Store(&asked)
	return true
}

// confirmFacts confirms the followers of facts. The next audit looks at those that are behind.
func (p *pulse) confirmFacts(ctx context.Context) {
	for _, f := range p.roll.byStream()[p.nats.links.names.fact().stream] {
		if last := f.last.Load(); !p.confirm(ctx, f) {
			p.suspect[f] = last + 1
		}
	}
}

// audit compares the followers with what the cluster has. A follower that is behind in two audits reads its subject again:
// in the first one its copies may still have been on their way.
func (p *pulse) audit(ctx context.Context) error {
	for f, seq := range p.suspect {
		if f.last.Load() < seq {
			if interrupt := f.interrupt.Load(); interrupt != nil {
				(*interrupt)()
			}
		}
	}
	p.suspect = map[*follower]int64{}
	for stream, followers := range p.roll.byStream() {
		for part := range slices.Chunk(followers, auditSubjects) {
			if err := p.inspect(ctx, stream, part); err != nil {
				p.setUnsure()
				return err
			}
		}
	}
	return nil
}

// inspect notes which of the followers are behind.
func (p *pulse) inspect(ctx context.Context, stream string, followers []*follower) error {
	bySubject := map[string][]*follower{}
	subjects := make([]string, 0, len(followers))
	for _, f := range followers {
		if bySubject[f.subject.name] == nil {
			subjects = append(subjects, f.subject.name)
		}
		bySubject[f.subject.name] = append(bySubject[f.subject.name], f)
	}
	found, err := p.nats.links.lasts(ctx, stream, subjects)
	if err != nil {
		return err
	}
	for _, m := range found.messages {
		for _, f := range bySubject[m.msg.Header.Get("Nats-Subject")] {
			if f.last.Load() < m.seq {
				p.suspect[f] = m.seq
			}
		}
	}
	return nil
}
