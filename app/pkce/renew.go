package pkce

// renew makes one attempt to get a new access token: from another tab, or otherwise from the provider, under the lock of all
// tabs.
func (s *SignIn) renew() {
	s.hold()
	defer s.release()
	generation := s.generation
	f := s.obtain()
	if f != nil && s.generation == generation {
		s.retry.Failed(min(f.wait, maxRetryAfter), s.moment())
		if f.kind != down { // show it: it needs an administrator. The user stays signed in
			s.problem = misconfigured.with(f.problem.Detail)
		}
	}
	close(s.renewing)
	s.renewing, s.renewalBegun = nil, false
}

// obtain does the work of renew. It releases s.mu while it waits.
func (s *SignIn) obtain() *fault {
	s.askTabs()
	if s.due(s.moment()) > 0 {
		return nil
	}
	_, _ = s.discover(false, fetchTimeout) // before the lock, so that no other tab waits for it; refresh reports a failure
	unlock := s.lockTabs()
	if unlock == nil {
		return noAnswer
	}
	defer unlock()
	for range 3 { // it repeats only in browsers without locks, where another tab may change the record meanwhile
		before := s.raw
		s.syncRecord()
		if s.raw != before || s.mode == Tab { // another tab may have renewed it, and then has an access token
			s.askTabs()
		}
		if s.record == nil || s.due(s.moment()) > 0 {
			return nil
		}
		if s.record.refresh == "" {
			s.endSignIn(s.generation, sessionEnded)
			return nil
		}
		if f, again := s.refresh(); !again {
			return f
		}
	}
	return noAnswer
}

// refresh uses the refresh token. again means that another tab has changed the record meanwhile: try again with that.
func (s *SignIn) refresh() (f *fault, again bool) {
	p, f := s.discover(false, fetchTimeout)
	if f != nil {
		return f, false
	}
	generation, r, raw := s.generation, s.record, s.raw
	a, f := s.requestToken(p, "grant_type", "refresh_token", "refresh_token", r.refresh)
	if f != nil {
		if f.kind != denied || f.problem != nil && f.problem != tooSlow {
			return f, false
		}
		if stored, err := s.store.Load(recordKey); err == nil && stored != raw {
			return nil, true
		}
		s.endSignIn(generation, sessionEnded)
		return nil, false
	}
	next := &record{r.refresh, r.id, r.subject, r.signInID, a.scope, itoa(a.access.at.Wall.UnixMilli())}
	if a.refresh != "" {
		next.refresh = a.refresh
	}
	if a.id != "" {
		_, old, _ := split(r.id)
		switch _, f := s.verifyIDToken(p, a.id, a.access.text, old.text("nonce"), old); {
		case f == nil:
			next.id = a.id
		case f.kind == wrong:
			s.endSignIn(generation, f.problem)
		} // any other fault: the keys can't be read now; the old ID token says the same
	}
	if s.storeRecord(generation, raw, next, a.access) {
		return nil, false
	}
	s.syncRecord()
	if a.refresh != "" && p.revoke != "" && (s.record == nil || s.record.signInID != r.signInID) {
		s.revoke(p, a.refresh) // the sign-in has ended. If it had not, another tab might use the same refresh token
	}
	return nil, s.record != nil
}
