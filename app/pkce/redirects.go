package pkce

import (
	"crypto/sha256"
	"strings"

	"mayfly/app/browser"
)

// maxHint is the largest length, in bytes, of an ID token that leaveProvider puts into the address of the provider's page.
// Many servers refuse addresses of 8 KiB. So leaveProvider leaves out a longer ID token: the address still has the client
// id, which is enough for the provider.
const maxHint = 4096

// redirects sends the browser to the provider's pages, to sign in and to sign out, and completes a sign-in when the user
// comes back. Its fields are static.
type redirects struct {
	state    *monitor
	provider *provider
	b        *Browser
	pending  transactions
}

// begin does the work of SignIn.Begin: it sends the browser to the provider. It returns true if the browser is about to
// leave this page; otherwise the outcome says why not.
func (r *redirects) begin(returnTo string) (leaving bool) {
	m := r.state
	m.hold()
	defer m.release()
	if m.leaving {
		return true
	}
	m.leaving, m.gone = true, false
	m.outcome.problem = r.leaveLocked(returnTo)
	m.leaving = false // even if the browser is about to leave: after the back button the user must be able to sign in
	return m.outcome.problem.Cause == NoCause
}

// leaveLocked sends the browser to the provider's authorize endpoint. It returns the problem that prevents this, or the
// zero Problem.
func (r *redirects) leaveLocked(returnTo string) Problem {
	m := r.state
	if !r.pending.mayTry(m.now()) {
		return Problem{Cause: Looping}
	}
	if !closed(m.restored) {
		return Problem{Unreachable, noConfig}
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
	query := encodeQuery(
		"response_type", "code", "client_id", is.clientID, "redirect_uri", redirect, "scope", scopes,
		"state", state, "nonce", nonce, "code_challenge", encode64(challenge[:]), "code_challenge_method", "S256")
	if is.params != "" {
		query += "&" + is.params
	}
	r.b.Assign(withQuery(d.authorize, query))
	return Problem{}
}

// callback does the work of SignIn.Callback: it completes a sign-in, and returns the path to show next.
func (r *redirects) callback(address string) (returnTo string) {
	r.b.Replace(CallbackPath) // this comes first, so that the authorization code does not stay in the address or the history
	address, _, _ = strings.Cut(address, "#")
	_, search, _ := strings.Cut(address, "?")
	if search == "" {
		return "/" // the address has no answer of the provider: the user reloaded the page or typed the address
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
	} else if m.record == nil { // else all is well: the user is signed in, and came here with the back button
		m.outcome.problem = Problem{Cause: ExpiredLink}
	}
	m.inCallback = false
	return safePath(t["return"])
}

// exchangeLocked exchanges the authorization code in params for tokens and stores the new sign-in. t is the transaction
// that begin stored. If exchangeLocked returns a fault, it has stored nothing.
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
		raw, _ := m.records.load() // after an error raw is "", and storeLocked does not use raw if it can't load the record
		old := m.record
		if old != nil && old.subject == next.subject && raw == m.raw {
			next.signInID = old.signInID // the same user signs in again: keep the id, so that open connections stay open
		}
		if m.storeLocked(m.generation, raw, next, a.access) {
			if old != nil && old.refresh != "" && d.revoke != "" {
				m.outside(func() { r.provider.revoke(d, old.refresh) })
			}
			return nil
		}
	}
}

// refusal returns a fault if Mayfly must not use the provider's answer: the answer comes from another issuer, reports an
// error or has no authorization code. params holds the parameters of the answer. t is the transaction that begin stored.
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

// redeem exchanges an authorization code for tokens, and checks the ID token. t is the transaction that begin stored.
// redeem blocks.
func (r *redirects) redeem(d *metadata, t map[string]string, code string) (*reply, *fault) {
	a, f := r.provider.requestToken(d, "grant_type", "authorization_code", "code", code, "redirect_uri", t["redirect"],
		"code_verifier", t["verifier"])
	switch {
	case f != nil:
		return nil, f
	case a.id == "":
		return nil, wrongFault("The provider gave no ID token: is openid among the scopes?")
	}
	if f = r.provider.verifyIDToken(d, a, t["nonce"], nil); f == nil {
		r.provider.chooseToken(a)
	}
	return a, f
}

// signOut does the work of SignIn.SignOut: it deletes the sign-in in this browser, and then ends it at the provider.
func (r *redirects) signOut(returnTo string) {
	m := r.state
	m.hold()
	defer m.release()
	was, raw := m.record, m.raw
	if stored, err := m.records.load(); err == nil && stored != "" {
		raw = stored // another tab may have stored a newer refresh token
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
			left = r.leaveProvider(was, returnTo)
		}
	})
	if !left {
		m.outcome.problem = Problem{Cause: OnlyHere}
	}
}

// leaveProvider signs the user out at the provider. former is the record of the sign-in that has ended. leaveProvider
// revokes the record's refresh token and sends the browser to the provider's end-session endpoint. The provider sends the
// browser back to "/" only. So leaveProvider stores returnTo in this tab, and signedOut changes the address to returnTo
// after the return. If the sign-out fails, the browser stays on this page and leaveProvider returns false. leaveProvider
// blocks.
func (r *redirects) leaveProvider(former *record, returnTo string) bool {
	// Before the browser leaves for the provider's page, check that the provider answers: otherwise the user would see only
	// an error page of the browser. The check is the request that revokes the refresh token, if the provider has an endpoint
	// for that. Without a refresh token, the check is to read the metadata from the provider instead of using the stored
	// metadata.
	d, f := r.provider.discover(signOutTimeout)
	if former.refresh == "" {
		d, f = r.provider.readMetadata(signOutTimeout)
	}
	if f != nil || former.refresh != "" && d.revoke != "" && !r.provider.revoke(d, former.refresh) || d.end == "" {
		return false
	}
	state := random()
	r.state.hold()
	r.state.gone = true
	left := itoa(r.state.now().Wall.UnixMilli())
	r.state.release()
	// An error of the storage is ignored. After such an error, signedOut finds nothing when the user comes back: the user is
	// then in the lobby instead of at returnTo, and is not told if the provider has not completed the sign-out.
	_ = r.b.Tab.Save(browser.SignOutKey, encodeQuery("state", state, "return", safePath(returnTo), "created", left))
	query := []string{"post_logout_redirect_uri", r.b.Origin + "/", "client_id", r.provider.registered().clientID,
		"state", state, "id_token_hint", former.id}
	if len(former.id) > maxHint || r.provider.registered().sendsID { // the server accepts ID tokens: keep them secret
		query = query[:len(query)-2]
	}
	r.b.Assign(withQuery(d.end, encodeQuery(query...)))
	return true
}

// signedOut does the work of SignIn.SignedOut. It finds out whether the provider has sent the browser back after a sign-out;
// if so, it changes the address to the path that leaveProvider has stored. If this tab has stored no sign-out, it does
// nothing.
//   - leaveProvider has sent a random state to the provider. Most providers put that state into the address: then it is
//     certain that the provider has sent the browser back.
//   - Some providers put no state into the address. Then signedOut assumes that the provider has sent the browser back if
//     the browser has loaded "/" within maxUnnamed after the sign-out, and not by a reload or from its history.
//   - Otherwise signedOut sets the problem OnlyHere, except at CallbackPath, where a new sign-in is being completed.
func (r *redirects) signedOut() {
	sent, _ := r.b.Tab.Load(browser.SignOutKey)
	if sent == "" {
		return
	}
	_ = r.b.Tab.Delete(browser.SignOutKey)
	mark, path := parseQuery(sent), r.b.path()
	_, search, _ := strings.Cut(r.b.Address, "?")
	search, _, _ = strings.Cut(search, "#")
	state := parseQuery(search)["state"]
	r.state.hold()
	defer r.state.release()
	unnamed := state == "" && path == "/" && !r.b.Revisited && age(mark, r.state.now()) < maxUnnamed
	switch {
	case state != "" && state == mark["state"], unnamed:
		r.b.Replace(safePath(mark["return"]))
	case path == CallbackPath:
	default:
		r.state.outcome.problem = Problem{Cause: OnlyHere}
	}
}
