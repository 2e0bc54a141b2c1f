package server

import (
	"cmp"
	"encoding/json"
	"net/http"

	"mayfly/server/session"
	"mayfly/shared/wire"
)

// serveHealth answers 200 as long as the process runs.
func (s *Server) serveHealth(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") }

// serveReady answers 200 if users can chat on this node, else 503 and the reason.
func (s *Server) serveReady(w http.ResponseWriter, r *http.Request) {
	if s.closing() {
		plain(w, http.StatusServiceUnavailable, "the server is stopping")
		return
	}
	if err := s.config.Ready(r.Context()); err != nil {
		plain(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	if err := s.signInReady(); err != nil {
		plain(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	plain(w, http.StatusOK, "ok")
}

// signInReady returns the reason why no user can sign in now. It returns nil if users can sign in, or if sign-in is not
// set up.
func (s *Server) signInReady() error {
	if s.revocations == nil {
		return nil
	}
	if err := s.config.SignIn.Verifier.Ready(); err != nil {
		return err
	}
	return s.revocations.Ready()
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
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(struct {
		Version   string         `json:"version"`
		Protocol  string         `json:"protocol"`
		Issuer    string         `json:"issuer"` // empty: sign-in is not set up
		ClientID  string         `json:"client_id"`
		Scopes    []string       `json:"scopes"`
		Audience  string         `json:"audience"`
		Anonymous session.Policy `json:"anonymous"`
		TTL       wire.TTL       `json:"ttl"`
	}{s.config.Version, wire.Subprotocol, how.Issuer, how.ClientID, append([]string{}, how.Scopes...), how.Audience,
		policy, s.config.TTL})
}
