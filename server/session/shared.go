package session

import (
	"context"
	"log/slog"
	"time"

	"mayfly/server/admission"
	"mayfly/server/audit"
	"mayfly/server/auth"
	"mayfly/server/conn"
	"mayfly/server/hub"
	"mayfly/server/revocation"
	"mayfly/shared/wire"
)

// Shared is what all sessions of a node share. Its fields never change, except for the counts in renewals.
type Shared struct {
	Hub     *hub.Hub
	Clock   *hub.Clock // the clock that Hub uses
	Log     *slog.Logger
	Metrics *Metrics

	Verifier    Verifier                // nil: sign-in is not set up
	Revocations *revocation.Revocations // nil: sign-in is not set up
	Failures    *admission.Failures     // the failed sign-ins of each client address
	Guests      Policy                  // what guests may do
	Audit       *audit.Log              // gets refused sign-ins, and the limits that clients hit; nil: no log

	renewals renewals // logs a warning if no client renews its sign-in

	// The frame welcome tells clients the following limits. The hub applies them.
	TTL   wire.TTL
	Posts int           // the most accepted posts of one user in any span of length Per
	Acts  int           // the most reactions, removals and typing frames of one user in any span of length Per
	Per   time.Duration // the length of the span in which Posts and Acts are counted
}

// nowMS returns the time of the hub's clock in Unix milliseconds. Frames have this time in their field now.
func (s *Shared) nowMS() int64 { return s.Clock.Now().UnixMilli() }

// logRefusal counts and logs that a sign-in on the connection c was refused because of e. It also writes that to the audit
// log. re is the type of the frame that was refused. re is empty if the server ends a connection without a frame from the
// client, because the user must leave.
func (s *Shared) logRefusal(c *conn.Conn, e *auth.Error, re string) {
	s.Audit.SignInRefused(c.From.String(), s.Metrics.countRefusal(e))
	s.Log.Info("sign-in refused", "conn_id", c.ID, "re", re, "err", e)
}

// Verifier checks tokens. auth.Verifier implements it, and tests have a Verifier without cryptography.
type Verifier interface {
	// Verify checks a token and returns its user. idToken may be empty; it is used only for the user's name. Every
	// error is an *auth.Error.
	Verify(ctx context.Context, token, idToken string) (auth.Identity, error)
	// Follow registers onChange and returns at once. Until stop is called, the Verifier calls onChange each time the
	// user of id gets a new name, and when the user must leave the server. If such news is known already, Follow calls
	// onChange before it returns. onChange must not block.
	Follow(id auth.Identity, onChange func(auth.Change)) (stop func())
	// Ready returns nil if tokens can be checked now. Otherwise its error says why they cannot.
	Ready() error
	// Warning returns a problem that the operator should solve, although tokens can be checked. It returns "" if there is
	// no problem.
	Warning() string
}
