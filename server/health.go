package server

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"mayfly/server/auth"
	"mayfly/server/revocation"
	"mayfly/server/session"
	"mayfly/shared/wire"
)

// serveHealth answers 200 as long as the process runs.
func (s *Server) serveHealth(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") }

// noSignIn is all that the public readiness check says when nobody can sign in. Only Ready and the log say the reason,
// because it may name the issuer's address and the network.
const noSignIn = "sign-in does not work now"

var errStopping = errors.New("the server is stopping")

// readiness says whether users can chat and sign in on this node. Its fields are static.
type readiness struct {
	stopping    func() bool                 // whether Close was called
	stream      func(context.Context) error // why the stream does not answer; nil: it does
	verifier    session.Verifier            // nil if sign-in is not set up
	revocations *revocation.Revocations     // nil if sign-in is not set up
	guests      bool                        // whether guests are let in
}

// serve answers 200 if users can chat on this node. Otherwise it answers 503 and the reason. If nobody can sign in, but
// the node lets guests in, it answers 200, so that a load balancer does not keep guests out.
func (r *readiness) serve(w http.ResponseWriter, q *http.Request) {
	if err := r.chat(q.Context()); err != nil {
		plain(w, http.StatusServiceUnavailable, err.Error())
	} else if r.signIn() == nil {
		plain(w, http.StatusOK, "ok")
	} else if r.guests {
		plain(w, http.StatusOK, "ok for guests; "+noSignIn)
	} else {
		plain(w, http.StatusServiceUnavailable, noSignIn)
	}
}

// chat returns nil if guests can chat. Otherwise it returns the reason, which anybody may read.
func (r *readiness) chat(ctx context.Context) error {
	if r.stopping() {
		return errStopping
	}
	return r.stream(ctx)
}

// signIn returns nil if users can sign in, or if sign-in is not set up. Otherwise it returns the reason.
func (r *readiness) signIn() error {
	if r.revocations == nil {
		return nil
	}
	return cmp.Or(r.verifier.Ready(), r.revocations.Ready())
}

// Ready returns nil if users can chat and sign in on this node; otherwise err is the whole reason. warning names a problem
// that an operator should mend although users can chat, "" if there is none. Show both to operators only.
func (s *Server) Ready(ctx context.Context) (warning string, err error) {
	if v := s.ready.verifier; v != nil {
		warning = v.Warning()
	}
	return warning, cmp.Or(s.ready.chat(ctx), s.ready.signIn())
}

// plain answers with one line of text.
func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n"))
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
