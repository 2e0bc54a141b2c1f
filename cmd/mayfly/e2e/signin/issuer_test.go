package signin_test

import (
	"crypto/rsa"
	"net"
	"net/http"
	"testing"
	"time"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/server/authtest"
)

const (
	clientID = authtest.Client
	audience = authtest.Audience
)

// issuer is an authtest.Issuer on a real socket. It is down until the test starts it.
type issuer struct {
	*authtest.Issuer
	addr string
	kid  string // the id of the key that signs tokens
	key  *rsa.PrivateKey
}

func newIssuer(t *testing.T) *issuer {
	i := &issuer{Issuer: authtest.NewIssuer(), addr: rig.FreeAddr(t), kid: "k1", key: authtest.Key1()}
	i.Base, i.APIToken = "http://"+i.addr+"/oauth2/default", apiToken
	return i
}

// up starts the issuer, which runs until the test ends.
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

// rotate makes the issuer sign with another key from now on, and publish only that key.
func (i *issuer) rotate() {
	i.kid, i.key = "k2", authtest.Key2()
	i.Publish(authtest.JWK(i.kid, i.key))
}

// token returns an access token that expires after d.
func (i *issuer) token(jti string, d time.Duration) string {
	return i.Token(i.kid, i.key, map[string]any{"jti": "AT." + jti, "exp": time.Now().Add(d).Unix()})
}
