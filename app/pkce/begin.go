package pkce

import (
	"crypto/rand"
	"crypto/sha256"
	"strings"
)

const (
	transactionKey = "mayfly.tx." // and the state: what the callback needs to know of a sign-in that was begun
	triesKey       = "mayfly.tries"
	maxTries       = 5 // sign-ins that one tab begins within a minute of the clock
)

// Begin leaves the page for the provider, which sends people back to CallbackPath. Afterwards they come to returnTo, a path
// with its query, if it is safe. It reports whether the page is about to leave; if not, the state says why.
func (s *SignIn) Begin(returnTo string) (leaving bool) {
	s.hold()
	defer s.release()
	if s.leaving {
		return true
	}
	s.leaving = true
	s.problem = s.begin(returnTo)
	s.leaving = false // the browser may bring this very page back
	return s.problem == nil
}

func (s *SignIn) begin(returnTo string) *Problem {
	if !s.mayTry() {
		return looping
	}
	if !closed(s.looked) {
		return unreachable
	}
	p, f := s.discover(false, fetchTimeout)
	if f != nil {
		return f.problem
	}
	state, verifier, nonce, redirect, names := random(), random(), random(), s.b.Origin+CallbackPath, ""
	if p.names {
		names = "1"
	}
	transaction := query("verifier", verifier, "nonce", nonce, "return", safePath(returnTo), "issuer", s.issuer, "client", s.clientID,
		"redirect", redirect, "names", names, "created", itoa(s.moment().wall.Milliseconds()))
	if s.pending.Save(transactionKey+state, transaction) != nil {
		return noStorage
	}
	scopes := s.scopes
	if scopes == "" {
		scopes = "openid profile email offline_access"
	}
	challenge := sha256.Sum256([]byte(verifier))
	separator := "?"
	if strings.Contains(p.authorize, "?") {
		separator = "&"
	}
	s.b.Assign(p.authorize + separator + query(append([]string{
		"response_type", "code", "client_id", s.clientID, "redirect_uri", redirect, "scope", scopes, "state", state, "nonce", nonce,
		"code_challenge", encode64(challenge[:]), "code_challenge_method", "S256",
	}, s.params...)...))
	return nil
}

// random returns 32 random bytes as 43 characters of base64url.
//
//go:noinline
func random() string {
	var b [32]byte
	rand.Read(b[:]) // never fails
	return encode64(b[:])
}

// mayTry counts the sign-ins that this tab begins, which only come thick and fast if something sends people round and round.
// What is kept is the minute and a dot for each. Storage that does not count is found out next.
func (s *SignIn) mayTry() bool {
	minute := itoa(int64(s.moment().wall.Minutes()))
	kept, _ := s.b.Tab.Load(triesKey)
	if !strings.HasPrefix(kept, minute) {
		kept = minute
	}
	_ = s.b.Tab.Save(triesKey, kept+".")
	return len(kept) < len(minute)+maxTries
}

// safePath returns path if it is one of this origin, and not the callback's; else "/".
func safePath(path string) string {
	bare, _, _ := strings.Cut(path, "#")
	bare, _, _ = strings.Cut(bare, "?")
	safe := len(path) <= 2048 && strings.HasPrefix(bare, "/") && !strings.HasPrefix(bare, CallbackPath) &&
		!strings.Contains(bare, "//") && !strings.Contains(bare, "/.")
	for i := range len(path) {
		safe = safe && path[i] > ' ' && path[i] != 0x7f && path[i] != '\\'
	}
	if !safe {
		return "/"
	}
	return path
}

// sweep deletes sign-ins that were begun and have come to nothing, all of them or those too old to be finished.
func (s *SignIn) sweep(all bool) {
	keys, _ := s.pending.Keys()
	for _, key := range keys {
		if strings.HasPrefix(key, transactionKey) {
			kept, _ := s.pending.Load(key)
			if all || !s.young(parameters(kept)) {
				_ = s.pending.Delete(key)
			}
		}
	}
}

// young reports whether a sign-in was begun recently enough to be finished.
//
//go:noinline
func (s *SignIn) young(transaction map[string]string) bool {
	age := s.moment().wall.Milliseconds() - milliseconds(transaction["created"])
	return max(age, -age) < maxPending.Milliseconds()
}
