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
	kidAbsent   = time.Minute      // for this long after a fetch, tokens with a kid that was not among the keys are refused
	kidWait     = 6 * time.Second  // how long verify waits for a fetch; more than requestTimeout, so the fetch ends first
	maxKids     = 1000             // the most unknown kids that a keySet remembers
	maxKid      = 255              // the length of the longest allowed kid, in bytes

	keysOutlive = 24 * time.Hour // how long the loaded keys are used while all fetches fail

	maxKeys    = 20   // the most keys that an issuer may publish
	minRSABits = 2048 // a shorter key is not safe
	maxRSABits = 8192 // a longer key makes each check too slow
)

// keySet holds the issuer's public keys. The field kid in a token's header is the id of the key that signed the token. The
// type provider fetches the keys: on its own schedule, and when keySet puts a value into wake, because a kid is unknown.
type keySet struct {
	algs        []jose.SignatureAlgorithm // static
	kidOptional bool                      // static
	wake        chan struct{}             // static; capacity 1; a value asks provider to fetch the keys, for an unknown kid

	mu           sync.Mutex     // guards what follows
	keys         map[string]key // by kid; nil: not loaded yet
	started      int            // the number of the fetch that started last; fetches are numbered from 1
	loadedBy     int            // the number of the last fetch that succeeded; 0: no fetch has succeeded yet
	loadedAt     time.Time      // when the fetch loadedBy ended
	failingSince time.Time      // when fetches began to fail; zero: the last fetch succeeded
	lastErr      error          // the error of the last fetch; nil: it succeeded
	kidFetch     time.Time      // when an unknown kid last caused a fetch
	refetched    chan struct{}  // closed when the fetch for an unknown kid has ended; nil: no such fetch is wanted
	refetchAfter int            // the next fetch whose number is higher than this closes refetched when it ends
	unknown      map[string]int // by unknown kid: the value of the field started when a token first named that kid
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

// VerifySignature implements oidc.KeySet, for go-oidc's own check of a token. It returns the token's payload.
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
// until the fetch ends, but for kidWait at most. A token with a known kid never causes a fetch, even if its signature is
// wrong.
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

// find returns the key with that kid. It returns a refusal if there is no such key, or if the key is not for the algorithm
// alg. If mayFetch is true and kid is unknown, find may block for kidWait at most, while the keys are fetched.
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

// tryFind returns the key, or a refusal, or the channel fetched; the other two results are nil. The channel means that the
// keys are being fetched: the caller must wait until it is closed, and then call tryFind again.
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
	if ok && s.loadedBy > seen { // a fetch that started after the kid was first seen has succeeded, but without the kid
		if left := s.loadedAt.Add(kidAbsent).Sub(now); left > 0 {
			return nil, nil, unknown.retryIn(left)
		}
		ok = false
	}
	if !ok {
		if len(s.unknown) >= maxKids {
			clear(s.unknown) // a forgotten kid may cause another fetch, but not before kidCooldown is over
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

// onlyLocked returns the key for a token without kid: the only key that is for the algorithm alg. If no key or
// several keys are for alg, it returns a refusal.
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

// endFetch records the result of the fetch with that number. After a success, keys replaces all old keys, so a key that the
// issuer no longer publishes is dropped at once. endFetch also wakes the calls of find that wait for the fetch.
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

// keyProblem returns why k cannot check any signature, "" if k can.
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

// problemWith returns why k cannot check signatures of the algorithm alg, "" if k can.
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

// curves has the elliptic curve that a key for each ECDSA algorithm must have.
var curves = map[string]elliptic.Curve{
	string(jose.ES256): elliptic.P256(),
	string(jose.ES384): elliptic.P384(),
	string(jose.ES512): elliptic.P521(),
}
