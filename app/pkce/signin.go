// Package pkce signs users in with an OpenID Connect provider, such as Okta, by authorization code with PKCE. It sends the
// user to the provider and handles the return, checks the ID token, keeps the sign-in across reloads, renews the access
// token before it ends, shares all of that between tabs, and signs out. It does not call the browser itself: Config.Browser
// holds the functions that it needs, so that all of it runs natively, in tests on virtual time. From package browser it uses
// only the names of stored data and of a lock. Package app/client decides what to do with a token.
//
// The access token lives only in memory. The refresh token and the ID token are one record in the browser's storage. In Mode
// Device all tabs share this record. Most providers accept a refresh token only once, and end the sign-in if they receive it
// again. So before a tab uses the refresh token, it takes a lock and reads the record again. A sign-in ends only when the
// user, the provider or the server ends it. A network failure does not end it.
//
// Files, from the top down. A file refers only to files below it:
//   - signin, subscribers: SignIn and its loop
//   - redirects, transactions: to the provider's pages and back
//   - renew: new access tokens
//   - listen: the messages of other tabs
//   - monitor, state, tokens, tabs, records: the state and its lock
//   - provider, token, idtoken, keys, metadata, requests: all requests, and checks of the answers
//   - problem, config, clock, text: what all files use
//
// Locks are taken in this order: subscribers.publishing, monitor.mu, and then provider.mu or tabs.mu. Records are URL
// queries instead of JSON to keep the browser's download small.
package pkce

import (
	"context"
	"errors"
	"sync"
	"time"

	"mayfly/app/browser"
	"mayfly/shared/clock"
)

// Credentials are what a Hello or Auth frame needs.
type Credentials struct {
	Token    string // the access token; the ID token if the server wants ID tokens
	ID       string // the ID token; "" if Token is the ID token
	SignInID string // the random id of this sign-in
}

// The errors of SignIn.Token. It returns ErrSignedOut when nobody is signed in. It returns ErrUnavailable when the user
// is signed in, but has no good access token and cannot get one now.
var (
	ErrSignedOut   = errors.New("nobody is signed in")
	ErrUnavailable = errors.New("no access token can be had now")
)

// SignIn manages the sign-in of one page. It does nothing unless Run runs. Begin, Callback, SignOut and Token block:
// never call them on the goroutine that draws. The other methods, except Run, don't block, but End waits for the vault if
// another tab has changed the record. All fields are static after New.
type SignIn struct {
	b           *Browser
	state       *monitor
	provider    *provider
	redirects   *redirects
	renewer     *renewer
	subscribers subscribers
	guest       chan struct{} // closed when the client may connect as a guest before the configuration is known
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
		b: b, state: m, provider: p, subscribers: subscribers{last: &State{}}, guest: make(chan struct{}),
		redirects: &redirects{state: m, provider: p, b: b, pending: pending},
		renewer:   &renewer{state: m, provider: p, b: b},
	}
}

// Subscribe calls show with the current state before it returns, and then with each new state until stop is called. show
// must not block and must not call Subscribe. A call of show may still be running when stop returns.
func (s *SignIn) Subscribe(show func(State)) (stop func()) { return s.subscribers.add(show) }

// Run reads the stored sign-in, renews the access token in time and passes each new state to the subscribers, until ctx
// is done. Then it returns nil. Call Run only once.
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

// restore reads the server's configuration, which names the provider, and then the stored sign-in. If stop is closed before
// the configuration is read, restore gives up. When the first attempt to read the configuration fails, a client without a
// stored sign-in may connect as a guest (admitGuest), so that this user need not wait.
func (s *SignIn) restore(stop <-chan struct{}) {
	if !s.provider.configure(stop, s.admitGuest) {
		return
	}
	m := s.state
	m.hold()
	m.syncLocked()
	s.redirects.pending.sweep(maxPending, m.now())
	if m.outcome.problem.Cause == Foreign {
		m.outcome.problem = Problem{}
	}
	close(m.restored)
	m.release()
}

// admitGuest runs after each attempt to read the configuration that has failed. If no sign-in is stored and none is being
// completed, it lets the client connect as a guest. status is the HTTP status of an answer that another program than Mayfly
// has sent: then admitGuest sets the problem Foreign. status is 0 if no answer came.
func (s *SignIn) admitGuest(status int) {
	m := s.state
	m.hold()
	stored, err := m.records.load()
	if none := err != nil || stored == ""; none && !m.inCallback && !closed(s.guest) {
		close(s.guest)
	}
	if status != 0 {
		m.outcome.problem = because(Foreign, "HTTP "+itoa(int64(status)))
	}
	m.release()
}

// turn is one turn of Run's loop: it handles the messages of other tabs and reads the record that they share. It returns
// how long Run may wait before the next turn, and whether Run must start a renewal now.
func (s *SignIn) turn() (wait time.Duration, begin bool) {
	m := s.state
	m.hold()
	if closed(m.restored) {
		listenLocked(m)
		m.syncLocked()
	}
	wait, begin = s.renewer.scheduleLocked()
	m.mu.Unlock() // not release, which would wake Run: Run itself calls turn, and would never wait
	return wait, begin
}

// publish passes the state to the subscribers if the state has changed.
func (s *SignIn) publish() {
	s.subscribers.publish(func() *State {
		s.state.hold()
		state := s.state.snapshotLocked(s.provider.registered())
		s.state.mu.Unlock()
		return state
	})
}

// Wake makes Run renew the access token now if that is due. After a failed renewal, Wake also ends the wait before the next
// attempt, unless the provider asked for that wait. Call Wake when the page is shown again, when the network is back and
// when the server says that the sign-in is expiring.
//
// SignOut sends the browser to the provider's page. If the user comes back from there to this page, for example with the
// back button, the provider may still know the user: Wake then sets the problem OnlyHere.
func (s *SignIn) Wake() {
	m := s.state
	m.hold()
	m.tokens.retry.Hurry(m.now())
	if m.gone && m.record == nil {
		m.gone, m.outcome.problem = false, Problem{Cause: OnlyHere}
		_ = s.b.Tab.Delete(browser.SignOutKey) // else SignedOut would take a later load of "/" for the return
	}
	m.release()
}

// Token returns credentials that are good now. Call it before every connect. If a renewal of the access token is due, Token
// waits for the renewal first. refusedToken is "", or an access token that the server has just refused: Token does not
// return that token, but gets a new one. Token returns one of these errors:
//   - ErrSignedOut: nobody is signed in.
//   - ErrUnavailable: the access token has expired, and the provider cannot be reached.
//   - the error of ctx: ctx was done before Token had credentials.
func (s *SignIn) Token(ctx context.Context, refusedToken string) (Credentials, error) {
	m := s.state
	select {
	case <-m.restored:
	case <-s.guest:
	case <-ctx.Done():
		return Credentials{}, ctx.Err()
	}
	m.hold()
	defer m.release()
	if !closed(m.restored) {
		return Credentials{}, ErrSignedOut
	}
	s.renewer.awaitLocked(ctx.Done(), refusedToken)
	switch {
	case m.record == nil:
		return Credentials{}, ErrSignedOut
	case m.tokens.access.left(m.now()) > 0:
		c := Credentials{Token: m.tokens.access.text, ID: m.record.id, SignInID: m.record.signInID}
		if s.provider.registered().sendsID {
			c.ID = "" // c.Token already is the ID token, perhaps a newer one than m.record.id
		}
		return c, nil
	case ctx.Err() != nil:
		return Credentials{}, ctx.Err()
	}
	return Credentials{}, ErrUnavailable
}

// Begin sends the browser to the provider's sign-in page. The provider sends the user back to CallbackPath. Callback then
// returns returnTo, a path with its query, or "/" if returnTo is not safe. Begin reports whether the browser is about to
// leave the page; if not, State.Problem says why.
func (s *SignIn) Begin(returnTo string) (leaving bool) { return s.redirects.begin(returnTo) }

// Callback completes a sign-in. address is the address, with its query, to which the provider sent the user back. Call
// Callback before any other code reads the page's address. It returns the path to show next, even if signing in failed;
// the state says whether the user is signed in. It sends an authorization code only once, because good providers end the
// sign-in when a code comes twice.
func (s *SignIn) Callback(address string) (returnTo string) { return s.redirects.callback(address) }

// SignOut signs the user out in all tabs. First it deletes the sign-in from the browser's storage and wakes Run, which tells
// the subscribers; app/client then sends Signout to the server. Next, SignOut revokes the refresh token and sends the
// browser to the provider's end-session endpoint. The provider sends the browser back to "/", and there SignedOut changes
// the address to returnTo, a path with its query, or "/" if returnTo is not safe. If the network fails or the provider has
// no end-session endpoint, the browser stays on the page, and the problem OnlyHere says that the provider may still know the
// user.
func (s *SignIn) SignOut(returnTo string) { s.redirects.signOut(returnTo) }

// SignedOut completes a sign-out for which this tab went to the provider. If the provider has sent the browser back,
// SignedOut replaces the page's address by returnTo, the path that SignOut got. If the browser has come back in another way,
// perhaps because the provider showed an error and the user went back, the state says that the provider may still know the
// user. Call SignedOut once, before Run and before any other code reads the page's address. It does not block.
func (s *SignIn) SignedOut() { s.redirects.signedOut() }

// End ends the sign-in with the id signInID in all tabs. Call it when the server no longer accepts that sign-in. message is
// the server's sentence for the user. End does nothing if another sign-in has replaced that sign-in. It also does nothing if
// the user has signed out in another tab: the server then refuses the sign-in because of the sign-out, and the user knows
// that.
func (s *SignIn) End(signInID, message string) {
	m := s.state
	m.hold()
	defer m.release()
	m.syncLocked()
	if m.record != nil && m.record.signInID == signInID {
		m.endLocked(m.generation, because(WasSignedOut, message))
	}
}

// Unfit sets the problem Misconfigured. Call it when the server accepts no token of the kind that the provider issues.
// message is the server's sentence. The sign-in is not deleted, because it may work again when an operator has corrected the
// configuration.
func (s *SignIn) Unfit(message string) {
	s.state.hold()
	s.state.outcome.problem = because(Misconfigured, message)
	s.state.release()
}

// Deny sets the problem NotAllowed: the server accepts the token but does not admit the user. message is the server's
// sentence for the user.
func (s *SignIn) Deny(message string) {
	s.state.hold()
	s.state.outcome.problem = because(NotAllowed, message)
	s.state.release()
}
