// Package names finds out what users are called, and with RequireActive whether they are active in Okta. Names come from
// the ID token, the access token, Okta's Users API or userinfo. They are cached and looked up in the background: no sign-in
// waits for a name, and a follower is told when a better name is found. Strangers choose names, so the package cleans them,
// refuses those that imitate a guest, and tells two users apart whose names look the same.
//
// Package auth checks tokens and asks this package for the name of their user.
//
// Files in order: profiles.go, source.go (Okta and userinfo), clean.go, lookalike.go, metrics.go.
//
// Locks: Profiles.notifying is taken before Profiles.mu; followers are called without Profiles.mu.
package names

import (
	"container/list"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	lookupBudget = 2 * time.Second // for all requests about one user
	maxLookups   = 5               // lookups at the same time
	maxUsers     = 10_000          // users remembered without being connected; also the capacity of the lookup queue

	// How long after a lookup the same user is not looked up again:
	nameFresh    = 10 * time.Minute // after an answer
	statusFresh  = 5 * time.Minute  // after an answer, with RequireActive
	nobodyFresh  = time.Minute      // if the source doesn't know the user, or the user is not active
	failureFresh = 30 * time.Second // after a failure

	nameKept     = time.Hour        // how long a name is used if no newer one is found; for a connected user, for ever
	recheckEvery = 30 * time.Second // how often Run looks for connected users whose lookup is due
)

// nameSource says where a name comes from. A higher value is a better source.
type nameSource int

const (
	fromUserinfo nameSource = iota
	fromAccessToken
	fromIDToken
	fromOkta
	nameSources
)

// Config says where names come from.
type Config struct {
	Okta          string // base URL of Okta's API
	OktaToken     string // empty: the Users API is not asked
	RequireActive bool   // refuse users whom the Users API reports as not active; needs OktaToken

	Userinfo func() string // returns the URL of the userinfo endpoint, "" if there is none or it is not known yet
	// ReadUserinfo returns the name in an answer of userinfo, which must be about subject.
	ReadUserinfo func(body []byte, subject string) (name string, err error)
}

// User is a user whose token was checked.
type User struct {
	ID      string // in Mayfly
	Subject string // the issuer's id of the user
	Name    string // the name until a better one is known
}

// Hints holds the names in a user's tokens, which have been checked, and the access token with which userinfo may be asked.
// Each may be empty.
type Hints struct{ IDToken, AccessToken, Bearer string }

// Change is news about a connected user.
type Change struct {
	Name     string
	Inactive bool // with RequireActive, the Users API reports the user as not active: the user must leave
}

// Profiles caches the names of users, and with RequireActive whether they are active. It looks both up in the background.
type Profiles struct {
	okta     *source     // static; nil: the Users API is not asked
	userinfo *source     // static
	strict   bool        // static; RequireActive
	queue    chan lookup // static; lookups to do, one for each user at most

	notifying sync.Mutex // held while followers are notified, so that the newest change reaches them last; taken before mu

	mu    sync.Mutex // guards what follows
	users map[string]*user
	taken taken
	idle  *list.List // users without a follower, the one seen longest ago first
}

// user is what Profiles knows about one user, an entry of Profiles.users.
type user struct {
	User
	names     [nameSources]named
	inactive  bool               // the last answer of the Users API said so
	answered  bool               // the Users API has answered about the user, or that it doesn't know the user
	due       time.Time          // no lookup before this time
	inflight  chan struct{}      // closed when the queued or running lookup has ended; nil: there is none
	followers map[*follower]bool // if there are none, the user is in idle
	idle      *list.Element
}

type named struct {
	name string
	at   time.Time
}

// follower is one call of Follow.
type follower struct {
	changed func(Change)
	name    string // the name in the last call of changed; before the first call, the name that Follow was given
	refused bool   // changed was called with Inactive
}

// lookup is the order to look a user up. bearer may be empty.
type lookup struct {
	user   *user
	bearer string
}

// New returns profiles of no user. client makes every request; its bodies must be bounded. The lookups are made while Run
// runs.
func New(c Config, client *http.Client, reg prometheus.Registerer, log *slog.Logger) *Profiles {
	p := &Profiles{strict: c.RequireActive, queue: make(chan lookup, maxUsers), users: map[string]*user{},
		taken: newTaken(), idle: list.New()}
	m := newMetrics(reg)
	p.userinfo = newUserinfo(c, client, m, log)
	if c.OktaToken != "" {
		p.okta = newOkta(c, client, m, log)
	}
	return p
}

// Run does the lookups until ctx is done.
func (p *Profiles) Run(ctx context.Context) {
	var running sync.WaitGroup
	for range maxLookups {
		running.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case l := <-p.queue:
					p.lookUp(ctx, l)
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

// recheck queues lookups of connected users in the Users API: in strict mode whenever one is due, otherwise only until the
// Users API has answered once.
func (p *Profiles) recheck() {
	if p.okta == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, u := range p.users {
		if len(u.followers) > 0 && (p.strict || !u.answered) {
			p.enqueueLocked(u, "", time.Now())
		}
	}
}

// Resolve records the hints about a user who signs in, queues a lookup if one is due, and returns the best name that is
// known now. It blocks only with RequireActive: it waits for the lookup, lookupBudget at most. active is false if the Users
// API reports the user as not active. A user about whom the Users API does not answer counts as active.
func (p *Profiles) Resolve(ctx context.Context, id User, hints Hints) (name string, active bool) {
	p.mu.Lock()
	now := time.Now()
	u := p.userLocked(id)
	u.setName(fromIDToken, hints.IDToken, now)
	u.setName(fromAccessToken, hints.AccessToken, now)
	p.enqueueLocked(u, hints.Bearer, now)
	inflight := u.inflight
	p.mu.Unlock()
	p.notify(u)
	if p.strict && inflight != nil {
		budget := time.NewTimer(lookupBudget)
		defer budget.Stop()
		select {
		case <-inflight:
		case <-budget.C:
		case <-ctx.Done():
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.strict && u.inactive {
		return "", false
	}
	if best := u.best(time.Now()); best != "" {
		return p.taken.claimName(u.ID, best), true
	}
	return p.taken.claimName(u.ID, id.Name), true
}

// Follow calls changed whenever a better name than id.Name is found or the user must leave, until stop is called. If that is
// known already, Follow calls changed before it returns. changed must not block and must not call p. One more call may come
// while stop runs or just after.
func (p *Profiles) Follow(id User, changed func(Change)) (stop func()) {
	f := &follower{changed: changed, name: id.Name}
	p.mu.Lock()
	u := p.userLocked(id)
	if u.idle != nil {
		p.idle.Remove(u.idle)
		u.idle = nil
	}
	u.followers[f] = true
	if !p.taken.holds(id.ID) { // Profiles has forgotten the user since the sign-in
		p.taken.claimName(id.ID, id.Name)
	}
	p.mu.Unlock()
	p.notify(u)
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(u.followers, f)
		if len(u.followers) == 0 && u.idle == nil {
			p.idleLocked(u)
		}
	}
}

// userLocked returns the user with that id, makes one if there is none, and marks the user as seen now.
func (p *Profiles) userLocked(id User) *user {
	u, ok := p.users[id.ID]
	if !ok {
		u = &user{User: id, followers: map[*follower]bool{}}
		p.users[id.ID] = u
		p.idleLocked(u)
	} else if u.idle != nil {
		p.idle.MoveToBack(u.idle)
	}
	return u
}

// idleLocked adds u, who has no follower, to the idle users. If there are more than maxUsers, it forgets the one seen
// longest ago.
func (p *Profiles) idleLocked(u *user) {
	u.idle = p.idle.PushBack(u)
	if p.idle.Len() > maxUsers {
		gone := p.idle.Remove(p.idle.Front()).(*user)
		delete(p.users, gone.ID)
		p.taken.release(gone.ID)
	}
}

// setName records a name of u, unless it is empty.
func (u *user) setName(from nameSource, name string, now time.Time) {
	if name != "" {
		u.names[from] = named{name, now}
	}
}

// best returns the name from the best source that is not too old, "" if there is none.
func (u *user) best(now time.Time) string {
	for from := nameSources - 1; from >= 0; from-- {
		if n := u.names[from]; n.name != "" && (len(u.followers) > 0 || now.Sub(n.at) < nameKept) {
			return n.name
		}
	}
	return ""
}

// enqueueLocked queues a lookup of u, unless one is under way, none is due, or no source could help.
func (p *Profiles) enqueueLocked(u *user, bearer string, now time.Time) {
	useful := p.okta != nil || bearer != "" && u.best(now) == ""
	if u.inflight != nil || now.Before(u.due) || !useful {
		return
	}
	select {
	case p.queue <- lookup{u, bearer}:
		u.inflight = make(chan struct{})
	default: // the queue is full: a lookup would come too late
	}
}

// lookUp asks the sources, the best one first, until the user has a name. Then it notifies the user's followers.
func (p *Profiles) lookUp(ctx context.Context, l lookup) {
	ctx, cancel := context.WithTimeout(ctx, lookupBudget)
	defer cancel()
	if p.okta != nil {
		found, err := p.okta.ask(ctx, l.user.Subject, "")
		p.recordAnswer(l.user, fromOkta, found, err)
	}
	p.mu.Lock()
	nameless := l.user.best(time.Now()) == ""
	p.mu.Unlock()
	if nameless && l.bearer != "" && ctx.Err() == nil {
		found, err := p.userinfo.ask(ctx, l.user.Subject, l.bearer)
		p.recordAnswer(l.user, fromUserinfo, found, err)
	}
	p.mu.Lock()
	close(l.user.inflight)
	l.user.inflight = nil
	p.mu.Unlock()
	p.notify(l.user)
}

// recordAnswer records the answer of a source, and when the next lookup is due. The source that was asked last decides when.
func (p *Profiles) recordAnswer(u *user, from nameSource, found profile, err error) {
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
		if u.inactive = found.status != statusActive; u.inactive {
			fresh = nobodyFresh
		}
	}
	if from == fromOkta {
		u.answered = u.answered || err == nil || errors.Is(err, errNobody)
	}
	u.setName(from, found.name, now)
	u.due = now.Add(fresh)
}

// notify calls the changed function of every follower that does not know u's current name yet, or that does not know yet
// that u must leave.
func (p *Profiles) notify(u *user) {
	p.notifying.Lock()
	defer p.notifying.Unlock()
	p.mu.Lock()
	name, leave := u.best(time.Now()), p.strict && u.inactive
	if name != "" && len(u.followers) > 0 {
		name = p.taken.claimName(u.ID, name)
	}
	var news []*follower
	for f := range u.followers {
		if name != "" && f.name != name || leave && !f.refused {
			if name != "" {
				f.name = name
			}
			f.refused = leave
			news = append(news, f)
		}
	}
	p.mu.Unlock()
	for _, f := range news {
		f.changed(Change{Name: f.name, Inactive: leave})
	}
}
