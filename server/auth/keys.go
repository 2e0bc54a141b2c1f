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
	kidCooldown = 30 * time.Second // the shortest time between two fetches that unknown kids cause
	kidAbsent   = time.Minute      // how long a kid counts as unknown after a fetch that did not bring it
	kidWait     = 6 * time.Second  // how long a token waits for a fetch: longer than requestTimeout
	maxKids     = 1000             // the most unknown kids that a keySet remembers
	maxKid      = 255              // the length of the longest allowed kid, in bytes

	keysOutlive = 24 * time.Hour // how long the loaded keys are used while all fetches fail

	maxKeys    = 20   // the most keys that an issuer may publish
	minRSABits = 2048 // a shorter key is not safe
	maxRSABits = 8192 // a longer key makes each check too slow
)

// keySet holds the issuer's keys. The type provider fetches them: on its own schedule, and when keySet puts a value into
// wake.
type keySet struct {
	algs        []jose.SignatureAlgorithm // static
	kidOptional bool                      // static
	wake        chan struct{}             // static; capacity 1; a value asks provider to fetch the keys, for an unknown kid

	mu           sync.Mutex     // guards what follows
	keys         map[string]key // by kid; nil: not loaded yet
	started      int            // number of the fetch that started last
	loadedBy     int            // number of the last fetch that succeeded; 0: none yet
	loadedAt     time.Time      // when the fetch loadedBy ended
	failingSince time.Time      // when fetches began to fail; zero: the last fetch succeeded
	lastErr      error          // the error of the last fetch; nil: it succeeded
	kidFetch     time.Time      // when an unknown kid last caused a fetch
	refetched    chan struct{}  // closed when a fetch for an unknown kid has ended; nil: no token waits for a fetch
	refetchAfter int            // the first fetch whose number is higher than this closes refetched
	unknown      map[string]int // for each unknown kid, the value that started had when the kid was first seen
}

// key is a public key of the issuer. If the key cannot be used, problem says why, and a token that names the key is
// refused with that problem.
type key struct {
	public  crypto.PublicKey
	alg     string // the only algorithm that the key is for; empty: any algorithm that fits the key
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

// verify checks t's signature. If t's kid is unknown and mayFetch is true, verify causes a fetch of the keys and blocks
// until the fetch ends, for kidWait at most. A wrong signature never causes a fetch.
func (s *keySet) verify(ctx context.Context, t token, mayFetch bool) *Error {
	kid, _ := t.header.text("kid")
	alg, _ := t.header.text("alg")
	public, refusal := s.find(ctx, kid, alg, mayFetch)
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

// find returns the key with that kid, or a refusal if the key cannot check signatures of alg. It may block like verify.
func (s *keySet) find(ctx context.Context, kid, alg string, mayFetch bool) (crypto.PublicKey, *Error) {
	if kid == "" && !s.kidOptional {
		return nil, refuse(wire.ReasonTokenKeyUnknown, "it has no kid").retryIn(kidAbsent).asWrong()
	}
	if len(kid) > maxKid {
		return nil, refuse(wire.ReasonTokenKeyUnknown, "its kid has %d bytes", len(kid)).retryIn(kidAbsent).asWrong()
	}
	ctx, cancel := context.WithTimeout(ctx, kidWait)
	defer cancel()
	for {
		public, fetched, refusal := s.tryFind(kid, alg, mayFetch, time.Now())
		if fetched == nil {
			return public, refusal
		}
		select {
		case <-fetched:
		case <-ctx.Done():
			late := refuse(wire.ReasonTokenKeyUnknown, "its kid is unknown, and the keys have not come in time")
			return nil, late.retryIn(kidCooldown)
		}
	}
}

// tryFind returns one of three: the key, a refusal, or the channel fetched. fetched means that the keys are being fetched:
// the caller must wait until the channel is closed, and then call tryFind again.
func (s *keySet) tryFind(kid, alg string, mayFetch bool, now time.Time) (
	public crypto.PublicKey, fetched <-chan struct{}, refusal *Error,
) {
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
		if problem := k.problemWith(alg); problem != "" {
			e := refuse(wire.ReasonTokenKeyUnknown, "its key cannot be used: %s", problem)
			e.Next = wire.NextNever
			return nil, nil, e.asWrong()
		}
		return k.public, nil, nil
	}
	unknown := refuse(wire.ReasonTokenKeyUnknown, "its kid is none of the issuer's")
	if !mayFetch {
		return nil, nil, unknown.retryIn(kidCooldown)
	}
	seen, ok := s.unknown[kid]
	if ok && s.loadedBy > seen { // a later fetch did not bring the kid
		if left := s.loadedAt.Add(kidAbsent).Sub(now); left > 0 {
			return nil, nil, unknown.retryIn(left)
		}
		ok = false
	}
	if !ok {
		if len(s.unknown) >= maxKids {
			clear(s.unknown) // forgotten kids may cause a fetch again, but the cooldown still limits fetches
		}
		s.unknown[kid] = s.started
	}
	if s.refetched != nil {
		return nil, s.refetched, nil
	}
	if left := s.kidFetch.Add(kidCooldown).Sub(now); left > 0 {
		return nil, nil, unknown.retryIn(left)
	}
	s.kidFetch, s.refetched, s.refetchAfter = now, make(chan struct{}), s.started
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return nil, s.refetched, nil
}

// onlyLocked returns the key for a token without kid, if exactly one key fits alg.
func (s *keySet) onlyLocked(alg string) (crypto.PublicKey, *Error) {
	var fit []crypto.PublicKey
	for _, k := range s.keys {
		if k.problemWith(alg) == "" {
			fit = append(fit, k.public)
		}
	}
	if len(fit) != 1 {
		return nil, refuse(wire.ReasonTokenKeyUnknown, "it has no kid, and %d keys fit", len(fit)).retryIn(kidAbsent)
	}
	return fit[0], nil
}

// ready returns nil if tokens can be checked. Otherwise its error says why not.
func (s *keySet) ready() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.readyLocked(time.Now())
}

func (s *keySet) readyLocked(now time.Time) error {
	switch {
	case s.keys == nil && s.lastErr == nil:
		return errors.New("sign-in: the issuer's keys are being loaded")
	case s.keys == nil, !s.failingSince.IsZero() && now.Sub(s.failingSince) > keysOutlive:
		return fmt.Errorf("sign-in: the issuer's keys cannot be loaded: %w", s.lastErr)
	}
	return nil
}

// beginFetch records that a fetch starts and returns its number.
func (s *keySet) beginFetch() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.started++
	return s.started
}

// endFetch records the result of the fetch with that number. If the fetch succeeded, its keys replace all others, so a
// key that the issuer no longer publishes is dropped at once. endFetch wakes the tokens that wait for a fetch.
func (s *keySet) endFetch(number int, keys map[string]key, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if s.lastErr = err; err == nil {
		s.keys, s.loadedBy, s.loadedAt, s.failingSince = keys, number, now, time.Time{}
	} else if s.failingSince.IsZero() {
		s.failingSince = now
	}
	if s.refetched != nil && number > s.refetchAfter {
		close(s.refetched)
		s.refetched = nil
	}
}

// parseKeys reads a JSON Web Key Set. The result also has the keys that cannot be used, each with its problem.
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
	return names.KID, key{public: parsed.Key, alg: parsed.Algorithm, problem: keyProblem(parsed)}
}

// keyProblem returns why k cannot check any signature, empty if it can.
func keyProblem(k jose.JSONWebKey) string {
	if k.Use != "" && k.Use != "sig" {
		return "it is for something else"
	}
	switch public := k.Key.(type) {
	case *rsa.PublicKey:
		if bits := public.N.BitLen(); bits < minRSABits || bits > maxRSABits {
			return fmt.Sprintf("it has %d bits", bits)
		}
	case *ecdsa.PublicKey, ed25519.PublicKey:
	default: // a shared secret, or a private key that the issuer published by mistake
		return "it is not a public key"
	}
	return ""
}

// problemWith returns why k cannot check signatures of alg, empty if it can.
func (k key) problemWith(alg string) string {
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

// curves holds the curve that each ECDSA algorithm needs.
var curves = map[string]elliptic.Curve{
	string(jose.ES256): elliptic.P256(),
	string(jose.ES384): elliptic.P384(),
	string(jose.ES512): elliptic.P521(),
}
