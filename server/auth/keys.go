package auth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"mayfly/shared/wire"
)

const (
	kidCooldown = 30 * time.Second // between two fetches of the keys that unknown kids cause
	kidAbsent   = time.Minute      // how long a kid is known to be none of the issuer's, after a fetch without it
	kidWait     = 6 * time.Second  // how long a token waits for the fetch that its kid caused: a whole one
	maxKids     = 1000             // unknown kids that are remembered
	maxKid      = 255              // bytes of a kid

	keysOutlive = 24 * time.Hour // how long the keys are used after the issuer has failed to say them again

	maxKeys    = 20
	minRSABits = 2048
	maxRSABits = 8192 // more costs time, for each token
)

// keySet holds the issuer's keys. It fetches nothing itself: provider does, when its time has come or wake says so.
type keySet struct {
	algs        []jose.SignatureAlgorithm // static
	kidOptional bool                      // static
	wake        chan struct{}             // static; capacity 1: an unknown kid wants the keys fetched

	mu      sync.Mutex // guards what follows
	keys    map[string]key
	begun   int            // fetches so far; each has its number
	loaded  int            // the number of the last that succeeded; 0: none has
	at      time.Time      // when that ended
	failing time.Time      // since when fetches fail; zero: the last succeeded
	failure error          // of the last; nil: it succeeded
	asked   time.Time      // when an unknown kid last wanted a fetch
	wanted  chan struct{}  // closed when that fetch has ended; nil: it has
	after   int            // the number that fetch exceeds
	unknown map[string]int // kids, each with the number of the fetch that had begun last when it was first seen
}

// key is a public key of the issuer's. What is wrong with it is said when a token names it.
type key struct {
	public  crypto.PublicKey
	alg     string // that it is for; empty: any that fits
	problem string
}

func newKeySet(algs []string, kidOptional bool) *keySet {
	s := &keySet{kidOptional: kidOptional, wake: make(chan struct{}, 1), unknown: map[string]int{}}
	for _, alg := range algs {
		s.algs = append(s.algs, jose.SignatureAlgorithm(alg))
	}
	return s
}

// VerifySignature implements oidc.KeySet.
func (s *keySet) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	t, refusal := parse(jwt)
	if refusal != nil {
		return nil, refusal
	}
	if refusal := s.verify(ctx, t, true); refusal != nil {
		return nil, refusal
	}
	return t.payload, nil
}

// verify checks t's signature. With fetch it may wait for the keys to be fetched again, for t's kid; it never does so because
// a signature is wrong.
func (s *keySet) verify(ctx context.Context, t token, fetch bool) *Error {
	kid, _ := t.header.text("kid")
	alg, _ := t.header.text("alg")
	public, refusal := s.find(ctx, kid, alg, fetch)
	if refusal != nil {
		return refusal
	}
	if len(t.signature) == 0 {
		return refuse(wire.ReasonTokenSignature, "it has no signature")
	}
	signed, err := jose.ParseSignedCompact(t.raw, s.algs)
	if err != nil {
		return refuse(wire.ReasonTokenMalformed, "%s", clip(err.Error(), maxLogged))
	}
	if _, err := signed.Verify(public); err != nil {
		return refuse(wire.ReasonTokenSignature, "%v", err)
	}
	return nil
}

// find returns the key of that kid, fit for alg.
func (s *keySet) find(ctx context.Context, kid, alg string, fetch bool) (crypto.PublicKey, *Error) {
	if kid == "" && !s.kidOptional {
		return nil, refuse(wire.ReasonTokenKeyUnknown, "it has no kid").later(kidAbsent).forGood()
	}
	if len(kid) > maxKid {
		return nil, refuse(wire.ReasonTokenKeyUnknown, "its kid has %d bytes", len(kid)).later(kidAbsent).forGood()
	}
	ctx, cancel := context.WithTimeout(ctx, kidWait)
	defer cancel()
	for {
		public, fetched, refusal := s.look(kid, alg, fetch, time.Now())
		if fetched == nil {
			return public, refusal
		}
		select {
		case <-fetched:
		case <-ctx.Done():
			return nil, refuse(wire.ReasonTokenKeyUnknown, "its kid is unknown, and the keys have not come in time").later(kidCooldown)
		}
	}
}

// look returns the key, or why there is none, or what to wait for before looking again.
func (s *keySet) look(kid, alg string, fetch bool, now time.Time) (public crypto.PublicKey, fetched <-chan struct{}, refusal *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.readyLocked(now) != nil {
		return nil, nil, busy()
	}
	if kid == "" {
		public, refusal = s.onlyLocked(alg)
		return public, nil, refusal
	}
	if k, ok := s.keys[kid]; ok {
		if problem := k.unfit(alg); problem != "" {
			e := refuse(wire.ReasonTokenKeyUnknown, "its key cannot be used: %s", problem)
			e.Next = wire.NextNever
			return nil, nil, e.forGood()
		}
		return k.public, nil, nil
	}
	unknown := refuse(wire.ReasonTokenKeyUnknown, "its kid is none of the issuer's")
	if !fetch {
		return nil, nil, unknown.later(kidCooldown)
	}
	seen, ok := s.unknown[kid]
	if ok && s.loaded > seen { // fetched since, without it
		if left := s.at.Add(kidAbsent).Sub(now); left > 0 {
			return nil, nil, unknown.later(left)
		}
		ok = false
	}
	if !ok {
		if len(s.unknown) >= maxKids {
			clear(s.unknown) // they are seen for the first time again, which costs nothing: there is the cooldown
		}
		s.unknown[kid] = s.begun
	}
	if s.wanted != nil {
		return nil, s.wanted, nil
	}
	if left := s.asked.Add(kidCooldown).Sub(now); left > 0 {
		return nil, nil, unknown.later(left)
	}
	s.asked, s.wanted, s.after = now, make(chan struct{}), s.begun
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return nil, s.wanted, nil
}

// onlyLocked returns the key for a token that names none: the only one that fits.
func (s *keySet) onlyLocked(alg string) (crypto.PublicKey, *Error) {
	var fit []crypto.PublicKey
	for _, k := range s.keys {
		if k.unfit(alg) == "" {
			fit = append(fit, k.public)
		}
	}
	if len(fit) != 1 {
		return nil, refuse(wire.ReasonTokenKeyUnknown, "it has no kid, and %d keys fit", len(fit)).later(kidAbsent)
	}
	return fit[0], nil
}

// ready returns why no token can be checked.
func (s *keySet) ready() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.readyLocked(time.Now())
}

func (s *keySet) readyLocked(now time.Time) error {
	switch {
	case s.keys == nil && s.failure == nil:
		return errors.New("sign-in: the issuer's keys are being loaded")
	case s.keys == nil, !s.failing.IsZero() && now.Sub(s.failing) > keysOutlive:
		return fmt.Errorf("sign-in: the issuer's keys cannot be loaded: %w", s.failure)
	}
	return nil
}

// begin notes that a fetch begins, and returns its number.
func (s *keySet) begin() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun++
	return s.begun
}

// end notes how a fetch ended: all that the issuer no longer publishes is gone at once.
func (s *keySet) end(number int, keys map[string]key, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if s.failure = err; err == nil {
		s.keys, s.loaded, s.at, s.failing = keys, number, now, time.Time{}
	} else if s.failing.IsZero() {
		s.failing = now
	}
	if s.wanted != nil && number > s.after {
		close(s.wanted)
		s.wanted = nil
	}
}

// parseKeys reads a JSON Web Key Set. Keys that cannot be used are kept with what is wrong with them.
func parseKeys(body []byte) (map[string]key, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, errors.New("the keys are not JSON")
	}
	if len(set.Keys) == 0 || len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("there are %d keys, want 1 to %d", len(set.Keys), maxKeys)
	}
	keys := map[string]key{}
	for _, raw := range set.Keys {
		kid, k := parseKey(raw)
		if _, twice := keys[kid]; twice {
			k = key{problem: "another has the same kid"}
		}
		keys[kid] = k
	}
	return keys, nil
}

func parseKey(raw json.RawMessage) (kid string, k key) {
	var names struct {
		KID string `json:"kid"`
	}
	var parsed jose.JSONWebKey
	if json.Unmarshal(raw, &names) != nil || json.Unmarshal(raw, &parsed) != nil {
		return names.KID, key{problem: "it cannot be read"}
	}
	return names.KID, key{public: parsed.Key, alg: parsed.Algorithm, problem: useless(parsed)}
}

// useless returns why k can check no signature.
func useless(k jose.JSONWebKey) string {
	if k.Use != "" && k.Use != "sig" {
		return "it is for something else"
	}
	switch public := k.Key.(type) {
	case *rsa.PublicKey:
		if bits := public.N.BitLen(); bits < minRSABits || bits > maxRSABits {
			return fmt.Sprintf("it has %d bits", bits)
		}
	case *ecdsa.PublicKey, ed25519.PublicKey:
	default: // a shared secret, or a private key that everybody can read
		return "it is not a public key"
	}
	return ""
}

// unfit returns why k cannot check signatures of alg.
func (k key) unfit(alg string) string {
	if k.problem != "" {
		return k.problem
	}
	fits := k.alg == "" || k.alg == alg
	switch public := k.public.(type) {
	case *rsa.PublicKey:
		fits = fits && (strings.HasPrefix(alg, "RS") || strings.HasPrefix(alg, "PS"))
	case *ecdsa.PublicKey:
		fits = fits && curves[alg] == public.Curve
	case ed25519.PublicKey:
		fits = fits && alg == string(jose.EdDSA)
	}
	if !fits {
		return "it is not for " + alg
	}
	return ""
}

// curves are those of the algorithms that name one.
var curves = map[string]elliptic.Curve{
	string(jose.ES256): elliptic.P256(),
	string(jose.ES384): elliptic.P384(),
	string(jose.ES512): elliptic.P521(),
}
