// Package pkce signs people in with an OpenID Connect provider, such as Okta: it sends them there and takes them back
// (authorization code with PKCE), checks the ID token, keeps the sign-in over reloads, renews the access token before it
// ends, shares all of that between tabs, and signs out. It knows nothing of browsers: what it needs of one comes in as
// Browser, so all of it runs natively, in tests on virtual time. What to do with a token is left to app/session.
//
// The access token lives in memory only. The refresh token and the ID token are one record in the browser's storage,
// which is the truth for all tabs: a tab reads it again before it uses the refresh token, under a lock, because most
// providers take a refresh token once and end the sign-in when it comes twice. Only the provider's word ends a sign-in, or
// the person's: a network that fails does not.
//
// SignIn is a monitor: its one mutex is held by whatever runs, and let go of only while something is waited for: the
// network, the vault, another tab. What was true before such a wait need not be afterwards; generation tells whether the
// sign-in is still the same. This, records that are queries instead of JSON, and small functions that are not copied to where
// they are called keep the browser's download small.
package pkce

import (
	"context"
	"errors"
	"sync"
	"time"
)

// CallbackPath is where the provider sends people back to. The redirect URI is the page's origin and this.
const CallbackPath = "/login/callback"

// Mode says where the refresh token and the ID token live.
type Mode int

// The modes.
const (
	Device Mode = iota // sealed in the storage that all tabs share: the sign-in outlives the browser
	Tab                // in the tab's own storage: it outlives reloads
	Memory             // nowhere: it ends with the page
)

// Config is what a SignIn needs to begin. The provider and the client's id are not among it: the server's /config.json
// names them, and the last one read is kept for starts without a network.
type Config struct {
	Mode    Mode
	Params  []string // more parameters for the provider's authorize endpoint, like prompt or audience: names and values by turns
	Browser Browser
}

// Browser is what signing in needs of the page. Any goroutine may call its functions.
type Browser struct {
	Origin string // of the page: scheme, host and port

	// Fetch gets url, or posts form to it if form is not empty. It sends no cookies, keeps nothing, follows no redirect
	// and takes no longer than timeout; keepalive: the page may go meanwhile. err means that no answer could be read.
	Fetch func(url, form string, keepalive bool, timeout time.Duration) (status int, header func(name string) string, body []byte, err error)

	Local Storage // shared by all tabs
	Tab   Storage // the tab's own
	Vault Vault   // seals what goes into Local

	// Lock waits until no other tab holds the lock called name, at most for timeout. Where a browser has no locks it
	// returns at once.
	Lock func(name string, timeout time.Duration) (unlock func(), err error)

	// Join joins the tabs' channel: receive is called with what others send. It must not be called by send.
	Join func(receive func(message string)) (send func(message string), leave func())

	// Verify checks a signature: alg is JOSE's name, never RS256, and jwk the public key.
	Verify func(alg string, jwk, signed, signature []byte) bool

	Assign  func(url string)                   // leaves the page for url
	Submit  func(url string, fields ...string) // leaves the page by posting a form of names and values by turns
	Replace func(path string)                  // changes the page's address and its history entry, without leaving
}

// Storage keeps strings. Any call may fail: a browser may deny storage, or have none left.
type Storage interface {
	Load(key string) (value string, err error) // "" if there is none
	Save(key, value string) error
	Delete(key string) error
	Keys() ([]string, error)
}

// Vault seals text with a key that cannot be read, made when it is first needed.
type Vault interface {
	Seal(plain string) (sealed string, err error)
	// Open returns what was sealed. ok is false if it never will: it is damaged, or its key is gone.
	Open(sealed string) (plain string, ok bool, err error)
	Forget() // destroys the key
}

// Credentials are what a hello or an auth frame needs.
type Credentials struct {
	Token   string // access token
	ID      string // ID token
	Session string // the random id of this sign-in
}

// ErrSignedOut is Token's answer when nobody is signed in, ErrUnavailable when somebody is, but has no access token that
// is good, and none can be had now.
var (
	ErrSignedOut   = errors.New("nobody is signed in")
	ErrUnavailable = errors.New("no access token can be had now")
)

// SignIn is the sign-in of one page. Run must run for anything to happen. Begin, Callback, SignOut and Token block: never
// call them on the goroutine that draws. The other methods don't.
type SignIn struct {
	// static after New
	mode    Mode
	params  []string
	b       Browser
	store   Storage // where the record is
	pending Storage // where begun sign-ins are
	moment  func() moment
	wake    chan struct{} // capacity 1: something is to be looked at
	looked  chan struct{} // closed once the provider is known and the record was looked for

	telling sync.Mutex // held while subscribers are called, so that each gets the states in order

	mu          sync.Mutex // guards what follows
	issuer      string     // "": there is no signing in
	clientID    string
	scopes      string
	send        func(message string)
	heard       []string // from other tabs, not looked at yet
	shown       State
	subscribers []*func(State) // nil behind the pointer: it has stopped

	generation int     // grows when the record is wiped or another's takes its place: what was under way before is void
	record     *record // nil: nobody is signed in
	raw        string  // the record as it is stored; "" if it isn't
	former     string  // the session before
	name       string  // the person's, from the ID token
	access     access
	refused    string        // an access token that the server did not take
	adopted    chan struct{} // closed when there is another access token
	version    int
	skew       time.Duration

	entering bool // between the provider's answer and its verdict
	leaving  bool // Begin is under way
	over     bool // it was ended by others than the person
	problem  *Problem
	retry    retry
	renewing chan struct{} // closed at the end of the renewal that is wanted; nil: none is
	begun    bool          // that one
	provider *provider
	keys     []object // nil: not read yet
	keysRead moment
}

// New returns a SignIn that Run brings to life.
func New(c Config) *SignIn {
	s := &SignIn{
		mode: c.Mode, params: c.Params, b: c.Browser, moment: moments(), send: func(string) {},
		wake: make(chan struct{}, 1), looked: make(chan struct{}), adopted: make(chan struct{}),
		store: c.Browser.Tab, pending: c.Browser.Tab,
	}
	switch c.Mode {
	case Device:
		s.store, s.pending = c.Browser.Local, c.Browser.Local
	case Memory:
		s.store = nowhere{}
	}
	return s
}

// Subscribe calls show with the present state before it returns, and then with each new one, until stop is called. show
// must not block, nor call Subscribe. It may be under way when stop returns.
func (s *SignIn) Subscribe(show func(State)) (stop func()) {
	s.telling.Lock()
	defer s.telling.Unlock()
	s.hold()
	s.subscribers = append(s.subscribers, &show)
	state := s.shown
	s.mu.Unlock()
	show(state)
	return func() {
		s.hold()
		show = nil
		s.mu.Unlock()
	}
}

// publish hands the state, if it is a new one, to those who subscribed.
func (s *SignIn) publish() {
	s.telling.Lock()
	defer s.telling.Unlock()
	s.hold()
	state := s.state()
	changed := state != s.shown
	s.shown = state
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

// Run restores the sign-in that was kept, keeps it good and shows what changes, until ctx is done; then it returns nil. It
// may be called once.
func (s *SignIn) Run(ctx context.Context) error {
	send, leave := s.b.Join(s.receive)
	defer leave()
	var work sync.WaitGroup
	defer work.Wait()
	work.Go(func() {
		s.hold()
		defer s.release()
		s.send = send
		if s.configure(ctx.Done()) {
			s.compare()
			s.sweep(false)
			close(s.looked)
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
		if closed(s.looked) {
			s.hear()
			s.compare()
		}
		wait, begin := s.judge()
		s.mu.Unlock()
		if begin {
			work.Go(s.renew)
		}
		s.publish()
		timer.Reset(wait)
	}
}

// judge returns how long it is until the next thing, and whether a renewal is to begin now.
func (s *SignIn) judge() (wait time.Duration, begin bool) {
	if s.record == nil && s.renewing == nil {
		return tick, false
	}
	now := s.moment()
	due := s.due(now)
	if s.record != nil && s.record.refresh == "" && due > lastCall {
		wait = due - lastCall
	}
	if due = max(due, s.retry.due(now)); due <= 0 && s.renewing == nil {
		s.renewing = make(chan struct{})
	}
	if s.renewing != nil {
		begin, s.begun = !s.begun, true
		return tick, begin
	}
	if wait == 0 {
		wait = due
	}
	return min(wait, tick), false
}

// due returns how long it is until another access token is needed.
//
//go:noinline
func (s *SignIn) due(now moment) time.Duration {
	if s.record != nil && s.record.refresh == "" { // only another tab can have one, if somebody signed in again there
		return s.access.left(now)
	}
	return s.access.left(now) - s.access.margin
}

// Wake has it judged now whether a renewal is due, and does not wait for the next attempt if one failed. Call it when the
// page is looked at again, when the network is back and when the server says that the sign-in is expiring.
func (s *SignIn) Wake() {
	s.hold()
	if !s.retry.told {
		s.retry.wait = 0
	}
	s.release()
}

// Token returns credentials that are good now, and renews them first if it is time. Call it before every connect. refused
// is an access token that the server did not take although it seemed good, "" if there is none: then another is got. Token
// returns ErrSignedOut if nobody is signed in, ErrUnavailable if the provider cannot be reached and the access token has
// ended, or ctx's error.
func (s *SignIn) Token(ctx context.Context, refused string) (Credentials, error) {
	select {
	case <-s.looked:
	case <-ctx.Done():
		return Credentials{}, ctx.Err()
	}
	s.hold()
	defer s.release()
	if refused != "" && s.access.text == refused {
		s.refused, s.access = refused, access{}
	}
	if now := s.moment(); s.record != nil && s.due(now) <= 0 && (refused != "" || s.retry.due(now) <= 0) && s.renewing == nil {
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
		return Credentials{Token: s.access.text, ID: s.record.id, Session: s.record.session}, nil
	case ctx.Err() != nil:
		return Credentials{}, ctx.Err()
	}
	return Credentials{}, ErrUnavailable
}
