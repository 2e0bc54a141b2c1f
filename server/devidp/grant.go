package devidp

import (
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// grant is that somebody has signed in: all tokens of it end together.
type grant struct {
	id     string    // static; sid in ID tokens
	config *Config   // static
	person *Person   // static
	scopes []string  // static
	at     time.Time // static

	ended bool // guarded by store.mu
}

func (g *grant) GetAMR() []string       { return nil }
func (g *grant) GetAudience() []string  { return []string{g.config.Audience} }
func (g *grant) GetAuthTime() time.Time { return g.at }
func (g *grant) GetClientID() string    { return g.config.ClientID }
func (g *grant) GetScopes() []string    { return g.scopes }
func (g *grant) GetSubject() string     { return g.person.ID }

// request is what the app asked for when it sent somebody here. It never changes: when they have said who they are, another
// takes its place.
type request struct {
	*grant // nil until then
	id     string
	asked  *oidc.AuthRequest
	at     time.Time
}

func (r *request) GetID() string                      { return r.id }
func (r *request) GetACR() string                     { return "" }
func (r *request) GetNonce() string                   { return r.asked.Nonce }
func (r *request) GetRedirectURI() string             { return r.asked.RedirectURI }
func (r *request) GetResponseType() oidc.ResponseType { return r.asked.ResponseType }
func (r *request) GetResponseMode() oidc.ResponseMode { return r.asked.ResponseMode }
func (r *request) GetState() string                   { return r.asked.State }
func (r *request) Done() bool                         { return r.grant != nil }
func (r *request) GetCodeChallenge() *oidc.CodeChallenge {
	return &oidc.CodeChallenge{Challenge: r.asked.CodeChallenge, Method: r.asked.CodeChallengeMethod}
}

// code is what the app gets to ask for tokens with.
type code struct {
	request *request
	at      time.Time
	used    bool
}

// renewal is a request for new tokens.
type renewal struct {
	of     *grant // no embedding: zitadel would take it for the request that began the sign-in
	scopes []string
}

func (r *renewal) GetAMR() []string                 { return r.of.GetAMR() }
func (r *renewal) GetAudience() []string            { return r.of.GetAudience() }
func (r *renewal) GetAuthTime() time.Time           { return r.of.GetAuthTime() }
func (r *renewal) GetClientID() string              { return r.of.GetClientID() }
func (r *renewal) GetScopes() []string              { return r.scopes }
func (r *renewal) GetSubject() string               { return r.of.GetSubject() }
func (r *renewal) SetCurrentScopes(scopes []string) { r.scopes = scopes }

// behind returns the grant that tokens are wanted of: r is a request or a renewal, or there is none.
func behind(r any) *grant {
	switch r := r.(type) {
	case *request:
		return r.grant
	case *renewal:
		return r.of
	}
	return nil
}

// refreshToken is one of a grant's.
type refreshToken struct {
	grant *grant
	used  time.Time // first; zero: never
}
