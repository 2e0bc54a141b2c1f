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

// key is a signing key. It implements op.SigningKey.
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

// sign returns a token (a JWT) with claims that k has signed.
func (k key) sign(claims map[string]any) (string, error) {
	signer, err := op.SignerFromKey(k)
	if err != nil {
		return "", err
	}
	return crypto.Sign(claims, signer)
}

// publicKey is the public half of a key. It implements op.Key.
type publicKey struct{ key }

func (k publicKey) Algorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (k publicKey) Use() string                        { return "sig" }
func (k publicKey) Key() any                           { return &k.private.PublicKey }

// ring holds the signing keys.
type ring struct {
	mu   sync.Mutex // guards what follows
	keys []key      // the published keys; the last key signs new tokens
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

// rotate makes a new key, which signs all tokens from now on. If rotation is Overlap, the old keys stay published, so
// tokens that they have signed stay valid. Otherwise the old keys are removed.
func (r *ring) rotate(rotation Rotation) error {
	k, err := newKey()
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if rotation != Overlap {
		r.keys = nil
	}
	r.keys = append(slices.Clip(r.keys), k)
	return nil
}
