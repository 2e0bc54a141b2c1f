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

// Faults is what a test wants to go wrong. POST /faults with its JSON sets all of it at once, so {} makes everything right
// again; GET /faults returns a State. Browsers are kept out: they would have to be allowed the type application/json.
type Faults struct {
	AccessTTL int64    `json:"access_ttl_ms,omitempty"` // of the access tokens from now on; 0: what the provider was started with
	Rotate    Rotation `json:"rotate,omitempty"`        // done at once
	Faults    []Fault  `json:"faults,omitempty"`
}

// Fault is one thing that goes wrong.
type Fault struct {
	At         Endpoint `json:"at,omitempty"` // empty: at all of them
	Do         Kind     `json:"do"`
	Times      int      `json:"times,omitempty"`         // how often; 0: until other faults are set
	Token      Token    `json:"token,omitempty"`         // for what is wrong in one; empty: the access token
	Status     int      `json:"status,omitempty"`        // for Refuse; 0: 500
	RetryAfter int      `json:"retry_after_s,omitempty"` // for Refuse
	Delay      int64    `json:"delay_ms,omitempty"`      // for Slow
}

// State is what goes wrong, and how often each endpoint was asked since the start.
type State struct {
	Faults
	Calls map[Endpoint]int `json:"calls"`
}

// Endpoint is what can be asked of the provider.
type Endpoint string

const (
	Discovery  Endpoint = "discovery"
	JWKS       Endpoint = "jwks"
	Authorize  Endpoint = "authorize"
	Login      Endpoint = "login" // the form
	Callback   Endpoint = "callback"
	Tokens     Endpoint = "token"
	Userinfo   Endpoint = "userinfo"
	Revoke     Endpoint = "revoke"
	EndSession Endpoint = "end_session"
	Users      Endpoint = "users" // Okta's Users API
)

var endpoints = []Endpoint{Discovery, JWKS, Authorize, Login, Callback, Tokens, Userinfo, Revoke, EndSession, Users}

// Kind is what goes wrong.
type Kind string

const (
	Slow     Kind = "slow"     // it takes Delay
	Refuse   Kind = "refuse"   // Status instead of an answer, with Retry-After if there is one
	Drop     Kind = "drop"     // the connection breaks before anything is done
	Lose     Kind = "lose"     // the connection breaks when all is done: headers come, but nothing of the body
	Truncate Kind = "truncate" // half the body comes, as if it were all
	Deny     Kind = "deny"     // at Authorize: access_denied, and that a policy wants it

	WrongAudience Kind = "wrong_audience" // in a token
	WrongIssuer   Kind = "wrong_issuer"   // in a token, at Discovery, or in the answer of Authorize
	WrongClient   Kind = "wrong_client"   // in a token
	WrongNonce    Kind = "wrong_nonce"    // in a token
	Expired       Kind = "expired"        // a token of two hours ago
	Future        Kind = "future"         // a token of two hours hence
	OtherKey      Kind = "other_key"      // a token signed with another key under our kid

	WrongID Kind = "wrong_id" // at Users: somebody else
	Huge    Kind = "huge"     // at Users: 10 MB
)

var kinds = []Kind{Slow, Refuse, Drop, Lose, Truncate, Deny, WrongAudience, WrongIssuer, WrongClient, WrongNonce, Expired, Future, OtherKey, WrongID, Huge}

// Token is which one is wrong.
type Token string

const (
	AccessToken Token = "access_token"
	IDToken     Token = "id_token"
)

// Rotation is what happens to the key that signed until now.
type Rotation string

const (
	Overlap Rotation = "overlap" // it stays published
	Replace Rotation = "replace" // it does not
)

// check returns what is wrong with f.
func (f Faults) check() error {
	if f.AccessTTL < 0 || !slices.Contains([]Rotation{"", Overlap, Replace}, f.Rotate) {
		return fmt.Errorf("access_ttl_ms is %d, rotate %q: want 0 or more, and %q or %q", f.AccessTTL, f.Rotate, Overlap, Replace)
	}
	for _, one := range f.Faults {
		switch {
		case one.At != "" && !slices.Contains(endpoints, one.At):
			return fmt.Errorf("at is %q: want one of %q", one.At, endpoints)
		case !slices.Contains(kinds, one.Do):
			return fmt.Errorf("do is %q: want one of %q", one.Do, kinds)
		case !slices.Contains([]Token{"", AccessToken, IDToken}, one.Token):
			return fmt.Errorf("token is %q: want %q or %q", one.Token, AccessToken, IDToken)
		case one.Status != 0 && (one.Status < 400 || one.Status > 599):
			return fmt.Errorf("status is %d: want an error's", one.Status)
		}
	}
	return nil
}

// faults are the switches.
type faults struct {
	mu    sync.Mutex // guards all
	set   Faults
	calls map[Endpoint]int
}

func (f *faults) count(at Endpoint) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls[at]++
}

func (f *faults) accessTTL() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return time.Duration(f.set.AccessTTL) * time.Millisecond
}

// take returns what of these kinds goes wrong at an endpoint now, and counts it.
func (f *faults) take(at Endpoint, of ...Kind) []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	var taken, left []Fault
	for _, one := range f.set.Faults {
		if (one.At == "" || one.At == at) && slices.Contains(of, one.Do) {
			taken = append(taken, one)
			if one.Times == 1 {
				continue
			}
			one.Times = max(one.Times-1, 0)
		}
		left = append(left, one)
	}
	f.set.Faults = left
	return taken
}

func (f *faults) replace(with Faults) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.set = with
}

func (f *faults) state() State {
	f.mu.Lock()
	defer f.mu.Unlock()
	return State{f.set, maps.Clone(f.calls)}
}

// serveFaults shows and sets the switches.
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
			err = p.store.ring.rotate(wanted.Rotate == Overlap)
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
	_ = json.NewEncoder(w).Encode(v) // to somebody who has gone
}
