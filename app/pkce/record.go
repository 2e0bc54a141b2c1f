package pkce

// A record is a sign-in as it is stored, without the access token. It is immutable.
type record struct {
	refresh  string // "" if the provider gave none
	id       string // ID token
	subject  string
	signInID string // random, made here: the server's signout ends the sign-in with this id
	scope    string
	obtained string // Unix milliseconds of the device
}

const (
	recordKey     = "mayfly.session"
	recordVersion = "1"
)

func (s *SignIn) encode(r *record) string {
	return encodeQuery("v", recordVersion, "issuer", s.issuer, "client", s.clientID, "refresh", r.refresh, "id", r.id,
		"sub", r.subject, "sid", r.signInID, "scope", r.scope, "obtained", r.obtained)
}

// decode returns the record in the parsed query params, nil if it is not complete or is for another provider or client.
//
//go:noinline
func (s *SignIn) decode(params map[string]string) *record {
	r := &record{params["refresh"], params["id"], params["sub"], params["sid"], params["scope"], params["obtained"]}
	if r.signInID == "" || r.subject == "" || params["issuer"] != s.issuer || params["client"] != s.clientID {
		return nil
	}
	return r
}

// syncRecord adopts the stored record if another tab has changed it: a new refresh token, another sign-in, or no sign-in. It
// releases s.mu while the vault opens the record.
func (s *SignIn) syncRecord() {
	for range 3 { // if it changes faster than that, Run calls again soon
		raw, err := s.store.Load(recordKey)
		if err != nil || raw == s.raw {
			return
		}
		r, newer, later := s.unseal(raw)
		if now, err := s.store.Load(recordKey); later || err != nil {
			return
		} else if now != raw {
			continue
		}
		if r == nil && !newer && raw != "" {
			_ = s.store.Delete(recordKey) // it would be useless the next time, too
			raw = ""
		}
		if r == nil || s.record == nil || r.signInID != s.record.signInID {
			s.forget()
			s.ended, s.problem = false, nil
		}
		if newer {
			s.problem = newerRecord
		}
		s.setRecord(r, raw)
		return
	}
}

// setRecord makes r the current sign-in. raw is its stored form.
//
//go:noinline
func (s *SignIn) setRecord(r *record, raw string) {
	s.record, s.raw = r, raw
	if r != nil {
		s.name = nameIn(r.id)
	}
}

// storeRecord replaces the stored record raw with r and uses a as the access token. It is a compare-and-swap: if the
// generation or the stored record has changed, because the user has signed out or in meanwhile, it does nothing and returns
// false. It releases s.mu while the vault seals the record.
func (s *SignIn) storeRecord(generation int, raw string, r *record, a access) bool {
	fresh := s.seal(r)
	if stored, err := s.store.Load(recordKey); s.generation != generation || err == nil && stored != raw {
		return false
	}
	if fresh == "" || s.store.Save(recordKey, fresh) != nil {
		_ = s.store.Delete(recordKey) // the old record is useless now, and without it there may be room
		if fresh == "" || s.store.Save(recordKey, fresh) != nil {
			fresh = "" // then the record lives only in memory, as long as the page
		}
	}
	if s.mode == Memory {
		fresh = ""
	}
	if s.record == nil || r.signInID != s.record.signInID {
		s.forget()
	}
	s.setRecord(r, fresh)
	s.setAccess(a)
	s.sendToken()
	return true
}

// setAccess uses a as the access token from now on. It clears the problem and the failed renewals of the one before.
//
//go:noinline
func (s *SignIn) setAccess(a access) {
	s.access, s.refused = a, ""
	s.ended, s.problem, s.retry = false, nil, newRetry()
	s.version++
	close(s.accessChanged)
	s.accessChanged = make(chan struct{})
}

// forget removes the sign-in from memory. generation grows, so that work that began before is void.
//
//go:noinline
func (s *SignIn) forget() {
	s.generation++
	if s.record != nil {
		s.formerID = s.record.signInID
	}
	s.record, s.raw, s.refused = nil, "", ""
	s.access, s.retry = access{}, newRetry()
}

// dropRecord removes the sign-in from memory, and the stored record unless another tab has changed that.
//
//go:noinline
func (s *SignIn) dropRecord() {
	if raw, err := s.store.Load(recordKey); err == nil && raw == s.raw {
		_ = s.store.Delete(recordKey) // a storage that can't delete can't be read either
	}
	s.forget()
}

// endSignIn ends the sign-in in all tabs and shows why. It does nothing if generation is not the current one.
func (s *SignIn) endSignIn(generation int, why *Problem) {
	if s.generation != generation || s.record == nil {
		return
	}
	s.dropRecord()
	s.ended, s.problem = true, why
	s.send(encodeQuery("kind", "end", "session", s.formerID))
}

// End ends the sign-in with the id signInID in all tabs, because the server no longer accepts it. why is the server's
// sentence. End does nothing if another sign-in has replaced this one. It also does nothing if another tab has signed out:
// then the server's message came before that tab's.
func (s *SignIn) End(signInID, why string) {
	s.hold()
	defer s.release()
	s.syncRecord()
	if s.record != nil && s.record.signInID == signInID {
		s.endSignIn(s.generation, wereSignedOut.with(why))
	}
}

// discard is a storage that stores nothing, for Mode Memory.
type discard struct{}

func (discard) Load(string) (string, error) { return "", nil }
func (discard) Save(string, string) error   { return nil }
func (discard) Delete(string) error         { return nil }
func (discard) Keys() ([]string, error)     { return nil, nil }
