package pkce

// A record is a sign-in as it is kept: all but the access token. It is never changed.
type record struct {
	refresh  string // "" if the provider gave none
	id       string // ID token
	subject  string
	session  string // random, ours: what the server's signout ends
	scope    string
	obtained string // Unix milliseconds of the device
}

const (
	recordKey     = "mayfly.session"
	recordVersion = "1"
)

func (s *SignIn) encode(r *record) string {
	return query("v", recordVersion, "issuer", s.issuer, "client", s.clientID, "refresh", r.refresh, "id", r.id, "sub", r.subject,
		"sid", r.session, "scope", r.scope, "obtained", r.obtained)
}

// decode returns what encode had made params of, nil if it is of no use here.
//
//go:noinline
func (s *SignIn) decode(params map[string]string) *record {
	r := &record{params["refresh"], params["id"], params["sub"], params["sid"], params["scope"], params["obtained"]}
	if r.session == "" || r.subject == "" || params["issuer"] != s.issuer || params["client"] != s.clientID {
		return nil
	}
	return r
}

// compare takes over what other tabs have made of the record: a new refresh token, another sign-in, its end.
func (s *SignIn) compare() {
	for range 3 { // or it changes faster than it can be read, and is looked at again soon
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
			_ = s.store.Delete(recordKey) // or it is of no use the next time, too
			raw = ""
		}
		if r == nil || s.record == nil || r.session != s.record.session {
			s.clear()
			s.over, s.problem = false, nil
		}
		if newer {
			s.problem = newerRecord
		}
		s.know(r, raw)
		return
	}
}

// know makes r, which is stored as raw, the sign-in.
//
//go:noinline
func (s *SignIn) know(r *record, raw string) {
	s.record, s.raw = r, raw
	if r != nil {
		s.name = person(r.id)
	}
}

// keep stores r in the place of the record that was raw, and makes a the access token. It does nothing and returns false if
// generation or the record is another by now: whoever signed out, or in, meanwhile wins.
func (s *SignIn) keep(generation int, raw string, r *record, a access) bool {
	fresh := s.seal(r)
	if stored, err := s.store.Load(recordKey); s.generation != generation || err == nil && stored != raw {
		return false
	}
	if fresh == "" || s.store.Save(recordKey, fresh) != nil {
		_ = s.store.Delete(recordKey) // the old one is worth nothing any more, and perhaps there is room without it
		if fresh == "" || s.store.Save(recordKey, fresh) != nil {
			fresh = "" // it lives in memory only, as long as the page
		}
	}
	if s.mode == Memory {
		fresh = ""
	}
	if s.record == nil || r.session != s.record.session {
		s.clear()
	}
	s.know(r, fresh)
	s.adopt(a)
	s.tell()
	return true
}

// adopt makes a the access token.
//
//go:noinline
func (s *SignIn) adopt(a access) {
	s.access, s.refused = a, ""
	s.over, s.problem, s.retry = false, nil, retry{}
	s.version++
	close(s.adopted)
	s.adopted = make(chan struct{})
}

// clear forgets who was signed in, and makes void what is under way for them.
//
//go:noinline
func (s *SignIn) clear() {
	s.generation++
	if s.record != nil {
		s.former = s.record.session
	}
	s.record, s.raw, s.refused = nil, "", ""
	s.access, s.retry = access{}, retry{}
}

// drop forgets who is signed in, and deletes the record unless it is another by now.
//
//go:noinline
func (s *SignIn) drop() {
	if raw, err := s.store.Load(recordKey); err == nil && raw == s.raw {
		_ = s.store.Delete(recordKey) // storage that can't delete can't be read either
	}
	s.clear()
}

// end ends the sign-in in all tabs, and says why.
func (s *SignIn) end(generation int, why *Problem) {
	if s.generation != generation || s.record == nil {
		return
	}
	s.drop()
	s.over, s.problem = true, why
	s.send(query("kind", "end", "session", s.former))
}

// End ends the sign-in of that session in all tabs because the server does not take it any more. why is the server's sentence.
// It does nothing if there is another by now, or if it was another tab that signed out, of which the server may tell first.
func (s *SignIn) End(session, why string) {
	s.hold()
	defer s.release()
	s.compare()
	if s.record != nil && s.record.session == session {
		s.end(s.generation, wereSignedOut.with(why))
	}
}

// nowhere is the storage of records that live in memory only.
type nowhere struct{}

func (nowhere) Load(string) (string, error) { return "", nil }
func (nowhere) Save(string, string) error   { return nil }
func (nowhere) Delete(string) error         { return nil }
func (nowhere) Keys() ([]string, error)     { return nil, nil }
