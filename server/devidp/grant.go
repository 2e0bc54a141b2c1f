package devidp

import (
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// grant is one sign-in: the user has chosen a person on the provider's form. All tokens of this sign-in belong to the
// grant. Once the field ended is true, the provider accepts none of these tokens.
type grant struct {
	id     string    // static; the claim sid in ID tokens
	config *Config   // static
	person *Person   // static
	scopes []string  // static
	at     time.Time // static; when the person signed in

	ended bool // guarded by store.mu
}

func (g *grant) GetAMR() []string       { return nil }
func (g *grant) GetAudience() []string  { return []string{g.config.Audience} }
func (g *grant) GetAuthTime() time.Time { return g.at }
func (g *grant) GetClientID() string    { return g.config.ClientID }
func (g *grant) GetScopes() []string    { return g.scopes }
func (g *grant) GetSubject() string     { return g.person.ID }

// request is the authorization request with which the app sent a browser to this provider. A request is immutable: when the
// user chooses a person, setPerson replaces the request with a new one that has a grant.
type request struct {
	*grant      // nil until the user has chosen a person
	id          string
	authRequest *oidc.AuthRequest
	at          time.Time
}

func (r *request) GetID() string                      { return r.id }
func (r *request) GetACR() string                     { return "" }
func (r *request) GetNonce() string                   { return r.authRequest.Nonce }
func (r *request) GetRedirectURI() string             { return r.authRequest.RedirectURI }
func (r *request) GetResponseType() oidc.ResponseType { return r.authRequest.ResponseType }
func (r *request) GetResponseMode() oidc.ResponseMode { return r.authRequest.ResponseMode }
func (r *request) GetState() string                   { return r.authRequest.State }
func (r *request) Done() bool                         { return r.grant != nil }
func (r *request) GetCodeChallenge() *oidc.CodeChallenge {
	return &oidc.CodeChallenge{Challenge: r.authRequest.CodeChallenge, Method: r.authRequest.CodeChallengeMethod}
}

// code is one authorization code. The app exchanges it for tokens.
type code struct {
	request *request
	at      time.Time
	used    bool
}

// renewal is a request in which the app uses a refresh token to get new tokens.
type renewal struct {
	grant  *grant // the grant of the refresh token
	scopes []string
}

func (r *renewal) GetAMR() []string                 { return r.grant.GetAMR() }
func (r *renewal) GetAudience() []string            { return r.grant.GetAudience() }
func (r *renewal) GetAuthTime() time.Time           { return r.grant.GetAuthTime() }
func (r *renewal) GetClientID() string              { return r.grant.GetClientID() }
func (r *renewal) GetScopes() []string              { return r.scopes }
func (r *renewal) GetSubject() string               { return r.grant.GetSubject() }
func (r *renewal) SetCurrentScopes(scopes []string) { r.scopes = scopes }

// grantBehind returns the grant of r, a *request or a *renewal. It returns nil if the user has not chosen a person for
// the request yet, or if r has another type.
func grantBehind(r any) *grant {
	switch r := r.(type) {
	case *request:
		return r.grant
	case *renewal:
		return r.grant
	}
	return nil
}

// refreshToken is one refresh token of a grant.
type refreshToken struct {
	grant *grant
	used  time.Time // when the app first used this token; zero: never
}
