// Package names finds out the display names of users. If Config.RequireActive is set, it also finds out whether users are
// active in Okta. A name comes from the ID token, the access token, Okta's Users API or the issuer's userinfo endpoint. The
// package caches names and looks them up in the background. No sign-in waits for a name; a follower (see Profiles.Follow)
// is told when a better name is found. Users choose their names, so a name may be hostile. The package cleans names, refuses
// names that imitate a guest, and adds a suffix if the names of two users look the same (see package spelling).
//
// Package auth checks tokens, and asks this package for the names of the users in them.
//
// Files in order: profiles.go, source.go (Okta and userinfo), clean.go, lookalike.go, metrics.go.
//
// Locks: Profiles.notifying is taken before Profiles.mu. Profiles.mu is not held while a follower is called.
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
	lookupBudget = 2 * time.Second // the longest time of one lookup, which is all requests about one user
	maxLookups   = 5               // the most lookups at the same time
	maxUsers     = 10_000          // the most users in the cache who are not connected; also the most lookups in the queue

	// After a lookup of a user, the next lookup of that user is due when one of these times has passed. Which of them
	// counts depends on how the lookup ended.
	nameFresh    = 10 * time.Minute // after an answer, if Config.RequireActive is false
	statusFresh  = 5 * time.Minute  // after an answer, if Config.RequireActive is true
	nobodyFresh  = time.Minute      // after the answer that the user is unknown or not active
	failureFresh = 30 * time.Second // after a lookup that failed

	nameKept     = time.Hour        // how long the name of a user who is not connected is used after it was found
	recheckEvery = 30 * time.Second // how often Run queues the lookups that are due for connected users
)

// nameSource says from which source a name comes. A higher value is a better source, whose name is preferred.
type nameSource int

const (
	fromUserinfo nameSource = iota
	fromAccessToken
	fromIDToken
	fromOkta
	nameSources // the number of sources
)

// Config says which sources New uses for names, and whether it checks that users are active.
type Config struct {
	Okta          string // the base URL of Okta's API
	OktaToken     string // the API token for Okta's Users API; empty: the Users API is not asked
	RequireActive bool   // refuse users whom the Users API reports as not active; needs OktaToken

	Userinfo func() string // returns the URL of the userinfo endpoint; "": the issuer has none, or the URL is not known yet
	// ReadUserinfo returns the name in body, an answer of userinfo. It returns an error if the answer is not about
	// subject.
	ReadUserinfo func(body []byte, subject string) (name string, err error)
}

// User is the user of a token that was checked.
type User struct {
	ID      string // Mayfly's id of the user
	Subject string // the issuer's id of the user
	Name    string // the user's name until Profiles knows a better one
}

// Hints contains the names in a user's tokens, and the access token itself. Each field may be empty.
type Hints struct {
	IDToken     string // the name in the ID token, which was checked
	AccessToken string // the name in the access token, which was checked
	Bearer      string // the access token itself, for a request to userinfo
}

// Change says what has changed about a connected user.
type Change struct {
	Name     string
	Inactive bool // the user must leave, because the Users API says "not active"; only if Config.RequireActive is true
}

// Profiles caches the names of users and, if Config.RequireActive is set, whether the users are active in Okta. It looks
// both up in the background. Any goroutine may call its methods.
type Profiles struct {
	okta     *source     // static; nil: the Users API is not asked
	userinfo *source     // static
	strict   bool        // static; Config.RequireActive
	queue    chan lookup // static; lookups to do, at most one for each user

	// notifying is held while onChange of the followers is called. Without this lock, two goroutines could call onChange
	// in the wrong order, and a follower would end with an old name. notifying is taken before mu.
	notifying sync.Mutex

	mu    sync.Mutex       // guards what follows
	users map[string]*user // the cache, by user id
	taken taken            // the names that users of this node have
	idle  *list.List       // the users without a follower, in the order in which they were last seen, oldest first
}

// user holds the facts that Profiles knows about one user. It is an entry of Profiles.users, and Profiles.mu guards it.
type user struct {
	User
	names     [nameSources]named // the newest name from each source
	inactive  bool               // the last answer of the Users API said that the user is not active
	answered  bool               // the Users API has answered at least once; the answer "there is no such user" counts, too
	due       time.Time          // no lookup is queued before this time
	inflight  chan struct{}      // closed when the queued or running lookup has ended; nil: no lookup is queued or running
	followers map[*follower]bool // if it is empty, the user is in Profiles.idle
	idle      *list.Element      // the user's place in Profiles.idle; nil: the user has a follower
}

// named is a name and the time at which it was found.
type named struct {
	name string
	at   time.Time
}

// follower belongs to one call of Follow. It lives until stop is called.
type follower struct {
	onChange func(Change) // the function that Follow got
	name     string       // the name in the last call of onChange; before the first call, the name that Follow got
	refused  bool         // the last call of onChange had Inactive set: the user is no longer admitted
}

// lookup is one job in Profiles.queue: look up user. bearer is the access token for userinfo; if it is empty, userinfo
// is not asked.
type lookup struct {
	user   *user
	bearer string
}

// New returns Profiles with an empty cache. client sends all requests to Okta and to userinfo. It must limit the size of
// the response bodies, because Profiles reads each body into memory. Lookups are only made while Run runs.
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

// Run does the queued lookups until ctx is done, up to maxLookups at the same time. Once in every recheckEvery, it also
// queues the lookups that are due for connected users.
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

// recheck queues the lookups that are due for connected users. If Config.RequireActive is true, it looks up all of them
// again and again, because their status may change. Otherwise it looks up only users about whom the Users API has never
// answered. Without the Users API, recheck does nothing.
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

// Resolve runs when a token of the user was checked: at a sign-in or a renewal. It records the names in hints, queues a
// lookup if a lookup is due, and returns the best name that is known now. If Config.RequireActive is true, Resolve
// first waits until the lookup has ended, for lookupBudget at most or until ctx is done. Otherwise it does not block,
// and active is always true. With Config.RequireActive, active is false if the Users API has reported the user as not
// active. While the Users API has not answered about the user, active is true: otherwise a fault of Okta would lock out
// all users.
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

// Follow calls onChange each time the user gets another name, and when the user must leave. id.Name is the name that the
// caller already has. If Profiles knows another name by now, or knows that the user must leave, Follow calls onChange
// before it returns. stop ends the calls, but one more call may come while stop runs or shortly after. onChange must not
// block and must not call methods of Profiles.
func (p *Profiles) Follow(id User, onChange func(Change)) (stop func()) {
	f := &follower{onChange: onChange, name: id.Name}
	p.mu.Lock()
	u := p.userLocked(id)
	if u.idle != nil {
		p.idle.Remove(u.idle)
		u.idle = nil
	}
	u.followers[f] = true
	if !p.taken.holds(id.ID) { // between the sign-in and now, Profiles has removed the user from its cache
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

// userLocked returns the user with the id id.ID. If p.users has no such user, it adds the user. If the user is idle, it
// moves the user to the end of p.idle, as the user who was seen last.
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

// idleLocked adds u, who has no follower, to the idle users. If there are then more than maxUsers idle users, it removes the
// idle user who was seen least recently from the cache.
func (p *Profiles) idleLocked(u *user) {
	u.idle = p.idle.PushBack(u)
	if p.idle.Len() > maxUsers {
		gone := p.idle.Remove(p.idle.Front()).(*user)
		delete(p.users, gone.ID)
		p.taken.release(gone.ID)
	}
}

// setName records name as u's newest name from the source origin. If name is empty, it does nothing.
func (u *user) setName(origin nameSource, name string, now time.Time) {
	if name != "" {
		u.names[origin] = named{name, now}
	}
}

// best returns the name of u from the best source that has returned a name, or "" if there is none. If u is not
// connected, it ignores names that were found longer than nameKept ago.
func (u *user) best(now time.Time) string {
	for from := nameSources - 1; from >= 0; from-- {
		if n := u.names[from]; n.name != "" && (len(u.followers) > 0 || now.Sub(n.at) < nameKept) {
			return n.name
		}
	}
	return ""
}

// enqueueLocked queues a lookup of u. It does nothing if a lookup of u is queued or running, if no lookup is due, or
// if the lookup would ask no source.
func (p *Profiles) enqueueLocked(u *user, bearer string, now time.Time) {
	useful := p.okta != nil || bearer != "" && u.best(now) == ""
	if u.inflight != nil || now.Before(u.due) || !useful {
		return
	}
	select {
	case p.queue <- lookup{u, bearer}:
		u.inflight = make(chan struct{})
	default: // the queue is full, so the lookup would run too late to be useful: drop it
	}
}

// lookUp does one lookup. It asks the Users API, if that is set up. If the user then still has no name, it asks userinfo.
// At the end it notifies the user's followers.
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

// recordAnswer records what one source, origin, has answered about u: a profile or an error. It also sets u.due,
// the time before which no further lookup of u is queued. If a lookup asks two sources, the second answer replaces the u.due
// that the first answer has set.
func (p *Profiles) recordAnswer(u *user, origin nameSource, found profile, err error) {
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
	if origin == fromOkta {
		u.answered = u.answered || err == nil || errors.Is(err, errNobody)
	}
	u.setName(origin, found.name, now)
	u.due = now.Add(fresh)
}

// notify tells the followers of u the news: it calls onChange of each follower that does not have u's current name yet,
// or was not told yet that u must leave.
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
		f.onChange(Change{Name: f.name, Inactive: leave})
	}
}
