package pkce

import (
	"strings"
	"time"
)

// hold locks s.mu.
//
//go:noinline
func (s *SignIn) hold() { s.mu.Lock() }

// release unlocks s.mu and wakes Run, which publishes the changes.
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

// waitFor waits until done is closed, at most for timeout. It releases s.mu meanwhile.
func (s *SignIn) waitFor(done <-chan struct{}, timeout time.Duration) {
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

// fetch makes a request as Browser.Fetch does. status is 0 if there is no answer or it is too long. It releases s.mu while
// it waits.
func (s *SignIn) fetch(url, form string, keepalive bool, timeout time.Duration) (
	status int, header func(string) string, body []byte) {
	s.release()
	status, header, body, err := s.b.Fetch(url, form, keepalive, timeout)
	s.hold()
	if err != nil || len(body) > maxAnswer {
		return 0, nil, nil
	}
	return status, header, body
}

// get returns the JSON object at url, nil if there is none. It releases s.mu while it waits.
func (s *SignIn) get(url string, timeout time.Duration) object {
	status, _, body := s.fetch(url, "", false, timeout)
	if status != 200 {
		return nil
	}
	return parseObject(body)
}

// lockTabs waits for the lock that all tabs share. unlock is nil if that takes too long. It releases s.mu while it waits.
func (s *SignIn) lockTabs() (unlock func()) {
	s.release()
	unlock, err := s.b.Lock("mayfly:renew", lockTimeout)
	s.hold()
	if err != nil {
		return nil
	}
	return unlock
}

// seal returns the stored form of r, "" if the vault fails. It releases s.mu while it waits.
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
	return encodeQuery("v", recordVersion, "sealed", sealed)
}

// unseal returns the record in its stored form raw. Otherwise r is nil: newer means that a newer version of Mayfly wrote it,
// later that the vault cannot be used now, and neither that raw is useless. It releases s.mu while it waits.
func (s *SignIn) unseal(raw string) (r *record, newer, later bool) {
	params := parseQuery(raw)
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
			params = parseQuery(text)
		}
	}
	return s.decode(params), false, false
}

// browserVerify lets the browser check whether key made signature for text. It releases s.mu while it waits.
func (s *SignIn) browserVerify(alg string, key, text, signature []byte) bool {
	s.release()
	ok := s.b.Verify(alg, key, text, signature)
	s.hold()
	return ok
}
