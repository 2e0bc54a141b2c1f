package pkce

import (
	"strings"
	"time"
)

// A provider holds the endpoints of the sign-in provider, from the issuer's discovery document.
type provider struct {
	read                   int64 // when the document was read; Unix milliseconds of the device
	authorize, token, keys string
	revoke, end            string // "" if there is none
	sendsIssuer            bool   // it puts its issuer into the callback's query
	algs                   []string
}

// A fault says why signing in, or renewing, failed.
type fault struct {
	problem *Problem // what the user sees; nil: nothing
	kind    kind
	code    string        // the provider's error code, if kind is denied
	wait    time.Duration // how long the provider asks to wait, 0 if it does not say
}

type kind int

const (
	down   kind = iota // no readable answer, or a busy provider: a later attempt may work
	denied             // the provider refused
	setup              // only an administrator can fix it
	wrong              // the answer cannot be trusted
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

// configure learns the provider from the server's configuration, or from the stored one if the server does not answer soon.
// It tries until it succeeds or stop is closed, and reports whether it succeeded.
func (s *SignIn) configure(stop <-chan struct{}) bool {
	r := newRetry()
	for !closed(stop) {
		o := s.get("/config.json", configTimeout)
		if o != nil {
			_ = s.b.Local.Save(configKey, string(o[""])) // for the next start without a network
		} else if kept, err := s.b.Local.Load(configKey); err == nil {
			o = parseObject([]byte(kept))
		}
		if o != nil {
			s.issuer, s.clientID, s.scopes = o.text("issuer"), o.text("client_id"), strings.Join(o.texts("scopes"), " ")
			return true
		}
		s.waitFor(stop, r.Next())
	}
	return false
}

// discover returns the provider: the stored one if it is at most 24 hours old and anew is false, otherwise one that it reads
// now.
func (s *SignIn) discover(anew bool, timeout time.Duration) (*provider, *fault) {
	now := s.moment().Wall.UnixMilli()
	p := s.provider
	if p == nil {
		kept, _ := s.b.Local.Load(providerKey)
		read, text, _ := strings.Cut(kept, " ")
		p, _ = s.parseProvider(parseObject([]byte(text)), milliseconds(read))
	}
	if age := now - p.readAt(); anew || age < 0 || age > providerMaxAge.Milliseconds() {
		o := s.get(strings.TrimSuffix(s.issuer, "/")+"/.well-known/openid-configuration", timeout)
		if o == nil {
			return nil, noAnswer
		}
		var f *fault
		if p, f = s.parseProvider(o, now); f != nil {
			return nil, f
		}
		_ = s.b.Local.Save(providerKey, itoa(now)+" "+string(o[""])) // if this fails, the next page reads it again
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

// parseProvider returns the provider that the discovery document o describes, or why Mayfly cannot use it.
func (s *SignIn) parseProvider(o object, read int64) (*provider, *fault) {
	p := &provider{
		read: read, authorize: o.endpoint("authorization_endpoint"), token: o.endpoint("token_endpoint"),
		keys: o.endpoint("jwks_uri"), revoke: o.endpoint("revocation_endpoint"), end: o.endpoint("end_session_endpoint"),
		sendsIssuer: string(o["authorization_response_iss_parameter_supported"]) == "true",
		algs:        o.texts("id_token_signing_alg_values_supported"),
	}
	const methods = "code_challenge_methods_supported"
	switch {
	case o.text("issuer") != s.issuer:
		return nil, setupFault("The provider calls itself " + o.text("issuer") + ", the server " + s.issuer + ".")
	case o[methods] != nil && !contains(o.texts(methods), "S256"):
		return nil, setupFault("The provider has no PKCE with S256.")
	case p.authorize == "" || p.token == "" || p.keys == "":
		return nil, setupFault("The provider lacks an endpoint, or has one without https.")
	}
	return p, nil
}

// endpoint returns the URL in the member called name if it is https, or http to this same machine. Otherwise it returns "".
//
//go:noinline
func (o object) endpoint(name string) string {
	url := o.text(name)
	for _, prefix := range [...]string{"https://", "http://localhost:", "http://localhost/", "http://127.0.0.1:",
		"http://127.0.0.1/", "http://[::1]:"} {
		if strings.HasPrefix(url, prefix) {
			return url
		}
	}
	return ""
}

// A reply is an answer of the token endpoint.
type reply struct {
	access         access
	refresh, scope string
	id             string
}

// requestToken posts a form to the token endpoint, once. If the keys are not known it reads them at the same time, because a
// code is good for at most a minute. It releases s.mu while it waits.
func (s *SignIn) requestToken(p *provider, form ...string) (*reply, *fault) {
	read := make(chan struct{})
	if s.keys == nil {
		go func() {
			s.hold()
			s.readKeys(p) // if this fails, verifyIDToken tries again
			close(read)
			s.mu.Unlock()
		}()
	} else {
		close(read)
	}
	began := s.moment()
	status, header, body := s.fetch(p.token, encodeQuery(append(form, "client_id", s.clientID)...), false, fetchTimeout)
	s.waitFor(read, fetchTimeout)
	o := parseObject(body)
	code := o.text("error")
	switch kind := o.text("token_type"); {
	case status == 429 || status >= 500:
		return nil, &fault{problem: unreachable, wait: retryAfter(header)}
	case code != "":
		return nil, denial(code, o.text("error_description"))
	case status != 200 || o.text("access_token") == "":
		return nil, noAnswer // a page of a proxy, or half an answer
	case !strings.EqualFold(kind, "Bearer"):
		return nil, setupFault("The provider gives tokens of type " + kind + ".")
	}
	life := time.Duration(min(o.number("expires_in"), maxLife.Seconds()) * float64(time.Second))
	if life < time.Second {
		life = defaultLife
	}
	a := newAccess(o.text("access_token"), began, life)
	return &reply{a, o.text("refresh_token"), o.text("scope"), o.text("id_token")}, nil
}

// retryAfter returns how long the provider asks to wait, 0 if it does not say. Okta names an instant of its own clock, which
// is compared with the answer's Date.
func retryAfter(header func(string) string) time.Duration {
	seconds := milliseconds(header("Retry-After"))
	date, err := time.Parse(time.RFC1123, header("Date"))
	if reset := milliseconds(header("X-Rate-Limit-Reset")); reset > 0 && err == nil {
		seconds = reset - date.Unix() + 1
	}
	return time.Duration(min(max(seconds, 0), int64(maxRetryAfter.Seconds()))) * time.Second
}

// revoke revokes a refresh token. It reports whether the provider answered. It releases s.mu while it waits.
func (s *SignIn) revoke(p *provider, refresh string) bool {
	form := encodeQuery("token", refresh, "token_type_hint", "refresh_token", "client_id", s.clientID)
	status, _, _ := s.fetch(p.revoke, form, true, signOutTimeout)
	return status != 0
}

// denial returns the fault for an error code of the provider. For login_required and similar codes the fault has no problem:
// the user only needs to sign in.
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
