package pkce

import (
	"crypto/sha256"
	"strings"
)

// redirects leaves the page for the provider, to sign in and to sign out, and handles the return. Its fields are static.
type redirects struct {
	state    *monitor
	provider *provider
	b        *Browser
	pending  transactions
	params   []string // more parameters for the provider's authorize endpoint
}

// begin does the work of SignIn.Begin.
func (r *redirects) begin(returnTo string) (leaving bool) {
	m := r.state
	m.hold()
	defer m.release()
	if m.leaving {
		return true
	}
	m.leaving = true
	m.outcome.problem = r.leaveLocked(returnTo)
	m.leaving = false // the browser's back button may bring this page back
	return m.outcome.problem.Cause == NoCause
}

// leaveLocked leaves the page for the provider, or returns what prevents that.
func (r *redirects) leaveLocked(returnTo string) Problem {
	m := r.state
	if !r.pending.mayTry(m.now()) {
		return Problem{Cause: Looping}
	}
	if !closed(m.restored) {
		return Problem{Cause: Unreachable}
	}
	var d *metadata
	var f *fault
	m.outside(func() { d, f = r.provider.discover(fetchTimeout) })
	if f != nil {
		return f.problem
	}
	is := r.provider.registered()
	state, verifier, nonce, redirect, names := random(), random(), random(), r.b.Origin+CallbackPath, ""
	if d.sendsIssuer {
		names = "1"
	}
	if !r.pending.save(state, "verifier", verifier, "nonce", nonce, "return", safePath(returnTo), "issuer", is.issuer,
		"client", is.clientID, "redirect", redirect, "names", names, "created", itoa(m.now().Wall.UnixMilli())) {
		return Problem{Cause: NoStorage}
	}
	scopes := is.scopes
	if scopes == "" {
		scopes = "openid profile email offline_access"
	}
	challenge := sha256.Sum256([]byte(verifier))
	separator := "?"
	if strings.Contains(d.authorize, "?") {
		separator = "&"
	}
	r.b.Assign(d.authorize + separator + encodeQuery(append([]string{
		"response_type", "code", "client_id", is.clientID, "redirect_uri", redirect, "scope", scopes,
		"state", state, "nonce", nonce, "code_challenge", encode64(challenge[:]), "code_challenge_method", "S256",
	}, r.params...)...))
	return Problem{}
}

// callback does the work of SignIn.Callback.
func (r *redirects) callback(address string) (returnTo string) {
	r.b.Replace(CallbackPath) // first, so that no code stays in the address or the history
	address, _, _ = strings.Cut(address, "#")
	_, search, _ := strings.Cut(address, "?")
	if search == "" {
		return "/" // the user reloaded the page or typed the address
	}
	m := r.state
	m.hold()
	defer m.release()
	params := parseQuery(search)
	t := r.pending.take(params["state"])
	m.inCallback = true
	m.outside(func() { <-m.restored })
	is := r.provider.registered()
	if age(t, m.now()) < maxPending && t["issuer"] == is.issuer && t["client"] == is.clientID {
		if f := r.exchangeLocked(t, params); f != nil {
			m.outcome.problem = f.problem
		}
	} else if m.record == nil { // otherwise the user came with the back button and is signed in
		m.outcome.problem = Problem{Cause: ExpiredLink}
	}
	m.inCallback = false
	return safePath(t["return"])
}

// exchangeLocked turns the provider's answer into a sign-in. t is the transaction that begin stored. On a fault it stores
// nothing.
func (r *redirects) exchangeLocked(t, params map[string]string) *fault {
	if f := r.refusal(t, params); f != nil {
		return f
	}
	m := r.state
	var d *metadata
	var a *reply
	var f *fault
	m.outside(func() {
		if d, f = r.provider.discover(fetchTimeout); f == nil {
			a, f = r.redeem(d, t, params["code"])
		}
	})
	if f != nil {
		return f
	}
	m.skew = a.skew
	for {
		m.syncLocked()
		next := &record{a.refresh, a.id, a.claims.text("sub"), random(), a.scope, itoa(a.access.at.Wall.UnixMilli())}
		raw, _ := m.records.load() // a record that can't be read is replaced
		old := m.record
		if old != nil && old.subject == next.subject && raw == m.raw {
			next.signInID = old.signInID // the same user again: keep the id, so that open connections go on
		}
		if m.storeLocked(m.generation, raw, next, a.access) {
			if old != nil && old.refresh != "" && d.revoke != "" {
				m.outside(func() { r.provider.revoke(d, old.refresh) })
			}
			return nil
		}
	}
}

// refusal returns why the provider's answer in params does not belong to the transaction t or brings no code, else nil.
func (r *redirects) refusal(t, params map[string]string) *fault {
	issuer := r.provider.registered().issuer
	if iss, named := params["iss"]; named && iss != issuer || !named && t["names"] != "" {
		return setupFault("The answer is from " + iss + ", not from " + issuer + ".")
	}
	if refusal := params["error"]; refusal != "" {
		return denial(refusal, params["error_description"])
	}
	if params["code"] == "" {
		return wrongFault("The answer has no code.")
	}
	return nil
}

// redeem exchanges a code for tokens, and checks them. It blocks.
func (r *redirects) redeem(d *metadata, t map[string]string, code string) (*reply, *fault) {
	a, f := r.provider.requestToken(d, "grant_type", "authorization_code", "code", code, "redirect_uri", t["redirect"],
		"code_verifier", t["verifier"])
	switch {
	case f != nil:
		return nil, f
	case a.id == "":
		return nil, wrongFault("The provider gave no ID token: is openid among the scopes?")
	}
	return a, r.provider.verifyIDToken(d, a, t["nonce"], nil)
}

// signOut does the work of SignIn.SignOut.
func (r *redirects) signOut() {
	m := r.state
	m.hold()
	defer m.release()
	was, raw := m.record, m.raw
	if stored, err := m.records.load(); err == nil && stored != "" {
		raw = stored // another tab may have a newer refresh token there
	}
	m.records.delete()
	m.forgetLocked()
	m.outcome = outcome{}
	r.pending.sweep(0, m.now())
	if was != nil {
		m.tabs.send("kind", "out", "session", was.signInID)
	}
	left := true
	m.outside(func() {
		if latest, _ := m.records.open(raw); latest != nil {
			was = latest
		}
		m.records.forgetKey()
		if was != nil {
			left = r.leaveProvider(was)
		}
	})
	if !left {
		m.outcome.problem = Problem{Cause: OnlyHere}
	}
}

// leaveProvider ends the sign-in at the provider as far as possible. It reports whether the browser is about to leave. It
// blocks.
func (r *redirects) leaveProvider(was *record) bool {
	// Don't leave for a page that the browser can't load: a revoke checks that the provider is there, and without a refresh
	// token to revoke, reading the metadata anew does.
	d, f := r.provider.discover(signOutTimeout)
	if was.refresh == "" {
		d, f = r.provider.readMetadata(signOutTimeout)
	}
	if f != nil || was.refresh != "" && d.revoke != "" && !r.provider.revoke(d, was.refresh) || d.end == "" {
		return false
	}
	r.b.Submit(d.end, "post_logout_redirect_uri", r.b.Origin+"/", "client_id", r.provider.registered().clientID,
		"id_token_hint", was.id)
	return true
}
