package pkce

import (
	"encoding/json"
	"strings"
	"sync"

	"mayfly/shared/clock"
)

// keys holds the provider's public keys, with which ID tokens are checked. Its methods find and read block.
type keys struct {
	// static: never changed after newProvider
	b   *Browser
	now clock.Clock

	mu     sync.Mutex // guards what follows; not held during a request
	list   []object   // nil: read has not succeeded yet
	readAt clock.Moment
}

// keyTypes says which type of key each JOSE algorithm needs. An ID token that is signed with any other algorithm is refused.
// Algorithms with a shared secret, such as HS256, are missing here on purpose, because a forger could use the provider's
// public key as the secret.
const keyTypes = " RS256:RSA RS384:RSA RS512:RSA PS256:RSA PS384:RSA PS512:RSA" +
	" ES256:P-256 ES384:P-384 ES512:P-521 EdDSA:Ed25519 "

const (
	maxKeys = 20  // the most keys that read accepts
	minRSA  = 256 // the shortest modulus of an RSA key, in bytes
)

// find returns the key to check an ID token with: the one key that has the id kid and fits the algorithm alg. If kid is "",
// it returns the one key that fits alg. If the known keys contain no such key, or more than one, find reads the keys again
// from url, unless it read them just now (keysMinAge). If that does not help, it returns a fault.
func (k *keys) find(url, kid, alg string) (object, *fault) {
	for range 2 {
		key, again := k.lookUp(kid, alg)
		if key != nil {
			return key, nil
		}
		if !again {
			break
		}
		if !k.read(url) {
			return nil, noAnswer(noKeys)
		}
	}
	return nil, wrongFault("The ID token is signed with an unknown key.")
}

// lookUp looks for the key that find must return, without a request. It returns nil if the known keys contain no such key,
// or more than one. Then readAgain says whether find may read the keys from the provider again: it is false if the keys were
// read less than keysMinAge ago.
func (k *keys) lookUp(kid, alg string) (found object, readAgain bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	count := 0
	for _, key := range k.list {
		if fits(key, alg) && (kid == "" || key.text("kid") == kid) {
			found = key
			count++
		}
	}
	if count == 1 {
		return found, false
	}
	return nil, k.list == nil || k.now().Since(k.readAt) >= keysMinAge
}

// known reports whether read has succeeded at least once.
func (k *keys) known() bool {
	k.mu.Lock()
	known := k.list != nil
	k.mu.Unlock()
	return known
}

// read reads the keys at url and reports whether that worked.
func (k *keys) read(url string) bool {
	set := get(k.b, url, fetchTimeout)
	var raws []json.RawMessage
	if json.Unmarshal(set["keys"], &raws) != nil || len(raws) > maxKeys {
		return false
	}
	list := []object{}
	for _, raw := range raws {
		list = append(list, parseObject(raw))
	}
	k.mu.Lock()
	k.list, k.readAt = list, k.now()
	k.mu.Unlock()
	return true
}

// fits reports whether the key k can check signatures of the algorithm alg.
func fits(k object, alg string) bool {
	family := k.text("crv")
	if k.text("kty") == "RSA" {
		if family = "RSA"; len(decode64(k.text("n"))) < minRSA {
			return false
		}
	}
	use, only := k.text("use"), k.text("alg")
	return family != "" && strings.Contains(keyTypes, " "+alg+":"+family+" ") &&
		(use == "" || use == "sig") && (only == "" || only == alg)
}
