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

// Secret is part of every token of a Verifier's: a log must not hold it.
const Secret = "s3cretOfATok3n"

// Verifier is a server.Verifier without cryptography: a token is good if it was issued here and has not ended.
type Verifier struct {
	mu       sync.Mutex // guards what follows
	tokens   map[string]auth.Identity
	refusals map[string]*auth.Error // by token
	follows  map[string]map[int]func(auth.Change)
	n        int
	down     bool
	slow     time.Duration
	asked    int
}

// NewVerifier returns a verifier that has issued nothing.
func NewVerifier() *Verifier {
	return &Verifier{tokens: map[string]auth.Identity{}, refusals: map[string]*auth.Error{},
		follows: map[string]map[int]func(auth.Change){}}
}

// Issue returns a token of a person's that ends in d.
func (v *Verifier) Issue(person string, d time.Duration) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.n++
	token := fmt.Sprintf("%s.%s.%d", person, Secret, v.n)
	v.tokens[token] = auth.Identity{ID: "u-" + person, Name: person, Subject: person, JTI: fmt.Sprintf("jti-%d", v.n),
		Expires: time.Now().Add(d)}
	return token
}

// Refused returns a token that is refused for a reason.
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

// Verify implements server.Verifier.
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

// Follow implements server.Verifier.
func (v *Verifier) Follow(id auth.Identity, changed func(auth.Change)) (stop func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.n++
	n := v.n
	if v.follows[id.ID] == nil {
		v.follows[id.ID] = map[int]func(auth.Change){}
	}
	v.follows[id.ID][n] = changed
	return func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		delete(v.follows[id.ID], n)
	}
}

// Says tells every follower of a person something, and returns how many there are.
func (v *Verifier) Says(person string, change auth.Change) (followers int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, changed := range v.follows["u-"+person] {
		changed(change)
	}
	return len(v.follows["u-"+person])
}

// Ready implements server.Verifier.
func (v *Verifier) Ready() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.down {
		return errors.New("the keys cannot be loaded")
	}
	return nil
}

// SetDown makes the verifier one that has no keys, or ends that.
func (v *Verifier) SetDown(down bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.down = down
}

// SetSlow makes each check take so long: of virtual time, as Verify sleeps.
func (v *Verifier) SetSlow(d time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.slow = d
}

// Asked returns how many tokens were checked.
func (v *Verifier) Asked() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.asked
}
