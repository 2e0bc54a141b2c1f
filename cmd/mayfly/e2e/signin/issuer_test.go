package signin_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"mayfly/cmd/mayfly/e2e/rig"
)

const (
	clientID = "0oaMayflyEndToEnd"
	audience = "api://default"
	uid      = "00u1adalovelace5d7"
)

// issuer is an authorization server of Okta's kind, with its Users API, as far as a server asks it. It is down until it is up.
type issuer struct {
	addr string

	mu      sync.Mutex
	keys    []*rsa.PrivateKey // published; the kid is the index in all
	all     []*rsa.PrivateKey
	lookups int // of the Users API
	fetches int // of the keys
}

func newIssuer(t *testing.T) *issuer {
	i := &issuer{addr: rig.FreeAddr(t)}
	i.publish(i.newKey(t))
	return i
}

func (i *issuer) url() string { return "http://" + i.addr + "/oauth2/default" }

func (i *issuer) newKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.all = append(i.all, key)
	return key
}

func (i *issuer) publish(keys ...*rsa.PrivateKey) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = keys
}

// up starts it, until the test ends.
func (i *issuer) up(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", i.addr)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: i}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		server.Close()
		<-done
	})
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	answer := map[string]any{}
	switch path := r.URL.Path; {
	case path == "/oauth2/default/.well-known/openid-configuration":
		answer["issuer"], answer["jwks_uri"] = i.url(), i.url()+"/v1/keys"
		answer["authorization_endpoint"], answer["token_endpoint"] = i.url()+"/v1/authorize", i.url()+"/v1/token"
	case path == "/oauth2/default/v1/keys":
		i.fetches++
		var keys []map[string]string
		for _, key := range i.keys {
			keys = append(keys, map[string]string{"kty": "RSA", "use": "sig", "kid": i.kidLocked(key), "n": encode(key.N.Bytes()), "e": encode(big.NewInt(int64(key.E)).Bytes())})
		}
		answer["keys"] = keys
	case strings.HasPrefix(path, "/api/v1/users/"):
		i.lookups++
		if r.Header.Get("Authorization") != "SSWS "+apiToken {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		answer["id"], answer["status"] = strings.TrimPrefix(path, "/api/v1/users/"), "ACTIVE"
		answer["profile"] = map[string]string{"firstName": "Ada", "lastName": "Lovelace"}
	default:
		w.WriteHeader(http.StatusNotFound)
		return
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// counts returns how often keys and people were asked for.
func (i *issuer) counts() (fetches, lookups int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fetches, i.lookups
}

func (i *issuer) kidLocked(key *rsa.PrivateKey) string {
	for n, k := range i.all {
		if k == key {
			return fmt.Sprint("k", n)
		}
	}
	return "none"
}

// token returns an access token that the last key has signed.
func (i *issuer) token(t *testing.T, jti string, d time.Duration) string {
	t.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	key := i.all[len(i.all)-1]
	now := time.Now()
	signed := encode(i.json(t, map[string]any{"alg": "RS256", "kid": i.kidLocked(key)})) + "." + encode(i.json(t, map[string]any{
		"ver": 1, "jti": "AT." + jti, "iss": i.url(), "aud": audience, "iat": now.Unix(), "exp": now.Add(d).Unix(), "cid": clientID, "uid": uid,
		"sub": "ada@example.com", "scp": []string{"openid", "profile"},
	}))
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + encode(signature)
}

func (i *issuer) json(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
