package authtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"mayfly/server/auth"
	"mayfly/shared/wire"
)

// Secret is part of every token that a Verifier issues. Tests check that no log contains it.
const Secret = "s3cretOfATok3n"

// Verifier is a session.Verifier without cryptography. A token is good if this Verifier has issued it (Issue), until
// auth.Leeway after its expiry.
type Verifier struct {
	mu       sync.Mutex // guards what follows
	tokens   map[string]auth.Identity
	refusals map[string]*auth.Error               // by token: the error that Verify returns; the method Refused adds it
	follows  map[string]map[int]func(auth.Change) // the onChange of each call of Follow: by user id, then by call number
	n        int                                  // the last number; each issued token and each call of Follow gets the next
	down     bool                                 // set by SetDown
	warning  string                               // set by SetWarning
	slow     time.Duration                        // set by SetSlow
	asked    int                                  // how often Verify was called

	moderators map[string]bool // set by SetModerator
}

// NewVerifier returns a Verifier that has issued no token.
func NewVerifier() *Verifier {
	return &Verifier{tokens: map[string]auth.Identity{}, refusals: map[string]*auth.Error{},
		follows: map[string]map[int]func(auth.Change){}, moderators: map[string]bool{}}
}

// Issue returns a new token for the user whose name is person. The token expires after d.
func (v *Verifier) Issue(person string, d time.Duration) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.n++
	token := fmt.Sprintf("%s.%s.%d", person, Secret, v.n)
	v.tokens[token] = auth.Identity{ID: "u-" + person, Name: person, Subject: person, JTI: fmt.Sprintf("jti-%d", v.n),
		Expires: time.Now().Add(d), Moderator: v.moderators[person]}
	return token
}

// SetModerator makes the tokens that Issue returns from now on say whether the user person is a moderator.
func (v *Verifier) SetModerator(person string, is bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.moderators[person] = is
}

// Refused returns a new token that Verify refuses for reason. The error that Verify returns has wrong in its
// field Wrong.
func (v *Verifier) Refused(reason wire.Reason, wrong bool) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.n++
	token := fmt.Sprintf("bad.%s.%d", Secret, v.n)
	v.refusals[token] = refusal(reason, wrong)
	if reason.Next() == wire.NextLater {
		v.refusals[token].Retry = 1500 * time.Millisecond
	}
	return token
}

func refusal(reason wire.Reason, wrong bool) *auth.Error {
	return &auth.Error{Code: reason.Code(), Reason: reason, Next: reason.Next(), Message: "No.", Wrong: wrong}
}

// Verify implements session.Verifier.
func (v *Verifier) Verify(_ context.Context, token, _ string) (auth.Identity, error) {
	v.mu.Lock()
	v.asked++
	slow := v.slow
	v.mu.Unlock()
	if slow > 0 {
		time.Sleep(slow)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	id, ok := v.tokens[token]
	switch e := v.refusals[token]; {
	case v.down:
		busy := &auth.Error{Code: wire.CodeBusy, Next: wire.NextLater, Message: "Not now.", Retry: 5 * time.Second}
		return auth.Identity{}, busy
	case e != nil:
		return auth.Identity{}, e
	case token == "":
		return auth.Identity{}, refusal(wire.ReasonTokenMissing, false)
	case !ok:
		return auth.Identity{}, refusal(wire.ReasonTokenSignature, true)
	case !time.Now().Before(id.Expires.Add(auth.Leeway)):
		return auth.Identity{}, refusal(wire.ReasonTokenExpired, false)
	}
	return id, nil
}

// Follow implements session.Verifier.
func (v *Verifier) Follow(id auth.Identity, onChange func(auth.Change)) (stop func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.n++
	n := v.n
	if v.follows[id.ID] == nil {
		v.follows[id.ID] = map[int]func(auth.Change){}
	}
	v.follows[id.ID][n] = onChange
	return func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		delete(v.follows[id.ID], n)
	}
}

// Says passes change to every function onChange of the calls of Follow for the user person that have not been stopped. It
// returns the number of these functions.
func (v *Verifier) Says(person string, change auth.Change) (followers int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, changed := range v.follows["u-"+person] {
		changed(change)
	}
	return len(v.follows["u-"+person])
}

// Ready implements session.Verifier.
func (v *Verifier) Ready() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.down {
		return errors.New("the keys cannot be loaded")
	}
	return nil
}

// Warning implements session.Verifier.
func (v *Verifier) Warning() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.warning
}

// SetWarning sets what Warning returns.
func (v *Verifier) SetWarning(warning string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.warning = warning
}

// SetDown(true) makes the Verifier behave as if it had no keys: Verify refuses every token as busy. SetDown(false) ends
// that.
func (v *Verifier) SetDown(down bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.down = down
}

// SetSlow makes each call of Verify sleep for d. Under synctest this is virtual time.
func (v *Verifier) SetSlow(d time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.slow = d
}

// Asked returns how often Verify was called.
func (v *Verifier) Asked() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.asked
}
