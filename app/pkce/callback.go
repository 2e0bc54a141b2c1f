package pkce

import "strings"

// Callback ends the sign-in that the provider sent back to address: the page's, with its query. Call it before anything
// else looks at the address. It returns the path to go on to, whether or not somebody is signed in now; the state says that.
// It never tries anything twice: a code that comes twice makes good providers end the sign-in.
func (s *SignIn) Callback(address string) (returnTo string) {
	s.b.Replace(CallbackPath) // first of all: no code stays in the address or the history
	address, _, _ = strings.Cut(address, "#")
	_, search, _ := strings.Cut(address, "?")
	if search == "" {
		return "/" // reloaded, or typed
	}
	s.hold()
	defer s.release()
	params := parameters(search)
	key := transactionKey + params["state"]
	kept, _ := s.pending.Load(key)
	t := parameters(kept)
	if kept == "" || s.pending.Delete(key) != nil { // deleted first: whoever comes second finds none
		t = nil
	}
	s.entering = true
	s.release()
	<-s.looked
	s.hold()
	if s.young(t) && t["issuer"] == s.issuer && t["client"] == s.clientID {
		if f := s.exchange(t, params); f != nil {
			s.problem = f.problem
		}
	} else if s.record == nil { // else it is the back button, and all is well
		s.problem = expiredLink
	}
	s.entering = false
	return safePath(t["return"])
}

// exchange makes a sign-in of what the provider sent. On any fault nothing is stored.
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
	a, f := s.token(p, "grant_type", "authorization_code", "code", code, "redirect_uri", t["redirect"], "code_verifier", t["verifier"])
	if f != nil {
		return f
	}
	if a.id == "" {
		return wrongFault("The provider gave no ID token: is openid among the scopes?")
	}
	claims, f := s.verify(p, a.id, a.access.text, t["nonce"], nil)
	if f != nil {
		return f
	}
	for {
		s.compare()
		r := &record{a.refresh, a.id, claims.text("sub"), random(), a.scope, itoa(a.access.at.wall.Milliseconds())}
		raw, _ := s.store.Load(recordKey) // what can't be read is replaced
		old := s.record
		if old != nil && old.subject == r.subject && raw == s.raw {
			r.session = old.session // who signs in anew stays the same, so that open connections go on
		}
		if s.keep(s.generation, raw, r, a.access) {
			if old != nil && old.refresh != "" && p.revoke != "" {
				s.revoke(p, old.refresh)
			}
			return nil
		}
	}
}
