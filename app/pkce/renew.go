package pkce

// renew makes an attempt to get a new access token: from another tab, or else from the provider, while no other tab does the
// same.
func (s *SignIn) renew() {
	s.hold()
	defer s.release()
	generation := s.generation
	f := s.obtain()
	if f != nil && s.generation == generation {
		s.retry.failed(f.wait, s.moment())
		if f.kind != down { // it does not mend itself, but nobody is signed out for it
			s.problem = misconfigured.with(f.problem.Detail)
		}
	}
	close(s.renewing)
	s.renewing, s.begun = nil, false
}

func (s *SignIn) obtain() *fault {
	s.ask()
	if s.due(s.moment()) > 0 {
		return nil
	}
	_, _ = s.discover(false, fetchTimeout) // refresh says if it failed; read here, nobody waits for it behind the lock
	unlock := s.lock()
	if unlock == nil {
		return noAnswer
	}
	defer unlock()
	for range 3 { // the record can only change meanwhile where there are no locks
		before := s.raw
		s.compare()
		if s.raw != before || s.mode == Tab { // who has renewed it meanwhile has an access token, too
			s.ask()
		}
		if s.record == nil || s.due(s.moment()) > 0 {
			return nil
		}
		if s.record.refresh == "" {
			s.end(s.generation, sessionEnded)
			return nil
		}
		if f, again := s.refresh(); !again {
			return f
		}
	}
	return noAnswer
}

// refresh uses the refresh token. again: another tab was quicker.
func (s *SignIn) refresh() (f *fault, again bool) {
	p, f := s.discover(false, fetchTimeout)
	if f != nil {
		return f, false
	}
	generation, r, raw := s.generation, s.record, s.raw
	a, f := s.token(p, "grant_type", "refresh_token", "refresh_token", r.refresh)
	if f != nil {
		if f.kind != denied || f.problem != nil && f.problem != tooSlow {
			return f, false
		}
		if stored, err := s.store.Load(recordKey); err == nil && stored != raw {
			return nil, true
		}
		s.end(generation, sessionEnded)
		return nil, false
	}
	next := &record{r.refresh, r.id, r.subject, r.session, a.scope, itoa(a.access.at.wall.Milliseconds())}
	if a.refresh != "" {
		next.refresh = a.refresh
	}
	if a.id != "" {
		_, old, _ := split(r.id)
		switch _, f := s.verify(p, a.id, a.access.text, old.text("nonce"), old); {
		case f == nil:
			next.id = a.id
		case f.kind == wrong:
			s.end(generation, f.problem)
		} // else the keys can't be had now, and the old one says the same
	}
	if s.keep(generation, raw, next, a.access) {
		return nil, false
	}
	s.compare()
	if a.refresh != "" && p.revoke != "" && (s.record == nil || s.record.session != r.session) {
		s.revoke(p, a.refresh) // it came too late. Else another tab may have got the very same one
	}
	return nil, s.record != nil
}
