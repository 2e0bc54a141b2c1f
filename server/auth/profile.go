package auth

import (
	"container/list"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"mayfly/shared/wire"
)

const (
	lookupBudget = 2 * time.Second // for all that is asked about one person
	maxLookups   = 5               // at once
	maxPeople    = 10_000          // who are remembered without being connected; and who wait to be looked up

	nameFresh    = 10 * time.Minute // nobody asks again
	statusFresh  = 5 * time.Minute  // the same, with RequireActive
	nameKept     = time.Hour        // a name is used while a newer one is looked up; of who is connected, for ever
	nobodyFresh  = time.Minute      // nobody asks again about whom the source doesn't know, or who is not active
	failureFresh = 30 * time.Second // nor after a failure

	recheckEvery = 30 * time.Second // look who is due among the connected
)

// rank says where a name comes from, the best source last.
type rank int

const (
	fromUserinfo rank = iota
	fromAccessToken
	fromIDToken
	fromOkta
	ranks
)

// says is what tokens, all checked, say about a person. Names may be empty, and so may bearer, with which userinfo is asked.
type says struct{ idToken, accessToken, bearer string }

// profiles knows what people are called, and, if it matters, whether they are active.
type profiles struct {
	okta     *source     // static; nil: not asked
	userinfo *source     // static
	strict   bool        // static
	queue    chan errand // static; of the people to look up: each at most once

	telling sync.Mutex // held while followers are told, so that the newest is what they hear last

	mu     sync.Mutex // guards what follows
	people map[string]*person
	names  names
	idle   *list.List // of those people whom nobody follows, the longest unseen first
}

// person is guarded by the mu of profiles.
type person struct {
	id       Identity
	names    [ranks]named
	inactive bool               // the Users API said so last
	answered bool               // the Users API has answered, if only that it knows nobody
	due      time.Time          // ask nobody before
	flight   chan struct{}      // closed when the lookup ends that waits or is under way; nil: none
	follows  map[*follower]bool // none: in idle
	idle     *list.Element
}

type named struct {
	name string
	at   time.Time
}

type follower struct {
	changed func(Change)
	name    string // told last
	left    bool   // told to
}

type errand struct {
	who    *person
	bearer string
}

func newProfiles(cfg Config, issuer *provider, client *http.Client, m *metrics, log *slog.Logger) *profiles {
	p := &profiles{strict: cfg.RequireActive, queue: make(chan errand, maxPeople), people: map[string]*person{}, names: newNames(), idle: list.New()}
	p.userinfo = newUserinfo(issuer.userinfo, client, m, log)
	if cfg.OktaAPIToken != "" {
		p.okta = newOkta(issuer.okta(), cfg.OktaAPIToken, client, m, log)
	}
	return p
}

// run looks people up until ctx is done.
func (p *profiles) run(ctx context.Context) {
	var running sync.WaitGroup
	for range maxLookups {
		running.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case e := <-p.queue:
					p.look(ctx, e)
				}
			}
		})
	}
	for tick := time.NewTicker(recheckEvery); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			running.Wait()
			return
		case <-tick.C:
			p.recheck()
		}
	}
}

// recheck asks the Users API about the connected: with strict again and again, else until it has answered.
func (p *profiles) recheck() {
	if p.okta == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, who := range p.people {
		if len(who.follows) > 0 && (p.strict || !who.answered) {
			p.askLocked(who, "", time.Now())
		}
	}
}

// meet learns what was said about a person who signs in, sees to it that more is found out if it is time, and returns the best
// name known now. Only strict waits, and refuses whom the Users API says not to be active; who it says nothing about comes in.
func (p *profiles) meet(ctx context.Context, id Identity, said says) (name string, refusal *Error) {
	p.mu.Lock()
	now := time.Now()
	who := p.personLocked(id)
	who.learn(fromIDToken, said.idToken, now)
	who.learn(fromAccessToken, said.accessToken, now)
	p.askLocked(who, said.bearer, now)
	flight := who.flight
	p.mu.Unlock()
	p.tell(who)
	if p.strict && flight != nil {
		budget := time.NewTimer(lookupBudget)
		defer budget.Stop()
		select {
		case <-flight:
		case <-budget.C:
		case <-ctx.Done():
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.strict && who.inactive {
		return "", inactive()
	}
	if best := who.best(time.Now()); best != "" {
		return p.names.hold(who.id.ID, best), nil
	}
	return p.names.hold(who.id.ID, id.Name), nil
}

func inactive() *Error {
	return refuse(wire.ReasonUserInactive, "the Users API says that the person is not active")
}

// follow is Verifier.Follow.
func (p *profiles) follow(id Identity, changed func(Change)) (stop func()) {
	f := &follower{changed: changed, name: id.Name}
	p.mu.Lock()
	who := p.personLocked(id)
	if who.idle != nil {
		p.idle.Remove(who.idle)
		who.idle = nil
	}
	who.follows[f] = true
	if !p.names.has(id.ID) { // forgotten since the sign-in
		p.names.hold(id.ID, id.Name)
	}
	p.mu.Unlock()
	p.tell(who)
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(who.follows, f)
		if len(who.follows) == 0 && who.idle == nil {
			p.idleLocked(who)
		}
	}
}

// personLocked returns the person of that id, who counts as seen now.
func (p *profiles) personLocked(id Identity) *person {
	who, ok := p.people[id.ID]
	if !ok {
		who = &person{id: id, follows: map[*follower]bool{}}
		p.people[id.ID] = who
		p.idleLocked(who)
	} else if who.idle != nil {
		p.idle.MoveToBack(who.idle)
	}
	return who
}

// idleLocked notes that nobody follows who, and forgets whoever is one too many.
func (p *profiles) idleLocked(who *person) {
	who.idle = p.idle.PushBack(who)
	if p.idle.Len() > maxPeople {
		gone := p.idle.Remove(p.idle.Front()).(*person)
		delete(p.people, gone.id.ID)
		p.names.forget(gone.id.ID)
	}
}

// learn notes a name, if there is one.
func (who *person) learn(from rank, name string, now time.Time) {
	if name != "" {
		who.names[from] = named{name, now}
	}
}

// best returns the best name that is not too old, empty if there is none.
func (who *person) best(now time.Time) string {
	for from := ranks - 1; from >= 0; from-- {
		if n := who.names[from]; n.name != "" && (len(who.follows) > 0 || now.Sub(n.at) < nameKept) {
			return n.name
		}
	}
	return ""
}

// askLocked has who looked up, unless that is under way, not due, or of no use.
func (p *profiles) askLocked(who *person, bearer string, now time.Time) {
	useful := p.okta != nil || bearer != "" && who.best(now) == ""
	if who.flight != nil || now.Before(who.due) || !useful {
		return
	}
	select {
	case p.queue <- errand{who, bearer}:
		who.flight = make(chan struct{})
	default: // more people than anyone could look up in time
	}
}

// look asks the sources, the best first, until the person has a name.
func (p *profiles) look(ctx context.Context, e errand) {
	ctx, cancel := context.WithTimeout(ctx, lookupBudget)
	defer cancel()
	if p.okta != nil {
		found, err := p.okta.ask(ctx, e.who.id.Subject, "")
		p.settle(e.who, fromOkta, found, err)
	}
	p.mu.Lock()
	nameless := e.who.best(time.Now()) == ""
	p.mu.Unlock()
	if nameless && e.bearer != "" && ctx.Err() == nil {
		found, err := p.userinfo.ask(ctx, e.who.id.Subject, e.bearer)
		p.settle(e.who, fromUserinfo, found, err)
	}
	p.mu.Lock()
	close(e.who.flight)
	e.who.flight = nil
	p.mu.Unlock()
	p.tell(e.who)
}

// settle notes what a source said, and when to ask again: as soon as any source wants.
func (p *profiles) settle(who *person, from rank, found profile, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	fresh := nameFresh
	if p.strict {
		fresh = statusFresh
	}
	switch {
	case errors.Is(err, errNobody):
		fresh = nobodyFresh
	case err != nil:
		fresh = failureFresh
	case found.status != "":
		if who.inactive = found.status != statusActive; who.inactive {
			fresh = nobodyFresh
		}
	}
	if from == fromOkta {
		who.answered = who.answered || err == nil || errors.Is(err, errNobody)
	}
	who.learn(from, found.name, now)
	who.due = now.Add(fresh)
}

// tell tells whoever follows who what they don't know yet.
func (p *profiles) tell(who *person) {
	p.telling.Lock()
	defer p.telling.Unlock()
	p.mu.Lock()
	name, leave := who.best(time.Now()), p.strict && who.inactive
	if name != "" && len(who.follows) > 0 {
		name = p.names.hold(who.id.ID, name)
	}
	var news []*follower
	for f := range who.follows {
		if name != "" && f.name != name || leave && !f.left {
			if name != "" {
				f.name = name
			}
			f.left = leave
			news = append(news, f)
		}
	}
	p.mu.Unlock()
	for _, f := range news {
		change := Change{Name: f.name}
		if leave {
			change.Refused = inactive()
		}
		f.changed(change)
	}
}
