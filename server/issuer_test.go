package server_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"mayfly/server/auth"
	"mayfly/shared/wire"
)

// issuer is a server.Verifier without cryptography: a token is good if it was issued here and has not ended.
type issuer struct {
	mu       sync.Mutex
	tokens   map[string]auth.Identity
	refusals map[string]*auth.Error // by token
	follows  map[string]map[int]func(auth.Change)
	n        int
	down     bool
	slow     time.Duration
	asked    int
}

func newIssuer() *issuer {
	return &issuer{tokens: map[string]auth.Identity{}, refusals: map[string]*auth.Error{}, follows: map[string]map[int]func(auth.Change){}}
}

// secret is part of every token: the log must not hold it.
const secret = "s3cretOfATok3n"

// issue returns a token of a person's that ends in d.
func (i *issuer) issue(person string, d time.Duration) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.n++
	token := fmt.Sprintf("%s.%s.%d", person, secret, i.n)
	i.tokens[token] = auth.Identity{ID: "u-" + person, Name: person, Subject: person, JTI: fmt.Sprintf("jti-%d", i.n), Expires: time.Now().Add(d)}
	return token
}

// refused returns a token that is refused for a reason.
func (i *issuer) refused(reason wire.Reason, wrong bool) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.n++
	token := fmt.Sprintf("bad.%s.%d", secret, i.n)
	i.refusals[token] = &auth.Error{Code: reason.Code(), Reason: reason, Next: reason.Next(), Message: "No.", Wrong: wrong}
	if reason.Next() == wire.NextLater {
		i.refusals[token].Retry = 1500 * time.Millisecond
	}
	return token
}

func (i *issuer) Verify(_ context.Context, token, _ string) (auth.Identity, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.asked++
	slow := i.slow
	i.mu.Unlock()
	time.Sleep(slow)
	i.mu.Lock()
	id, ok := i.tokens[token]
	no := func(reason wire.Reason, wrong bool) *auth.Error {
		return &auth.Error{Code: reason.Code(), Reason: reason, Next: reason.Next(), Message: "No.", Wrong: wrong}
	}
	switch e := i.refusals[token]; {
	case i.down:
		return auth.Identity{}, &auth.Error{Code: wire.CodeBusy, Next: wire.NextLater, Message: "Not now.", Retry: 5 * time.Second}
	case e != nil:
		return auth.Identity{}, e
	case token == "":
		return auth.Identity{}, no(wire.ReasonTokenMissing, false)
	case !ok:
		return auth.Identity{}, no(wire.ReasonTokenSignature, true)
	case !time.Now().Before(id.Expires.Add(auth.Leeway)):
		return auth.Identity{}, no(wire.ReasonTokenExpired, false)
	}
	return id, nil
}

func (i *issuer) Follow(id auth.Identity, changed func(auth.Change)) (stop func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.n++
	n := i.n
	if i.follows[id.ID] == nil {
		i.follows[id.ID] = map[int]func(auth.Change){}
	}
	i.follows[id.ID][n] = changed
	return func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		delete(i.follows[id.ID], n)
	}
}

// says tells whoever follows a person something, and returns how many do.
func (i *issuer) says(person string, change auth.Change) (followers int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, changed := range i.follows["u-"+person] {
		changed(change)
	}
	return len(i.follows["u-"+person])
}

func (i *issuer) Ready() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.down {
		return errors.New("the keys cannot be loaded")
	}
	return nil
}

func (i *issuer) setDown(down bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.down = down
}
