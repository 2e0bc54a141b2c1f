package devidp

import (
	"crypto/rand"
	"crypto/rsa"
	"slices"
	"sync"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/crypto"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// key signs. It is zitadel's SigningKey.
type key struct {
	id      string
	private *rsa.PrivateKey
}

func newKey() (key, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	return key{"dev-" + rand.Text()[:8], private}, err
}

func (k key) ID() string                                  { return k.id }
func (k key) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (k key) Key() any                                    { return k.private }

// sign returns claims as a token.
func (k key) sign(claims map[string]any) (string, error) {
	signer, err := op.SignerFromKey(k)
	if err != nil {
		return "", err
	}
	return crypto.Sign(claims, signer)
}

// publicKey is the half of a key that is published. It is zitadel's Key.
type publicKey struct{ key }

func (k publicKey) Algorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (k publicKey) Use() string                        { return "sig" }
func (k publicKey) Key() any                           { return &k.private.PublicKey }

// ring holds the keys.
type ring struct {
	mu   sync.Mutex // guards all
	keys []key      // all that are published; the last one signs
}

func (r *ring) current() key {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.keys[len(r.keys)-1]
}

func (r *ring) published() []op.Key {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []op.Key
	for _, k := range r.keys {
		all = append(all, publicKey{k})
	}
	return all
}

// rotate signs with a new key from now on. The others stay published, or not.
func (r *ring) rotate(overlap bool) error {
	k, err := newKey()
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !overlap {
		r.keys = nil
	}
	r.keys = append(slices.Clip(r.keys), k)
	return nil
}
