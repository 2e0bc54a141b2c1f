package pkce

// SignOut signs out in all tabs. Before it waits for the network, it removes the sign-in from the browser and wakes Run,
// which tells the subscribers; they send signout to the server. Then it revokes the refresh token and leaves the page for
// the provider's end-session endpoint. If the network fails or the provider has no such endpoint, the page stays, and the
// state says that the provider may still know the user.
func (s *SignIn) SignOut() {
	s.hold()
	defer s.release()
	r, raw := s.record, s.raw
	if stored, err := s.store.Load(recordKey); err == nil && stored != "" {
		raw = stored // another tab may have a newer refresh token there
	}
	_ = s.store.Delete(recordKey)
	s.forget()
	s.ended, s.problem = false, nil
	s.sweepPending(true)
	if r != nil {
		s.send(encodeQuery("kind", "out", "session", r.signInID))
	}
	if latest, _, _ := s.unseal(raw); latest != nil {
		r = latest
	}
	if s.mode == Device {
		s.mu.Unlock()
		s.b.Vault.Forget() // its key is no longer needed
		s.hold()
	}
	if r != nil && !s.leaveProvider(r) {
		s.problem = onlyHere
	}
}

// leaveProvider ends the sign-in at the provider as far as possible. It reports whether the browser is about to leave.
func (s *SignIn) leaveProvider(r *record) bool {
	// Don't leave for a page that the browser can't load: if no revoke checks that the provider is there, a fresh read does.
	p, f := s.discover(r.refresh == "", signOutTimeout)
	if f != nil || r.refresh != "" && p.revoke != "" && !s.revoke(p, r.refresh) || p.end == "" {
		return false
	}
	s.b.Submit(p.end, "post_logout_redirect_uri", s.b.Origin+"/", "client_id", s.clientID, "id_token_hint", r.id)
	return true
}
