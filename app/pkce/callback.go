package pkce

import "strings"

// Callback completes a sign-in. address is the address, with its query, to which the provider sent the user back. Call it
// before any other code reads the page's address. It returns the path to show next, whether or not the user is signed in;
// the state says which. It sends a code only once, because good providers end the sign-in when a code comes twice.
func (s *SignIn) Callback(address string) (returnTo string) {
	s.b.Replace(CallbackPath) // first, so that no code stays in the address or the history
	address, _, _ = strings.Cut(address, "#")
	_, search, _ := strings.Cut(address, "?")
	if search == "" {
		return "/" // the user reloaded the page or typed the address
	}
	s.hold()
	defer s.release()
	params := parseQuery(search)
	key := transactionKey + params["state"]
	kept, _ := s.pending.Load(key)
	t := parseQuery(kept)
	if kept == "" || s.pending.Delete(key) != nil { // delete first: a second call with the same code finds nothing
		t = nil
	}
	s.inCallback = true
	s.release()
	<-s.restored
	s.hold()
	if s.recent(t) && t["issuer"] == s.issuer && t["client"] == s.clientID {
		if f := s.exchange(t, params); f != nil {
			s.problem = f.problem
		}
	} else if s.record == nil { // otherwise the user came with the back button and is signed in
		s.problem = expiredLink
	}
	s.inCallback = false
	return safePath(t["return"])
}

// exchange turns the provider's answer into a sign-in. t is the transaction that begin stored. On a fault it stores nothing.
func (s *SignIn) exchange(t, params map[string]string) *fault {
	code := params["code"]
	if iss, named := params["iss"]; named && iss != s.issuer || !named && t["names"] != "" {
		return setupFault("The answer is from " + iss + ", not from " + s.issuer + ".")
	}
	if refusal := params["error"]; refusal != "" {
		return denial(refusal, params["error_description"])
	}
	if code == "" {
		return wrongFault("The answer has no code.")
	}
	p, f := s.discover(false, fetchTimeout)
	if f != nil {
		return f
	}
	a, f := s.requestToken(p, "grant_type", "authorization_code", "code", code, "redirect_uri", t["redirect"],
		"code_verifier", t["verifier"])
	if f != nil {
		return f
	}
	if a.id == "" {
		return wrongFault("The provider gave no ID token: is openid among the scopes?")
	}
	claims, f := s.verifyIDToken(p, a.id, a.access.text, t["nonce"], nil)
	if f != nil {
		return f
	}
	for {
		s.syncRecord()
		r := &record{a.refresh, a.id, claims.text("sub"), random(), a.scope, itoa(a.access.at.Wall.UnixMilli())}
		raw, _ := s.store.Load(recordKey) // a record that can't be read is replaced
		old := s.record
		if old != nil && old.subject == r.subject && raw == s.raw {
			r.signInID = old.signInID // the same user again: keep the id, so that open connections go on
		}
		if s.storeRecord(s.generation, raw, r, a.access) {
			if old != nil && old.refresh != "" && p.revoke != "" {
				s.revoke(p, old.refresh)
			}
			return nil
		}
	}
}
