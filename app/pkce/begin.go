package pkce

import (
	"crypto/rand"
	"crypto/sha256"
	"strings"
)

const (
	transactionKey = "mayfly.tx." // before the OAuth state: the storage key of a sign-in that has begun
	triesKey       = "mayfly.tries"
	maxTries       = 5 // sign-ins that one tab may begin within one minute of the clock
)

// Begin leaves the page for the provider, which sends the user back to CallbackPath. From there the user gets to returnTo, a
// path with its query, or to "/" if returnTo is not safe. Begin reports whether the browser is about to leave the page; if
// not, the state says why.
func (s *SignIn) Begin(returnTo string) (leaving bool) {
	s.hold()
	defer s.release()
	if s.leaving {
		return true
	}
	s.leaving = true
	s.problem = s.begin(returnTo)
	s.leaving = false // the browser's back button may bring this page back
	return s.problem == nil
}

func (s *SignIn) begin(returnTo string) *Problem {
	if !s.mayTry() {
		return looping
	}
	if !closed(s.restored) {
		return unreachable
	}
	p, f := s.discover(false, fetchTimeout)
	if f != nil {
		return f.problem
	}
	state, verifier, nonce, redirect, names := random(), random(), random(), s.b.Origin+CallbackPath, ""
	if p.sendsIssuer {
		names = "1"
	}
	transaction := encodeQuery("verifier", verifier, "nonce", nonce, "return", safePath(returnTo), "issuer", s.issuer,
		"client", s.clientID, "redirect", redirect, "names", names, "created", itoa(s.moment().Wall.UnixMilli()))
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
	s.b.Assign(p.authorize + separator + encodeQuery(append([]string{
		"response_type", "code", "client_id", s.clientID, "redirect_uri", redirect, "scope", scopes,
		"state", state, "nonce", nonce, "code_challenge", encode64(challenge[:]), "code_challenge_method", "S256",
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

// mayTry is a rate limit: it counts the sign-ins that this tab begins and reports whether this one is allowed. Only a
// redirect loop between page and provider begins more. It stores the minute and one dot for each sign-in. If the storage
// fails, begin notices when it saves the transaction.
func (s *SignIn) mayTry() bool {
	minute := itoa(s.moment().Wall.Unix() / 60)
	kept, _ := s.b.Tab.Load(triesKey)
	if !strings.HasPrefix(kept, minute) {
		kept = minute
	}
	_ = s.b.Tab.Save(triesKey, kept+".")
	return len(kept) < len(minute)+maxTries
}

// safePath returns path if it leads to this origin and not to the callback; otherwise it returns "/".
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

// sweepPending deletes the stored transactions of sign-ins that did not return: all, or only those that are too old.
func (s *SignIn) sweepPending(all bool) {
	keys, _ := s.pending.Keys()
	for _, key := range keys {
		if strings.HasPrefix(key, transactionKey) {
			kept, _ := s.pending.Load(key)
			if all || !s.recent(parseQuery(kept)) {
				_ = s.pending.Delete(key)
			}
		}
	}
}

// recent reports whether a sign-in began recently enough to be completed.
//
//go:noinline
func (s *SignIn) recent(transaction map[string]string) bool {
	age := s.moment().Wall.UnixMilli() - milliseconds(transaction["created"])
	return max(age, -age) < maxPending.Milliseconds()
}
