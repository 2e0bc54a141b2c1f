package devidp

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

const (
	codeTTL    = time.Minute // how long the app can exchange an authorization code for tokens
	requestTTL = time.Hour   // how long an authorization request waits for the user to choose a person
)

// store holds requests, codes, grants and refresh tokens in memory. It implements op.Storage.
//
// It is one type because its many methods are those of op.Storage, an interface of zitadel/oidc.
type store struct {
	config *Config      // static
	ring   *ring        // static
	faults *faults      // static
	log    *slog.Logger // static

	mu       sync.Mutex // guards what follows
	requests map[string]*request
	codes    map[string]*code
	grants   map[string]*grant
	refresh  map[string]*refreshToken
}

var (
	_ op.Storage                        = (*store)(nil)
	_ op.CanTerminateSessionFromRequest = (*store)(nil)
	_ op.CanSetUserinfoFromRequest      = (*store)(nil)
	_ op.CanGetPrivateClaimsFromRequest = (*store)(nil)
)

var (
	errUnknown     = errors.New("it does not exist, or it has ended")
	errUnsupported = errors.New("this provider does not support that")
)

func newStore(c Config, f *faults, log *slog.Logger) (*store, error) {
	s := &store{config: &c, ring: &ring{}, faults: f, log: log,
		requests: map[string]*request{}, codes: map[string]*code{},
		grants: map[string]*grant{}, refresh: map[string]*refreshToken{}}
	return s, s.ring.rotate(Replace)
}

// CreateAuthRequest stores an authorization request. zitadel/oidc has already checked the client ID, the redirect URI and
// the scopes.
func (s *store) CreateAuthRequest(_ context.Context, asked *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	switch {
	case asked.CodeChallenge == "" || asked.CodeChallengeMethod != oidc.CodeChallengeMethodS256:
		return nil, oidc.ErrInvalidRequest().WithDescription("PKCE with S256 is required.")
	case asked.ResponseMode != "" && asked.ResponseMode != oidc.ResponseModeQuery:
		return nil, oidc.ErrInvalidRequest().WithDescription("The answer goes into the query.")
	case slices.Contains(asked.Prompt, oidc.PromptNone):
		return nil, oidc.ErrLoginRequired().WithDescription("Nobody stays signed in here.")
	case len(s.faults.take(Authorize, Deny)) > 0:
		return nil, oidc.ErrAccessDenied().WithDescription(
			"Policy evaluation failed for this request, please check the policy configurations.")
	}
	if len(s.faults.take(Authorize, WantConsent)) > 0 && !slices.Contains(asked.Prompt, oidc.PromptConsent) {
		asked.Scopes = slices.DeleteFunc(asked.Scopes, func(scope string) bool { return scope == oidc.ScopeOfflineAccess })
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	maps.DeleteFunc(s.requests, func(_ string, r *request) bool { return now.Sub(r.at) > requestTTL })
	maps.DeleteFunc(s.codes, func(_ string, c *code) bool { return now.Sub(c.at) > requestTTL })
	r := &request{id: rand.Text(), authRequest: asked, at: now}
	s.requests[r.id] = r
	return r, nil
}

// request returns the request with that id, nil if there is none.
func (s *store) request(id string) *request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[id]
}

// setPerson records that the user has chosen a person for the request with that id. It makes a grant for the person chosen
// and adds the grant to the request. It returns false if there is no such request.
func (s *store) setPerson(id string, chosen *Person) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.requests[id]
	if r == nil {
		return false
	}
	g := &grant{id: rand.Text(), config: s.config, person: chosen, scopes: r.authRequest.Scopes, at: time.Now()}
	s.grants[g.id] = g
	s.requests[id] = &request{grant: g, id: r.id, authRequest: r.authRequest, at: r.at}
	return true
}

func (s *store) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	if r := s.request(id); r != nil {
		return r, nil
	}
	return nil, errUnknown
}

func (s *store) SaveAuthCode(_ context.Context, id, text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.requests[id]
	if r == nil {
		return errUnknown
	}
	s.codes[text] = &code{request: r, at: time.Now()}
	return nil
}

// AuthRequestByCode returns the request of an authorization code, and marks the code as used. A second use of a code ends
// the sign-in, because an attacker may have stolen the code.
func (s *store) AuthRequestByCode(_ context.Context, text string) (op.AuthRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.codes[text]
	if c == nil || time.Since(c.at) > codeTTL {
		return nil, errUnknown
	}
	if c.used {
		c.request.grant.ended = true
		return nil, errUnknown
	}
	c.used = true
	return c.request, nil
}

func (s *store) DeleteAuthRequest(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.requests, id)
	return nil
}

// CreateAccessToken returns a new token id. The token id contains the id of the grant, so that grantByToken finds the grant.
func (s *store) CreateAccessToken(_ context.Context, r op.TokenRequest) (id string, expires time.Time, err error) {
	g := grantBehind(r)
	if g == nil {
		return "", time.Time{}, errUnsupported
	}
	ttl := s.config.AccessTTL
	if shorter := s.faults.accessTTL(); shorter > 0 {
		ttl = shorter
	}
	return "AT." + g.id + "." + rand.Text(), time.Now().Add(ttl), nil
}

func (s *store) grantByToken(tokenID string) (*grant, error) {
	parts := strings.Split(tokenID, ".")
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(parts) == 3 && s.grants[parts[1]] != nil && !s.grants[parts[1]].ended {
		return s.grants[parts[1]], nil
	}
	return nil, errUnknown
}

// CreateAccessAndRefreshTokens returns the id of a new access token, and a new refresh token. In a renewal, oldToken is
// the refresh token that the app has sent, and CreateAccessAndRefreshTokens marks it as used. Otherwise oldToken is
// empty.
func (s *store) CreateAccessAndRefreshTokens(ctx context.Context, r op.TokenRequest, oldToken string) (
	id, refresh string, expires time.Time, err error,
) {
	if id, expires, err = s.CreateAccessToken(ctx, r); err != nil {
		return "", "", time.Time{}, err
	}
	g, err := s.grantByToken(id)
	if err != nil {
		return "", "", time.Time{}, oidc.ErrInvalidGrant().WithParent(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if oldToken != "" {
		// Check again: another renewal may have used oldToken since TokenRequestByRefreshToken checked it. If
		// RefreshGrace is 0, only one of the two may succeed.
		t, err := s.usableLocked(oldToken)
		if err != nil {
			return "", "", time.Time{}, oidc.ErrInvalidGrant().WithParent(err)
		}
		if t.used.IsZero() {
			t.used = time.Now()
		}
	}
	refresh = "RT." + rand.Text()
	s.refresh[refresh] = &refreshToken{grant: g}
	return id, refresh, expires, nil
}

// usableLocked returns the refresh token with that text if the app may use it. If RefreshGrace or more has passed since
// the first use of the token, usableLocked ends the token's sign-in, because an attacker may have stolen the token.
func (s *store) usableLocked(text string) (*refreshToken, error) {
	t := s.refresh[text]
	if t == nil || t.grant.ended {
		return nil, errUnknown
	}
	if !t.used.IsZero() && time.Since(t.used) >= s.config.RefreshGrace {
		t.grant.ended = true
		s.log.Warn("a refresh token was used twice: its sign-in has ended", "user_id", t.grant.person.ID)
		return nil, errUnknown
	}
	return t, nil
}

func (s *store) TokenRequestByRefreshToken(_ context.Context, text string) (op.RefreshTokenRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.usableLocked(text)
	if err != nil {
		return nil, err
	}
	return &renewal{grant: t.grant, scopes: t.grant.scopes}, nil
}

// end ends the grant with that id, if there is one.
func (s *store) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.grants[id]; g != nil {
		g.ended = true
	}
}

// TerminateSessionFromRequest ends the sign-in of the ID token in the request (id_token_hint), if there is one. It returns
// the URI to which the browser is redirected.
func (s *store) TerminateSessionFromRequest(_ context.Context, r *op.EndSessionRequest) (string, error) {
	if r.IDTokenHintClaims != nil {
		s.end(r.IDTokenHintClaims.SessionID)
	}
	return r.RedirectURI, nil
}

// TerminateSession is never called: zitadel calls TerminateSessionFromRequest instead.
func (s *store) TerminateSession(context.Context, string, string) error { return errUnsupported }

// GetRefreshTokenInfo returns the id of the user to whom the refresh token text belongs. It returns text as the tokenID,
// too, because the refresh tokens of this store have no other id.
func (s *store) GetRefreshTokenInfo(_ context.Context, _, text string) (userID, tokenID string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.refresh[text]
	if t == nil {
		return "", "", op.ErrInvalidRefreshToken
	}
	return t.grant.person.ID, text, nil
}

// RevokeToken ends the sign-in to which the refresh token text belongs. If text is the id of an access token, it refuses,
// because an access token expires by itself. If zitadel/oidc does not know the token (userID is ""), RevokeToken does
// nothing and returns no error, as RFC 7009 demands.
func (s *store) RevokeToken(_ context.Context, text, userID, _ string) *oidc.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch t := s.refresh[text]; {
	case t != nil:
		t.grant.ended = true
	case userID != "":
		return oidc.ErrInvalidRequest().WithDescription("An access token ends by itself: revoke the refresh token.")
	}
	return nil
}

func (s *store) SigningKey(context.Context) (op.SigningKey, error) { return s.ring.current(), nil }

func (s *store) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.RS256}, nil
}

func (s *store) KeySet(context.Context) ([]op.Key, error) { return s.ring.published(), nil }

func (s *store) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	if id != s.config.ClientID {
		return nil, oidc.ErrInvalidClient().WithDescription("There is no such app.")
	}
	return client{*s.config}, nil
}

// SetUserinfoFromRequest writes claims about the user into info. r is a request for tokens, and zitadel/oidc puts the
// claims into the ID token of its answer.
func (s *store) SetUserinfoFromRequest(_ context.Context, info *oidc.UserInfo, r op.IDTokenRequest, scopes []string) error {
	g := grantBehind(r)
	if g == nil {
		return errUnsupported
	}
	g.person.fillUserinfo(info, scopes)
	info.AppendClaims("sid", g.id)
	return nil
}

func (s *store) SetUserinfoFromToken(_ context.Context, info *oidc.UserInfo, tokenID, _, _ string) error {
	g, err := s.grantByToken(tokenID)
	if err != nil {
		return err
	}
	g.person.fillUserinfo(info, g.scopes)
	return nil
}

// GetPrivateClaimsFromRequest returns the claims that zitadel/oidc does not put into an access token by itself: the scopes.
func (s *store) GetPrivateClaimsFromRequest(_ context.Context, r op.TokenRequest, _ []string) (map[string]any, error) {
	return map[string]any{"scope": strings.Join(r.GetScopes(), " ")}, nil
}

func (s *store) Health(context.Context) error { return nil }

// op.Storage demands the methods that follow, but this provider does not use them.

func (s *store) SetUserinfoFromScopes(context.Context, *oidc.UserInfo, string, string, []string) error {
	return nil // SetUserinfoFromRequest writes the claims
}

func (s *store) GetPrivateClaimsFromScopes(context.Context, string, string, []string) (map[string]any, error) {
	return nil, errUnsupported
}

func (s *store) AuthorizeClientIDSecret(context.Context, string, string) error { return errUnsupported }

func (s *store) SetIntrospectionFromToken(context.Context, *oidc.IntrospectionResponse, string, string, string) error {
	return errUnsupported
}

func (s *store) GetKeyByIDAndClientID(context.Context, string, string) (*jose.JSONWebKey, error) {
	return nil, errUnsupported
}

func (s *store) ValidateJWTProfileScopes(context.Context, string, []string) ([]string, error) {
	return nil, errUnsupported
}
