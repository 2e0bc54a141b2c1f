// Package pkce signs users in with an OpenID Connect provider, such as Okta, by authorization code with PKCE. It sends the
// user to the provider and handles the return, checks the ID token, keeps the sign-in across reloads, renews the access
// token before it ends, shares all of that between tabs, and signs out. It knows nothing of browsers: Config.Browser holds
// the functions that it needs of one, so that all of it runs natively, in tests on virtual time. app/client decides what to
// do with a token.
//
// The access token lives only in memory. The refresh token and the ID token are one record in the browser's storage. This
// record is the truth for all tabs: before a tab uses the refresh token, it takes a lock and reads the record again, because
// most providers accept a refresh token once and end the sign-in when the same one comes twice. A sign-in ends only when the
// user, the provider or the server ends it. A network failure does not end it.
//
// SignIn is a monitor: one mutex guards everything, and code holds it all the time except while it waits for the network,
// the vault or another tab. After such a wait the state may have changed; generation tells whether the sign-in is still the
// same. Three choices keep the browser's download small: the monitor, records that are URL queries instead of JSON, and
// small functions that the compiler does not inline.
package pkce

import (
	"context"
	"errors"
	"sync"
	"time"

	"mayfly/shared/backoff"
	"mayfly/shared/clock"
)

// CallbackPath is the path to which the provider sends users back. The redirect URI is the page's origin and this path.
const CallbackPath = "/login/callback"

// Mode says where the refresh token and the ID token are stored.
type Mode int

// The modes.
const (
	Device Mode = iota // sealed, in the storage that all tabs share: the sign-in survives a restart of the browser
	Tab                // in the tab's own storage: the sign-in survives reloads
	Memory             // nowhere: the sign-in ends with the page
)

// Config holds what New needs. The provider and the client id are not in it: SignIn reads them from the server's
// /config.json and stores the last answer for starts without a network.
type Config struct {
	Mode    Mode
	Params  []string // more parameters for the provider's authorize endpoint, such as prompt: alternating names and values
	Browser Browser
}

// Browser holds the functions of the page that signing in needs. Any goroutine may call them.
type Browser struct {
	Origin string // of the page: scheme, host and port

	// Fetch gets url, or posts form to it if form is not empty. It sends no cookies, stores nothing, follows no redirect
	// and takes no longer than timeout. With keepalive the request goes on when the page is left. err means that Fetch
	// could read no answer.
	Fetch func(url, form string, keepalive bool, timeout time.Duration) (
		status int, header func(name string) string, body []byte, err error)

	Local Storage // shared by all tabs
	Tab   Storage // the tab's own
	Vault Vault   // seals what goes into Local

	// Lock waits until no other tab holds the lock called name, at most for timeout. In a browser without locks it returns
	// at once.
	Lock func(name string, timeout time.Duration) (unlock func(), err error)

	// Join joins the channel of the tabs. It calls receive with each message of another tab. send must not call receive.
	Join func(receive func(message string)) (send func(message string), leave func())

	// Verify checks a signature. alg is the algorithm's name in JOSE, never RS256. jwk is the public key.
	Verify func(alg string, jwk, signed, signature []byte) bool

	Assign  func(url string)                   // leaves the page for url
	Submit  func(url string, fields ...string) // leaves the page by posting a form of alternating names and values
	Replace func(path string)                  // changes the page's address and history entry without leaving the page
}

// Storage keeps strings. Any call may fail: the browser may deny storage, or the storage may be full.
type Storage interface {
	Load(key string) (value string, err error) // "" if there is none
	Save(key, value string) error
	Delete(key string) error
	Keys() ([]string, error)
}

// Vault seals text with a key that no program can read. The first Seal makes the key.
type Vault interface {
	Seal(plain string) (sealed string, err error)
	// Open returns the text that was sealed. ok is false if that will never be possible: the text is damaged or the key is
	// gone. err means that the vault cannot be used now.
	Open(sealed string) (plain string, ok bool, err error)
	Forget() // destroys the key
}

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
// them on the goroutine that draws. The other methods don't block.
type SignIn struct {
	// static after New
	mode     Mode
	params   []string
	b        Browser
	store    Storage // of the record
	pending  Storage // of sign-ins that have begun and not returned yet
	moment   clock.Clock
	wake     chan struct{} // capacity 1: Run has something to do
	restored chan struct{} // closed once the provider is known and the record was read

	publishing sync.Mutex // held while subscribers are called, so that each gets the states in order

	mu          sync.Mutex // guards what follows
	issuer      string     // "": the server has no provider
	clientID    string
	scopes      string
	send        func(message string)
	tabInbox    []string // messages of other tabs that Run has not handled yet
	published   State
	subscribers []*func(State) // a pointer to nil: this subscriber has stopped

	generation    int     // grows when the sign-in ends or another replaces it: then work that began before is void
	record        *record // nil: nobody is signed in
	raw           string  // the record in its stored form; "" if it is not stored
	formerID      string  // SignInID of the sign-in before
	name          string  // the user's name, from the ID token
	access        access
	refused       string        // an access token that the server refused
	accessChanged chan struct{} // closed when access changes, and then replaced
	version       int
	skew          time.Duration

	inCallback   bool // Callback is checking the provider's answer
	leaving      bool // Begin is under way
	ended        bool // the sign-in has ended, but not because the user signed out
	problem      *Problem
	retry        backoff.Schedule
	renewing     chan struct{} // a renewal is wanted, and this is closed when it ends; nil: none is wanted
	renewalBegun bool          // that renewal has begun
	provider     *provider
	keys         []object // nil: not read yet
	keysRead     clock.Moment
}

// New returns a SignIn. Call Run to start it.
func New(c Config) *SignIn {
	s := &SignIn{
		mode: c.Mode, params: c.Params, b: c.Browser, moment: clock.New(), retry: newRetry(), send: func(string) {},
		wake: make(chan struct{}, 1), restored: make(chan struct{}), accessChanged: make(chan struct{}),
		store: c.Browser.Tab, pending: c.Browser.Tab,
	}
	switch c.Mode {
	case Device:
		s.store, s.pending = c.Browser.Local, c.Browser.Local
	case Memory:
		s.store = discard{}
	}
	return s
}

// Subscribe calls show with the current state before it returns, and then with each new state until stop is called. show
// must not block and must not call Subscribe. A call of show may still be running when stop returns.
func (s *SignIn) Subscribe(show func(State)) (stop func()) {
	s.publishing.Lock()
	defer s.publishing.Unlock()
	s.hold()
	s.subscribers = append(s.subscribers, &show)
	state := s.published
	s.mu.Unlock()
	show(state)
	return func() {
		s.hold()
		show = nil
		s.mu.Unlock()
	}
}

// publish passes the state to the subscribers if it has changed.
func (s *SignIn) publish() {
	s.publishing.Lock()
	defer s.publishing.Unlock()
	s.hold()
	state := s.state()
	changed := state != s.published
	s.published = state
	var showing []func(State)
	for _, show := range s.subscribers {
		if *show != nil && changed {
			showing = append(showing, *show)
		}
	}
	s.mu.Unlock()
	for _, show := range showing {
		show(state)
	}
}

// Run restores the stored sign-in, renews it and publishes changes until ctx is done. Then it returns nil. It may be called
// only once.
func (s *SignIn) Run(ctx context.Context) error {
	send, leave := s.b.Join(s.onTabMessage)
	defer leave()
	var work sync.WaitGroup
	defer work.Wait()
	work.Go(func() {
		s.hold()
		defer s.release()
		s.send = send
		if s.configure(ctx.Done()) {
			s.syncRecord()
			s.sweepPending(false)
			close(s.restored)
		}
	})
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.wake:
		case <-timer.C:
		}
		s.hold()
		if closed(s.restored) {
			s.handleTabMessages()
			s.syncRecord()
		}
		wait, begin := s.schedule()
		s.mu.Unlock()
		if begin {
			work.Go(s.renew)
		}
		s.publish()
		timer.Reset(wait)
	}
}

// schedule returns how long Run may wait, and whether it must begin a renewal now.
func (s *SignIn) schedule() (wait time.Duration, begin bool) {
	if s.record == nil && s.renewing == nil {
		return tick, false
	}
	now := s.moment()
	due := s.due(now)
	if s.record != nil && s.record.refresh == "" && due > warnBefore {
		wait = due - warnBefore
	}
	if due = max(due, s.retry.Due(now)); due <= 0 && s.renewing == nil {
		s.renewing = make(chan struct{})
	}
	if s.renewing != nil {
		begin, s.renewalBegun = !s.renewalBegun, true
		return tick, begin
	}
	if wait == 0 {
		wait = due
	}
	return min(wait, tick), false
}

// due returns the time until another access token is needed.
//
//go:noinline
func (s *SignIn) due(now clock.Moment) time.Duration {
	if s.record != nil && s.record.refresh == "" { // only a new sign-in in another tab can give one, so there is no margin
		return s.access.left(now)
	}
	return s.access.left(now) - s.access.margin
}

// Wake renews the access token now if that is due. It also ends the wait after a failed renewal, unless the provider asked
// for that wait. Call it when the page is shown again, when the network is back and when the server says that the sign-in is
// expiring.
func (s *SignIn) Wake() {
	s.hold()
	s.retry.Hurry(s.moment())
	s.release()
}

// Token returns credentials that are good now. It renews them first if that is due. Call it before every connect. refused is
// an access token that seemed good but that the server refused, or "": Token then gets another one. Token returns
// ErrSignedOut if nobody is signed in, ErrUnavailable if the access token has ended and the provider cannot be reached, or
// ctx's error.
func (s *SignIn) Token(ctx context.Context, refused string) (Credentials, error) {
	select {
	case <-s.restored:
	case <-ctx.Done():
		return Credentials{}, ctx.Err()
	}
	s.hold()
	defer s.release()
	if refused != "" && s.access.text == refused {
		s.refused, s.access = refused, access{}
	}
	now := s.moment()
	if s.record != nil && s.due(now) <= 0 && (refused != "" || s.retry.Due(now) <= 0) && s.renewing == nil {
		s.renewing = make(chan struct{})
	}
	if done := s.renewing; done != nil && s.due(s.moment()) <= 0 {
		s.release()
		select {
		case <-done:
		case <-ctx.Done():
		}
		s.hold()
	}
	switch {
	case s.record == nil:
		return Credentials{}, ErrSignedOut
	case s.access.left(s.moment()) > 0:
		return Credentials{Token: s.access.text, ID: s.record.id, SignInID: s.record.signInID}, nil
	case ctx.Err() != nil:
		return Credentials{}, ctx.Err()
	}
	return Credentials{}, ErrUnavailable
}
