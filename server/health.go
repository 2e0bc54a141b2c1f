package server

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"

	"mayfly/server/auth"
	"mayfly/server/session"
	"mayfly/shared/wire"
)

// serveHealth answers 200 as long as the process runs.
func (s *Server) serveHealth(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") }

// Ready reports whether users can chat and sign in on this node. err is nil if they can. Otherwise err is the reason with
// all its details. warning is a problem that an operator should solve although users can chat; "" means that there is
// none. Show err and warning only to operators: their details may be secret.
func (s *Server) Ready(ctx context.Context) (warning string, err error) {
	if v := s.ready.verifier; v != nil {
		warning = v.Warning()
	}
	if warn := s.ready.warning; warn != nil {
		warning = cmp.Or(warn(), warning)
	}
	return warning, cmp.Or(s.ready.chat(ctx), s.ready.signIn())
}

// serveConfig answers with the settings that a client needs before it connects, such as the issuer of the sign-in.
func (s *Server) serveConfig(w http.ResponseWriter, r *http.Request) {
	s.config.Origins.Share(w, r)
	how, policy := s.config.SignIn, cmp.Or(s.config.Anonymous, session.GuestsWrite)
	token := how.Token
	if token == auth.AccessTokens {
		token = ""
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(struct {
		Version   string         `json:"version"`
		Protocol  string         `json:"protocol"`
		Issuer    string         `json:"issuer"` // empty: sign-in is not set up
		ClientID  string         `json:"client_id"`
		Scopes    []string       `json:"scopes"`
		Params    string         `json:"authorize_params,omitempty"`
		Token     auth.TokenKind `json:"token,omitempty"` // which token clients send; empty: the access token
		Audience  string         `json:"audience"`
		Anonymous session.Policy `json:"anonymous"`
		TTL       wire.TTL       `json:"ttl"`
	}{s.config.Version, wire.Subprotocol, how.Issuer, how.ClientID, append([]string{}, how.Scopes...),
		how.AuthorizeParams, token, how.Audience, policy, s.config.TTL})
}
