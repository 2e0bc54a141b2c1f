package pkce

import (
	"encoding/json"
	"strings"
	"sync"

	"mayfly/shared/clock"
)

// keys are the provider's public keys. find and read block.
type keys struct {
	// static
	b   *Browser
	now clock.Clock

	mu     sync.Mutex // guards what follows; not held during a request
	list   []object   // nil: read has not succeeded yet
	readAt clock.Moment
}

// keyTypes says which type of key each JOSE algorithm needs. It has no algorithm with a shared secret, such as HS256.
const keyTypes = " RS256:RSA RS384:RSA RS512:RSA PS256:RSA PS384:RSA PS512:RSA" +
	" ES256:P-256 ES384:P-384 ES512:P-521 EdDSA:Ed25519 "

const (
	maxKeys = 20  // the most keys that read accepts
	minRSA  = 256 // the shortest modulus of an RSA key, in bytes
)

// find returns the key that has the id kid and fits the algorithm alg. If kid is "", it returns the only key that fits
// alg. If there is no such key among the known keys, find reads the keys again from url.
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

// lookUp returns the key that find looks for, nil if it is not among the known keys. readAgain is true if the key may be
// found after reading the keys again; it is false if they were read less than keysMinAge ago.
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

// known reports whether the keys have been read.
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
