package pkce

// SignOut signs out in all tabs. Before it waits for anything nothing of the sign-in is left in the browser, and subscribers
// are about to be told, who send signout to the server. Then it takes the refresh token back and leaves the page, so that the
// provider forgets the person, too. Offline, or where the provider knows no such thing, it stays, and the state says that
// the provider may still know them.
func (s *SignIn) SignOut() {
	s.hold()
	defer s.release()
	r, raw := s.record, s.raw
	if stored, err := s.store.Load(recordKey); err == nil && stored != "" {
		raw = stored // another tab may have a newer refresh token there
	}
	_ = s.store.Delete(recordKey)
	s.clear()
	s.over, s.problem = false, nil
	s.sweep(true)
	if r != nil {
		s.send(query("kind", "out", "session", r.session))
	}
	if latest, _, _ := s.unseal(raw); latest != nil {
		r = latest
	}
	if s.mode == Device {
		s.mu.Unlock()
		s.b.Vault.Forget() // it seals nothing any more
		s.hold()
	}
	if r != nil && !s.leaveProvider(r) {
		s.problem = onlyHere
	}
}

// leaveProvider ends the sign-in at the provider, as far as it can. It reports whether the page is about to leave.
func (s *SignIn) leaveProvider(r *record) bool {
	p, f := s.discover(r.refresh == "", partTimeout) // a page that the browser can't load is no place to send anyone
	if f != nil || r.refresh != "" && p.revoke != "" && !s.revoke(p, r.refresh) || p.end == "" {
		return false
	}
	s.b.Submit(p.end, "post_logout_redirect_uri", s.b.Origin+"/", "client_id", s.clientID, "id_token_hint", r.id)
	return true
}
