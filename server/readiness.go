package server

import (
	"cmp"
	"context"
	"errors"
	"net/http"

	"mayfly/server/revocation"
	"mayfly/server/session"
)

// noSignIn is the sentence with which serve tells everybody that nobody can sign in. It leaves out the reason, because
// the reason may contain the issuer's address and details of the network. Only Ready and the log tell the reason.
const noSignIn = "sign-in does not work now"

var errStopping = errors.New("the server is stopping")

// readiness says whether users can chat and sign in on this node. Its fields are static.
type readiness struct {
	stopping    func() bool                 // reports whether Server.Close was called
	stream      func(context.Context) error // returns nil if the stream answers, else why it does not
	warning     func() string               // returns what operators should solve although users can chat; nil: nothing
	verifier    session.Verifier            // nil if sign-in is not set up
	revocations *revocation.Revocations     // nil if sign-in is not set up
	guests      bool                        // whether guests are let in
}

// serve tries these cases in this order. If users cannot chat, it answers 503 with the error of r.chat. If they can also
// sign in, it answers 200, with the warning if there is one. If they cannot sign in but the node lets guests in, it answers
// 200, too: with another status, a load balancer would keep the guests out. Otherwise it answers 503 with the text noSignIn.
func (r *readiness) serve(w http.ResponseWriter, q *http.Request) {
	if err := r.chat(q.Context()); err != nil {
		plain(w, http.StatusServiceUnavailable, err.Error())
	} else if r.signIn() == nil {
		plain(w, http.StatusOK, cmp.Or(r.warn(), "ok"))
	} else if r.guests {
		plain(w, http.StatusOK, "ok for guests; "+noSignIn)
	} else {
		plain(w, http.StatusServiceUnavailable, noSignIn)
	}
}

// chat returns nil if users can chat on this node; it does not check whether they can sign in. Otherwise it returns the
// reason, which is no secret.
func (r *readiness) chat(ctx context.Context) error {
	if r.stopping() {
		return errStopping
	}
	return r.stream(ctx)
}

// warn returns the answer for the case that users can chat, but operators should solve something: the text of r.warning
// after "ok, but ". It returns "" if there is nothing to solve. The text is no secret.
func (r *readiness) warn() string {
	if r.warning == nil {
		return ""
	}
	text := r.warning()
	if text != "" {
		text = "ok, but " + text
	}
	return text
}

// signIn returns nil if users can sign in. It also returns nil if sign-in is not set up, because then there is no fault to
// report. Otherwise it returns the reason why users cannot sign in.
func (r *readiness) signIn() error {
	if r.revocations == nil {
		return nil
	}
	return cmp.Or(r.verifier.Ready(), r.revocations.Ready())
}

// plain answers with one line of text.
func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n"))
}
