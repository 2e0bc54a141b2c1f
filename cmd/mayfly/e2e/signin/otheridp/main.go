// Command otheridp is a sign-in provider for the end-to-end tests. It uses another library than the provider of
// "mayfly dev". Mayfly must work with both providers, with only its flags changed. otheridp is a Go module of its own, so
// that its dependencies stay out of Mayfly's go.sum.
//
// It prints "The provider is at URL" once it can be used, and runs until it is killed.
package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"flag"
	"fmt"
	"html/template"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/luikyv/go-oidc/pkg/goidc"
	"github.com/luikyv/go-oidc/pkg/provider"
)

const (
	clientID = "chat"
	audience = "api://default"
)

func main() {
	app := flag.String("app", "", "origin of the chat, such as http://localhost:8080")
	ttl := flag.Duration("access-ttl", 5*time.Minute, "how long an access token lives")
	flag.Parse()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	issuer := fmt.Sprintf("http://localhost:%d", listener.Addr().(*net.TCPAddr).Port)
	op, err := newProvider(issuer, *app, *ttl)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("The provider is at", issuer)
	server := &http.Server{Handler: shared(*app, op.Handler()), ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.Serve(listener))
}

// newProvider returns a provider with one registered app: the chat, whose origin is app.
func newProvider(issuer, app string, ttl time.Duration) (*provider.Provider, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	keys := goidc.JSONWebKeySet{Keys: []goidc.JSONWebKey{
		{Key: key, KeyID: "one", Algorithm: string(jose.RS256), Use: "sig"},
	}}
	chat := &goidc.Client{ID: clientID, ClientMeta: goidc.ClientMeta{
		Name: "Mayfly", TokenAuthnMethod: goidc.AuthnMethodNone, ScopeIDs: "openid profile email offline_access",
		RedirectURIs: []string{app + "/login/callback"}, PostLogoutRedirectURIs: []string{app + "/"},
		GrantTypes:    []goidc.GrantType{goidc.GrantAuthorizationCode, goidc.GrantRefreshToken},
		ResponseTypes: []goidc.ResponseType{goidc.ResponseTypeCode},
	}}
	return provider.New(issuer, nil, func(context.Context) (goidc.JSONWebKeySet, error) { return keys, nil },
		provider.WithScopes(goidc.ScopeOpenID, goidc.ScopeProfile, goidc.ScopeEmail, goidc.ScopeOfflineAccess),
		provider.WithStaticClients(chat),
		provider.WithNoneAuthn(),
		provider.WithAuthCodeGrant(nil, goidc.ResponseTypeCode),
		provider.WithPKCERequired(goidc.CodeChallengeMethodSHA256),
		provider.WithIssuerResponseParameter(),
		provider.WithRefreshTokenGrant(nil),
		provider.WithRefreshTokenRotation(),
		provider.WithTokenRevocation(func(context.Context, *goidc.Client) bool { return true }),
		provider.WithTokenOptions(func(context.Context, *goidc.Grant, *goidc.Client) goidc.TokenOptions {
			return goidc.NewJWTTokenOptions(goidc.RS256, int(ttl.Seconds()))
		}),
		provider.WithTokenClaims(func(context.Context, *goidc.Token, *goidc.Grant) map[string]any {
			return map[string]any{goidc.ClaimAudience: audience}
		}),
		provider.WithIDTokenClaims(name),
		provider.WithUserInfoClaims(name),
		provider.WithPolicies(goidc.NewPolicy("form",
			func(*http.Request, *goidc.AuthnSession, *goidc.Client) bool { return true }, signIn)),
		provider.WithLogout(nil, func(w http.ResponseWriter, _ *http.Request, _ *goidc.LogoutSession) error {
			_, err := w.Write([]byte("You are signed out."))
			return err
		}),
		provider.WithLogoutPolicies(goidc.NewLogoutPolicy("at once",
			func(*http.Request, *goidc.LogoutSession) bool { return true },
			func(http.ResponseWriter, *http.Request, *goidc.LogoutSession) (goidc.Status, error) {
				return goidc.StatusSuccess, nil
			})),
	)
}

// people are the persons who can sign in: their names, by subject.
var people = map[string]string{"ada-1815": "Ada Lovelace", "grace-1906": "Grace Hopper"}

func name(_ context.Context, grant *goidc.Grant) map[string]any {
	return map[string]any{goidc.ClaimName: people[grant.Subject]}
}

var form = template.Must(template.New("form").Parse(`<!doctype html>
<html lang="en"><title>Another provider</title><link rel="icon" href="data:,">
<h1>Sign in</h1>
<form method="post" action="/authorize/{{.ID}}">
{{range $subject, $name := .People}}<button name="who" value="{{$subject}}">{{$name}}</button>
{{end}}</form>
`))

// signIn shows the form until the user has chosen a person.
func signIn(w http.ResponseWriter, r *http.Request, as *goidc.AuthnSession, _ *goidc.Client) (goidc.Status, error) {
	who := r.PostFormValue("who")
	if people[who] == "" {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		return goidc.StatusPending, form.Execute(w, struct {
			ID     string
			People map[string]string
		}{as.ID, people})
	}
	as.Subject = who
	as.GrantedScopes = as.Scopes
	return goidc.StatusSuccess, nil
}

// shared adds CORS headers, so that the chat's pages can read the answers, as every provider does for its registered apps.
func shared(app string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", app)
		w.Header().Set("Vary", "Origin")
		if r.Method == http.MethodOptions {
			w.Header().Set("Access-Control-Allow-Headers", "Content-Type")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}
