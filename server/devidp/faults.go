package devidp

import (
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Faults are the faults that a test switches on. POST /faults takes a Faults as JSON. It replaces all earlier faults, so
// {} switches all of them off. GET /faults returns a State. A page from another origin cannot switch faults on: POST
// demands the content type application/json, for which a browser first asks the provider for permission (CORS preflight),
// and the provider does not give it.
type Faults struct {
	AccessTTL int64    `json:"access_ttl_ms,omitempty"` // the lifetime of new access tokens, in ms; 0: Config.AccessTTL
	Rotate    Rotation `json:"rotate,omitempty"`        // not empty: the POST replaces the signing key
	Faults    []Fault  `json:"faults,omitempty"`
}

// Fault is one fault at an endpoint of the provider.
type Fault struct {
	At         Endpoint `json:"at,omitempty"` // the endpoint; empty: every endpoint
	Do         Kind     `json:"do"`
	Times      int      `json:"times,omitempty"`         // how often the fault happens; 0: always, until a POST replaces it
	Token      Token    `json:"token,omitempty"`         // for a fault of a token: which token; empty: the access token
	Status     int      `json:"status,omitempty"`        // the HTTP status for Refuse; 0: 500
	RetryAfter int      `json:"retry_after_s,omitempty"` // the header Retry-After for Refuse, in seconds; 0: no header
	Delay      int64    `json:"delay_ms,omitempty"`      // the delay for Slow, in milliseconds
}

// State is the answer to GET /faults: the faults that are switched on, and how many requests each endpoint has had since
// the start.
type State struct {
	Faults
	Calls map[Endpoint]int `json:"calls"`
}

// Endpoint is one endpoint of the provider.
type Endpoint string

const (
	Discovery  Endpoint = "discovery"
	JWKS       Endpoint = "jwks"
	Authorize  Endpoint = "authorize"
	Login      Endpoint = "login" // the sign-in form
	Callback   Endpoint = "callback"
	Tokens     Endpoint = "token"
	Userinfo   Endpoint = "userinfo"
	Revoke     Endpoint = "revoke"
	EndSession Endpoint = "end_session"
	Users      Endpoint = "users" // Okta's Users API
)

var endpoints = []Endpoint{Discovery, JWKS, Authorize, Login, Callback, Tokens, Userinfo, Revoke, EndSession, Users}

// Kind is a kind of fault.
type Kind string

const (
	Slow     Kind = "slow"     // the provider waits for Fault.Delay before it handles the request
	Refuse   Kind = "refuse"   // the answer has Fault.Status, and Retry-After if Fault.RetryAfter is set
	Drop     Kind = "drop"     // the connection breaks before the request is handled
	Lose     Kind = "lose"     // the connection breaks after the request was handled: only the headers arrive
	Truncate Kind = "truncate" // the answer is half the body; Content-Length is the length of that half
	Deny     Kind = "deny"     // at Authorize: the answer is the error access_denied, as if a policy refused the user

	WantConsent Kind = "want_consent" // at Authorize: only prompt=consent brings a refresh token (OpenID Connect Core, 11)

	WrongAudience Kind = "wrong_audience" // a token is for another audience
	WrongIssuer   Kind = "wrong_issuer"   // a token, the discovery document or the redirect to the app has another issuer
	WrongClient   Kind = "wrong_client"   // a token is for another client ID
	WrongNonce    Kind = "wrong_nonce"    // a token has another nonce
	Expired       Kind = "expired"        // all times in a token are two hours too early
	Future        Kind = "future"         // all times in a token are two hours too late
	OtherKey      Kind = "other_key"      // a token names our key in its kid, but another key has signed it

	WrongID Kind = "wrong_id" // at Users: the answer is about another user
	Huge    Kind = "huge"     // at Users: the answer is larger than 10 MB
)

var kinds = []Kind{Slow, Refuse, Drop, Lose, Truncate, Deny, WantConsent, WrongAudience, WrongIssuer, WrongClient,
	WrongNonce, Expired, Future, OtherKey, WrongID, Huge}

// Token is a kind of token.
type Token string

const (
	AccessToken Token = "access_token"
	IDToken     Token = "id_token"
)

// Rotation says what happens to the old signing keys when a new one takes over.
type Rotation string

const (
	Overlap Rotation = "overlap" // the old keys stay published
	Replace Rotation = "replace" // the old keys are no longer published
)

// check returns the first problem of f, or nil.
func (f Faults) check() error {
	if f.AccessTTL < 0 || !slices.Contains([]Rotation{"", Overlap, Replace}, f.Rotate) {
		return fmt.Errorf("access_ttl_ms is %d, rotate %q: want 0 or more, and %q or %q",
			f.AccessTTL, f.Rotate, Overlap, Replace)
	}
	for _, fault := range f.Faults {
		switch {
		case fault.At != "" && !slices.Contains(endpoints, fault.At):
			return fmt.Errorf("at is %q: want one of %q", fault.At, endpoints)
		case !slices.Contains(kinds, fault.Do):
			return fmt.Errorf("do is %q: want one of %q", fault.Do, kinds)
		case !slices.Contains([]Token{"", AccessToken, IDToken}, fault.Token):
			return fmt.Errorf("token is %q: want %q or %q", fault.Token, AccessToken, IDToken)
		case fault.Status != 0 && (fault.Status < 400 || fault.Status > 599):
			return fmt.Errorf("status is %d: want 400 to 599", fault.Status)
		}
	}
	return nil
}

// faults holds the faults that are switched on, and counts requests.
type faults struct {
	mu      sync.Mutex // guards what follows
	current Faults
	calls   map[Endpoint]int
}

func (f *faults) count(endpoint Endpoint) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls[endpoint]++
}

func (f *faults) accessTTL() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return time.Duration(f.current.AccessTTL) * time.Millisecond
}

// take returns the faults that are switched on for endpoint and whose kind is in wanted. The caller must make them happen
// now, because take counts each of them as used: it lowers Times by 1, and switches the fault off when Times was 1. A
// fault whose Times is 0 stays switched on.
func (f *faults) take(endpoint Endpoint, wanted ...Kind) []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	var taken, left []Fault
	for _, fault := range f.current.Faults {
		if (fault.At == "" || fault.At == endpoint) && slices.Contains(wanted, fault.Do) {
			taken = append(taken, fault)
			if fault.Times == 1 {
				continue
			}
			fault.Times = max(fault.Times-1, 0)
		}
		left = append(left, fault)
	}
	f.current.Faults = left
	return taken
}

func (f *faults) replace(faults Faults) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.current = faults
}

func (f *faults) state() State {
	f.mu.Lock()
	defer f.mu.Unlock()
	return State{f.current, maps.Clone(f.calls)}
}

// serveFaults answers GET /faults and POST /faults.
func (p *Provider) serveFaults(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
			http.Error(w, "want application/json", http.StatusUnsupportedMediaType)
			return
		}
		var wanted Faults
		d := json.NewDecoder(r.Body)
		d.DisallowUnknownFields()
		err := d.Decode(&wanted)
		if err == nil {
			err = wanted.check()
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if wanted.Rotate != "" {
			err = p.store.ring.rotate(wanted.Rotate)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		p.faults.replace(wanted)
	}
	writeJSON(w, http.StatusOK, p.faults.state())
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // fails only if the client has disconnected
}
