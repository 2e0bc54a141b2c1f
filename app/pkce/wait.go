package pkce

import (
	"strings"
	"time"
)

// hold waits for the lock.
//
//go:noinline
func (s *SignIn) hold() { s.mu.Lock() }

// release lets go of the lock and has Run show what has changed.
//
//go:noinline
func (s *SignIn) release() {
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

//go:noinline
func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// until waits until done is closed, at most for timeout.
func (s *SignIn) until(done <-chan struct{}, timeout time.Duration) {
	s.release()
	timer := time.NewTimer(timeout)
	select {
	case <-done:
	case <-timer.C:
	}
	timer.Stop()
	s.hold()
}

const maxAnswer = 256 << 10 // bytes of an answer

// fetch makes a request. status is 0 if there is no answer, or none that may be read.
func (s *SignIn) fetch(url, form string, keepalive bool, timeout time.Duration) (status int, header func(string) string, body []byte) {
	s.release()
	status, header, body, err := s.b.Fetch(url, form, keepalive, timeout)
	s.hold()
	if err != nil || len(body) > maxAnswer {
		return 0, nil, nil
	}
	return status, header, body
}

// get returns the object at url, nil if there is none.
func (s *SignIn) get(url string, timeout time.Duration) object {
	status, _, body := s.fetch(url, "", false, timeout)
	if status != 200 {
		return nil
	}
	return parse(body)
}

// lock waits for the lock that all tabs share; unlock is nil if it is not to be had.
func (s *SignIn) lock() (unlock func()) {
	s.release()
	unlock, err := s.b.Lock("mayfly:renew", lockTimeout)
	s.hold()
	if err != nil {
		return nil
	}
	return unlock
}

// seal returns r as it is stored, "" if it can't be.
func (s *SignIn) seal(r *record) string {
	text := s.encode(r)
	if s.mode != Device {
		return text
	}
	s.release()
	sealed, err := s.b.Vault.Seal(text)
	s.hold()
	if err != nil {
		return ""
	}
	return query("v", recordVersion, "sealed", sealed)
}

// unseal returns the record that raw is; nil and newer if a newer version made it, nil and later if the vault does not open
// now, and nil alone if it is of no use.
func (s *SignIn) unseal(raw string) (r *record, newer, later bool) {
	params := parameters(raw)
	if v := params["v"]; v != recordVersion {
		return nil, v != "" && strings.Trim(v, "0123456789") == "", false
	}
	if sealed := params["sealed"]; sealed != "" {
		s.release()
		text, ok, err := s.b.Vault.Open(sealed)
		s.hold()
		if err != nil {
			return nil, false, true
		}
		if params = nil; ok {
			params = parameters(text)
		}
	}
	return s.decode(params), false, false
}

// verified reports whether signature is key's under text.
func (s *SignIn) verified(alg string, key, text, signature []byte) bool {
	s.release()
	ok := s.b.Verify(alg, key, text, signature)
	s.hold()
	return ok
}
