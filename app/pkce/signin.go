// Package pkce signs users in with an OpenID Connect provider, such as Okta, by authorization code with PKCE. It sends the
// user to the provider and handles the return, checks the ID token, keeps the sign-in across reloads, renews the access
// token before it ends, shares all of that between tabs, and signs out. It knows nothing of browsers: Config.Browser holds
// the functions that it needs of one, so that all of it runs natively, in tests on virtual time. Of package browser it has
// only the names under which things are stored. app/client decides what to do with a token.
//
// The access token lives only in memory. The refresh token and the ID token are one record in the browser's storage. This
// record is the truth for all tabs: before a tab uses the refresh token, it takes a lock and reads the record again, because
// most providers accept a refresh token once and end the sign-in when the same one comes twice. A sign-in ends only when the
// user, the provider or the server ends it. A network failure does not end it.
//
// The files in their order, in which none refers to one above it: signin (SignIn and its loop) and subscribers; redirects
// (the ways to the provider and back) on transactions; renew; listen (to other tabs); monitor, the state with its lock, on
// which all of them work, and its parts state, tokens, tabs and records; provider, which makes all requests, with token,
// idtoken, keys, metadata and requests; and problem, config, clock and text.
//
// Locks are taken in this order: subscribers.publishing, monitor.mu, and then provider.mu or tabs.mu. Records are URL
// queries instead of JSON to keep the browser's download small.
package pkce

import (
	"context"
	"errors"
	"sync"
	"time"

	"mayfly/shared/clock"
)

// Credentials are what a Hello or Auth frame needs.
type Credentials struct {
	Token    string // access token
	ID       string // ID token
	SignInID string // the random id of this sign-in
}

// Token returns ErrSignedOut when nobody is signed in. It returns ErrUnavailable when the user is signed in but has no good
// access token, and cannot get one now.
var (
	ErrSignedOut   = errors.New("nobody is signed in")
	ErrUnavailable = errors.New("no access token can be had now")
)

// SignIn is the sign-in of one page. Nothing happens unless Run runs. Begin, Callback, SignOut and Token block: never call
// them on the goroutine that draws. The other methods don't block. All fields are static after New.
type SignIn struct {
	b           *Browser
	state       *monitor
	provider    *provider
	redirects   *redirects
	renewer     *renewer
	subscribers subscribers
}

// New returns a SignIn. Call Run to start it.
func New(c Config) *SignIn {
	b, now := &c.Browser, clock.New()
	pending := transactions{store: b.Tab, tab: b.Tab}
	if c.Mode == Device {
		pending.store = b.Local
	}
	p := newProvider(b, now)
	m := newMonitor(newRecords(&c, p), now)
	return &SignIn{
		b: b, state: m, provider: p, subscribers: subscribers{last: &State{}},
		redirects: &redirects{state: m, provider: p, b: b, pending: pending, params: c.Params},
		renewer:   &renewer{state: m, provider: p, b: b},
	}
}

// Subscribe calls show with the current state before it returns, and then with each new state until stop is called. show
// must not block and must not call Subscribe. A call of show may still be running when stop returns.
func (s *SignIn) Subscribe(show func(State)) (stop func()) { return s.subscribers.add(show) }

// Run restores the stored sign-in, renews it and publishes changes until ctx is done. Then it returns nil. It may be called
// only once.
func (s *SignIn) Run(ctx context.Context) error {
	defer s.state.tabs.join(s.b.Join, s.state.wakeRun)()
	var work sync.WaitGroup
	defer work.Wait()
	work.Go(func() { s.restore(ctx.Done()) })
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.state.wake:
		case <-timer.C:
		}
		wait, begin := s.turn()
		if begin {
			work.Go(s.renewer.renew)
		}
		s.publish()
		timer.Reset(wait)
	}
}

// restore learns the provider and reads the stored sign-in, unless stop is closed first.
func (s *SignIn) restore(stop <-chan struct{}) {
	if !s.provider.configure(stop) {
		return
	}
	m := s.state
	m.hold()
	m.syncLocked()
	s.redirects.pending.sweep(maxPending, m.now())
	close(m.restored)
	m.release()
}

// turn is one turn of Run: it follows the other tabs, and returns how long Run may wait and whether it must begin a renewal.
func (s *SignIn) turn() (wait time.Duration, begin bool) {
	m := s.state
	m.hold()
	if closed(m.restored) {
		listenLocked(m)
		m.syncLocked()
	}
	wait, begin = s.renewer.scheduleLocked()
	m.mu.Unlock() // without waking Run, which is here
	return wait, begin
}

// publish passes the state to the subscribers if it has changed.
func (s *SignIn) publish() {
	s.subscribers.publish(func() *State {
		s.state.hold()
		state := s.state.snapshotLocked(s.provider.registered().issuer == "")
		s.state.mu.Unlock()
		return state
	})
}

// Wake renews the access token now if that is due. It also ends the wait after a failed renewal, unless the provider asked
// for that wait. Call it when the page is shown again, when the network is back and when the server says that the sign-in is
// expiring.
func (s *SignIn) Wake() {
	s.state.hold()
	s.state.tokens.retry.Hurry(s.state.now())
	s.state.release()
}

// Token returns credentials that are good now. It renews them first if that is due. Call it before every connect. refused is
// an access token that seemed good but that the server refused, or "": Token then gets another one. Token returns
// ErrSignedOut if nobody is signed in, ErrUnavailable if the access token has ended and the provider cannot be reached, or
// ctx's error.
func (s *SignIn) Token(ctx context.Context, refused string) (Credentials, error) {
	m := s.state
	select {
	case <-m.restored:
	case <-ctx.Done():
		return Credentials{}, ctx.Err()
	}
	m.hold()
	defer m.release()
	s.renewer.awaitLocked(ctx.Done(), refused)
	switch {
	case m.record == nil:
		return Credentials{}, ErrSignedOut
	case m.tokens.access.left(m.now()) > 0:
		return Credentials{Token: m.tokens.access.text, ID: m.record.id, SignInID: m.record.signInID}, nil
	case ctx.Err() != nil:
		return Credentials{}, ctx.Err()
	}
	return Credentials{}, ErrUnavailable
}

// Begin leaves the page for the provider, which sends the user back to CallbackPath. From there the user gets to returnTo, a
// path with its query, or to "/" if returnTo is not safe. Begin reports whether the browser is about to leave the page; if
// not, the state says why.
func (s *SignIn) Begin(returnTo string) (leaving bool) { return s.redirects.begin(returnTo) }

// Callback completes a sign-in. address is the address, with its query, to which the provider sent the user back. Call it
// before any other code reads the page's address. It returns the path to show next, whether or not the user is signed in;
// the state says which. It sends a code only once, because good providers end the sign-in when a code comes twice.
func (s *SignIn) Callback(address string) (returnTo string) { return s.redirects.callback(address) }

// SignOut signs out in all tabs. Before it waits for the network, it removes the sign-in from the browser and wakes Run,
// which tells the subscribers; they send signout to the server. Then it revokes the refresh token and leaves the page for
// the provider's end-session endpoint. If the network fails or the provider has no such endpoint, the page stays, and the
// state says that the provider may still know the user.
func (s *SignIn) SignOut() { s.redirects.signOut() }

// End ends the sign-in with the id signInID in all tabs, because the server no longer accepts it. why is the server's
// sentence. End does nothing if another sign-in has replaced this one. It also does nothing if another tab has signed out:
// then the server's message came before that tab's.
func (s *SignIn) End(signInID, why string) {
	m := s.state
	m.hold()
	defer m.release()
	m.syncLocked()
	if m.record != nil && m.record.signInID == signInID {
		m.endLocked(m.generation, because(WasSignedOut, why))
	}
}

// Deny shows that the server accepts the token but does not admit the user. why is the server's sentence.
func (s *SignIn) Deny(why string) {
	s.state.hold()
	s.state.outcome.problem = because(NotAllowed, why)
	s.state.release()
}
