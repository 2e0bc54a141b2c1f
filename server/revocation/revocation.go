// Package revocation knows which sign-ins and tokens were signed out, on any node, and ends their connections. It learns
// which tokens belong to a sign-in as clients show them, and tells the other nodes. So a sign-out ends all tokens of the
// sign-in, also one that was shown to another node, on a connection that has ended.
//
// A revocation holds on this node at once, also when it cannot be stored; it is stored in the ledger as soon as that is
// possible. While the ledger cannot be read, nobody can sign in, because the user might have signed out on another node.
// Users who are signed in already stay.
//
// Locks: Revocations.mu is taken before the ledger's, and a context may be cancelled under it.
package revocation

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"mayfly/server/ledger"
	"mayfly/shared/wire"
)

const (
	revokedFor  = wire.MaxTokenLife // how long a revocation is kept
	maxKnown    = 100_000           // facts in memory; beyond it the oldest is forgotten
	maxSessions = 16                // sign-ins in which one token is recorded; a client shows a token in one
	loadWait    = 2 * time.Second   // how long a sign-in waits for the ledger to be read
	tidyEvery   = 10 * time.Minute  // how often expired facts are forgotten, which looks at all of them
)

// ErrRevoked is the error of Admit when the token or its sign-in was signed out.
var ErrRevoked = errors.New("the sign-in was signed out")

// key names a sign-in or a token by a hash: nobody can sign in with it, or find out which user it belongs to.
type key string

func signInKey(user, signInID string) key { return keyOf("mayfly session 1", user, signInID) }
func tokenKey(user, jti string) key       { return keyOf("mayfly token 1", user, jti) }

func keyOf(parts ...string) key {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return key(base64.RawURLEncoding.EncodeToString(sum[:18]))
}

// A fact in the ledger is one of these words and the keys that it is about.
const (
	factOut = "out" // a sign-in or a token was signed out
	factSaw = "saw" // a token was shown in a sign-in
)

// Revocations knows which sign-ins and tokens were signed out. Any goroutine may call its methods.
type Revocations struct {
	ledger *ledger.Ledger // static

	mu       sync.Mutex // guards what follows
	revoked  map[key]time.Time
	tokens   map[key]map[key]time.Time // tokens by sign-in, each until it ends
	signIns  map[key]int               // the number of sign-ins in which each of these tokens was seen
	order    []known                   // all of these facts, oldest first
	holders  map[key]map[*Holder]bool  // open connections by the keys that they hold
	holdings map[*Holder]*holding      // the same by connection
}

// known is a fact in memory: a revoked key if token is empty, else a token that was shown in a sign-in.
type known struct {
	signIn, token key
	until         time.Time
}

// holding is what one connection has shown.
type holding struct {
	signIn key
	tokens map[key]time.Time // each until it ends
}

// New returns revocations that all nodes over store share.
func New(store ledger.Store, log *slog.Logger) *Revocations {
	r := &Revocations{revoked: map[key]time.Time{}, tokens: map[key]map[key]time.Time{}, signIns: map[key]int{},
		holders: map[key]map[*Holder]bool{}, holdings: map[*Holder]*holding{}}
	r.ledger = ledger.New("sign-outs", store, r.deliver, log)
	return r
}

// Run follows the ledger, stores facts in it and forgets those that have expired, until ctx is done.
func (r *Revocations) Run(ctx context.Context) {
	var running sync.WaitGroup
	running.Go(func() { r.ledger.Run(ctx) })
	defer running.Wait()
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			r.tidy(now)
		}
	}
}

// Ready returns why nobody can sign in now, nil if users can.
func (r *Revocations) Ready() error { return r.ledger.Current() }

// Waiting returns how many facts wait to be stored.
func (r *Revocations) Waiting() int { return r.ledger.Waiting() }

// deliver runs with each fact of the ledger, also with this node's own. It passes over a fact that it does not know,
// because a newer node may have stored it.
func (r *Revocations) deliver(fact string, until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	word, keys, _ := strings.Cut(fact, " ")
	if !until.After(time.Now()) {
		return
	}
	switch word {
	case factOut:
		r.revokeLocked(key(keys), until)
	case factSaw:
		signIn, token, _ := strings.Cut(keys, " ")
		r.linkLocked(key(signIn), key(token), until)
	}
}

// Token is a checked token that a client shows.
type Token struct {
	User     string // id
	JTI      string
	Expires  time.Time
	SignInID string // the client's id of the sign-in; empty: the client has named none
}

// Holder is one connection whose user is signed in.
type Holder struct {
	revocations *Revocations // static
	end         func()       // static; does not block
}

// NewHolder returns a holder without a token. When its sign-in or its token is revoked, end is called, perhaps more than
// once; it must not block. The caller must call Forget when the connection has ended.
func (r *Revocations) NewHolder(end func()) *Holder { return &Holder{r, end} }

// Admit records that the connection shows a token. It returns ErrRevoked if the token or its sign-in was signed out, and
// another error while that cannot be known. A sign-in without an id has the key of its first token. Admit blocks for
// loadWait at most, while the ledger is being read for the first time, or until ctx is done.
func (h *Holder) Admit(ctx context.Context, t Token) error {
	wait := time.NewTimer(loadWait)
	defer wait.Stop()
	r := h.revocations
	select {
	case <-r.ledger.Loaded():
	case <-wait.C:
	case <-ctx.Done():
	}
	if err := r.Ready(); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.admitLocked(h, t)
}

func (r *Revocations) admitLocked(h *Holder, t Token) error {
	held := r.holdings[h]
	if held == nil {
		held = &holding{tokens: map[key]time.Time{}}
	}
	token, until := tokenKey(t.User, t.JTI), t.Expires.Add(2*wire.AuthGrace) // refused as expired before that
	signIn := held.signIn
	switch {
	case t.SignInID != "":
		signIn = signInKey(t.User, t.SignInID)
	case signIn == "":
		signIn = token
	}
	if r.isRevokedLocked(signIn) {
		r.noteLocked(signIn, token, until) // a client that has this token may show it in no other sign-in either
		return ErrRevoked
	}
	if r.isRevokedLocked(token) {
		return ErrRevoked
	}
	now := time.Now()
	for k, ends := range held.tokens {
		if !ends.After(now) {
			delete(held.tokens, k)
			r.letGoLocked(h, k)
		}
	}
	r.holdings[h] = held
	held.signIn, held.tokens[token] = signIn, until
	for k, ends := range held.tokens { // also those of a sign-in that had no id before
		r.noteLocked(signIn, k, ends)
	}
	for _, k := range []key{signIn, token} {
		if r.holders[k] == nil {
			r.holders[k] = map[*Holder]bool{}
		}
		r.holders[k][h] = true
	}
	return nil
}

// Forget removes a connection that has ended.
func (h *Holder) Forget() {
	r := h.revocations
	r.mu.Lock()
	defer r.mu.Unlock()
	held := r.holdings[h]
	if held == nil {
		return
	}
	r.letGoLocked(h, held.signIn)
	for k := range held.tokens {
		r.letGoLocked(h, k)
	}
	delete(r.holdings, h)
}

// letGoLocked records that h no longer holds k.
func (r *Revocations) letGoLocked(h *Holder, k key) {
	if delete(r.holders[k], h); len(r.holders[k]) == 0 {
		delete(r.holders, k)
	}
}

// SignOut revokes the sign-in of the connection with all its tokens, and ends every connection that holds one of them.
func (h *Holder) SignOut() {
	r := h.revocations
	r.mu.Lock()
	defer r.mu.Unlock()
	held := r.holdings[h]
	if held == nil {
		return
	}
	until := time.Now().Add(revokedFor)
	out := []key{held.signIn}
	for token := range held.tokens {
		if _, ok := r.tokens[held.signIn][token]; !ok && token != held.signIn { // in too many sign-ins, or forgotten
			out = append(out, token)
		}
	}
	for _, k := range out {
		r.revokeLocked(k, until)
		r.ledger.Keep(factOut+" "+string(k), until)
	}
}
