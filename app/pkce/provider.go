package pkce

import (
	"strings"
	"time"
)

// A provider is where the client's requests go, as the issuer's discovery document says.
type provider struct {
	read                   int64 // when; Unix milliseconds of the device
	authorize, token, keys string
	revoke, end            string // "" if there is none
	names                  bool   // it names itself when it sends people back
	algs                   []string
}

// A fault is why something has no good end.
type fault struct {
	problem *Problem // what the person is told; nil: nothing
	kind    kind
	code    string        // the provider's, if it denied
	wait    time.Duration // how long the provider wants to be left alone, 0 if it does not say
}

type kind int

const (
	down   kind = iota // no answer that can be read, or a busy provider: perhaps later
	denied             // the provider said no
	setup              // only an administrator can mend it
	wrong              // what came is not to be trusted
)

var noAnswer = &fault{problem: unreachable}

//go:noinline
func setupFault(detail string) *fault {
	return &fault{problem: misconfigured.with(detail), kind: setup}
}

//go:noinline
func wrongFault(detail string) *fault { return &fault{problem: unverified.with(detail), kind: wrong} }

const (
	providerKey = "mayfly.provider"
	configKey   = "mayfly.config"
)

// configure learns who the provider is: from the server, or, if it does not answer soon, as it was told last. It tries until
// it knows, or stop is closed.
func (s *SignIn) configure(stop <-chan struct{}) bool {
	var r retry
	for !closed(stop) {
		o := s.get("/config.json", patience)
		if o != nil {
			_ = s.b.Local.Save(configKey, string(o[""])) // for a start without a network
		} else if kept, err := s.b.Local.Load(configKey); err == nil {
			o = parse([]byte(kept))
		}
		if o != nil {
			s.issuer, s.clientID, s.scopes = o.text("issuer"), o.text("client_id"), strings.Join(o.texts("scopes"), " ")
			return true
		}
		r.failed(0, s.moment())
		s.until(stop, r.wait)
	}
	return false
}

// discover returns the provider: as it was read in the last 24 hours, or, or if anew, read now.
func (s *SignIn) discover(anew bool, timeout time.Duration) (*provider, *fault) {
	now := s.moment().wall.Milliseconds()
	p := s.provider
	if p == nil {
		kept, _ := s.b.Local.Load(providerKey)
		read, text, _ := strings.Cut(kept, " ")
		p, _ = s.describe(parse([]byte(text)), milliseconds(read))
	}
	if age := now - p.readAt(); anew || age < 0 || age > keepProvider.Milliseconds() {
		o := s.get(strings.TrimSuffix(s.issuer, "/")+"/.well-known/openid-configuration", timeout)
		if o == nil {
			return nil, noAnswer
		}
		var f *fault
		if p, f = s.describe(o, now); f != nil {
			return nil, f
		}
		_ = s.b.Local.Save(providerKey, itoa(now)+" "+string(o[""])) // or it is read again
	}
	s.provider = p
	return p, nil
}

//go:noinline
func (p *provider) readAt() int64 {
	if p == nil {
		return 0
	}
	return p.read
}

// describe returns the provider that o describes, or what stands against signing in there.
func (s *SignIn) describe(o object, read int64) (*provider, *fault) {
	p := &provider{
		read: read, authorize: o.endpoint("authorization_endpoint"), token: o.endpoint("token_endpoint"), keys: o.endpoint("jwks_uri"),
		revoke: o.endpoint("revocation_endpoint"), end: o.endpoint("end_session_endpoint"),
		names: string(o["authorization_response_iss_parameter_supported"]) == "true",
		algs:  o.texts("id_token_signing_alg_values_supported"),
	}
	const methods = "code_challenge_methods_supported"
	switch {
	case o.text("issuer") != s.issuer:
		return nil, setupFault("The provider calls itself " + o.text("issuer") + ", the server " + s.issuer + ".")
	case o[methods] != nil && !has(o.texts(methods), "S256"):
		return nil, setupFault("The provider has no PKCE with S256.")
	case p.authorize == "" || p.token == "" || p.keys == "":
		return nil, setupFault("The provider lacks an endpoint, or has one without https.")
	}
	return p, nil
}

// endpoint returns the URL that name is: an https one, or an http one of this very machine; "" if it is none.
//
//go:noinline
func (o object) endpoint(name string) string {
	url := o.text(name)
	for _, prefix := range [...]string{"https://", "http://localhost:", "http://localhost/", "http://127.0.0.1:", "http://127.0.0.1/", "http://[::1]:"} {
		if strings.HasPrefix(url, prefix) {
			return url
		}
	}
	return ""
}

// A reply is what the token endpoint gives.
type reply struct {
	access         access
	refresh, scope string
	id             string
}

// token posts a form to the token endpoint, once, and reads the keys meanwhile if they aren't known: a code is good for a
// minute at most.
func (s *SignIn) token(p *provider, form ...string) (*reply, *fault) {
	read := make(chan struct{})
	if s.keys == nil {
		go func() {
			s.hold()
			s.readKeys(p) // if it fails, verify tries again
			close(read)
			s.mu.Unlock()
		}()
	} else {
		close(read)
	}
	began := s.moment()
	status, header, body := s.fetch(p.token, query(append(form, "client_id", s.clientID)...), false, fetchTimeout)
	s.until(read, fetchTimeout)
	o := parse(body)
	code := o.text("error")
	switch kind := o.text("token_type"); {
	case status == 429 || status >= 500:
		return nil, &fault{problem: unreachable, wait: told(header)}
	case code != "":
		return nil, denial(code, o.text("error_description"))
	case status != 200 || o.text("access_token") == "":
		return nil, noAnswer // a page in between, or half an answer
	case !strings.EqualFold(kind, "Bearer"):
		return nil, setupFault("The provider gives tokens of type " + kind + ".")
	}
	life := time.Duration(min(o.number("expires_in"), maxLife.Seconds()) * float64(time.Second))
	if life < time.Second {
		life = defaultLife
	}
	return &reply{newAccess(o.text("access_token"), began, life), o.text("refresh_token"), o.text("scope"), o.text("id_token")}, nil
}

// told returns how long the provider wants to be left alone, 0 if it does not say. The reset that Okta names is an instant
// of its own clock, so it is compared with the answer's date.
func told(header func(string) string) time.Duration {
	seconds := milliseconds(header("Retry-After"))
	date, err := time.Parse(time.RFC1123, header("Date"))
	if reset := milliseconds(header("X-Rate-Limit-Reset")); reset > 0 && err == nil {
		seconds = reset - date.Unix() + 1
	}
	return time.Duration(min(max(seconds, 0), int64(maxTold.Seconds()))) * time.Second
}

// revoke takes a refresh token back. It reports whether the provider was there.
func (s *SignIn) revoke(p *provider, refresh string) bool {
	status, _, _ := s.fetch(p.revoke, query("token", refresh, "token_type_hint", "refresh_token", "client_id", s.clientID), true, partTimeout)
	return status != 0
}

// denial returns what the provider's word means. login_required and its like mean no more than that the person signs in.
func denial(code, description string) *fault {
	f := &fault{kind: denied, code: code}
	detail := code + " " + description
	switch code {
	case "access_denied", "user_not_assigned":
		f.problem = cancelled
		if lower := strings.ToLower(detail); strings.Contains(lower, "policy") || strings.Contains(lower, "assigned") {
			f.problem = notAssigned.with(detail)
		}
	case "login_required", "interaction_required", "consent_required", "account_selection_required":
	case "invalid_grant":
		f.problem = tooSlow
	case "temporarily_unavailable", "server_error":
		f.problem, f.kind = unreachable.with(detail), down
	default:
		f.problem = misconfigured.with(detail)
	}
	return f
}
