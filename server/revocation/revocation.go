// Package revocation knows which sign-ins and tokens were signed out on any node (revoked), and ends their connections.
// When a client shows a token, the package records to which sign-in the token belongs, and tells the other nodes. So a
// sign-out revokes all tokens of the sign-in, even a token that was shown only to another node, on a connection that has
// ended.
//
// A revocation takes effect on this node at once, even if it cannot be stored in the ledger. The package tries again
// until it is stored. While the ledger cannot be read, no user can sign in, because the user might have signed out on
// another node. Users who are signed in already stay signed in.
//
// Locks: Revocations.mu is taken before Ledger.mu. The context of a connection may be cancelled while Revocations.mu is
// held.
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
	revokedFor  = wire.MaxTokenLife // how long a revocation is kept; no token lives longer
	maxKnown    = 100_000           // the most facts in memory; if there are more, the oldest fact is forgotten
	maxSessions = 16                // the most sign-ins in which one token is recorded; an honest client uses one
	loadWait    = 2 * time.Second   // how long a sign-in waits until the ledger was read for the first time
	tidyEvery   = 10 * time.Minute  // how often tidy forgets the expired facts; it goes through all facts
)

// ErrRevoked is the error of Admit when the token or its sign-in was signed out.
var ErrRevoked = errors.New("the sign-in was signed out")

// key names a sign-in or a token. It is a hash, so nobody who reads a key can sign in with it, or find out its user.
type key string

func signInKey(user, signInID string) key { return keyOf("mayfly session 1", user, signInID) }
func tokenKey(user, jti string) key       { return keyOf("mayfly token 1", user, jti) }

func keyOf(parts ...string) key {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return key(base64.RawURLEncoding.EncodeToString(sum[:18]))
}

// A fact in the ledger begins with one of these words. The keys of the sign-in and of the token follow.
const (
	factOut = "out" // "out K": the sign-in or the token with the key K was signed out
	factSaw = "saw" // "saw S T": the token T was shown in the sign-in S
)

// Revocations knows which sign-ins and tokens were signed out. Any goroutine may call its methods.
type Revocations struct {
	ledger *ledger.Ledger // static

	mu       sync.Mutex                // guards what follows
	revoked  map[key]time.Time         // from a revoked key to the time until which it is revoked
	tokens   map[key]map[key]time.Time // from a sign-in to the tokens shown in it, each with the time when it ends
	signIns  map[key]int               // from a token to the number of sign-ins in which it was shown
	order    []known                   // the facts in revoked and tokens, oldest first
	holders  map[key]map[*Holder]bool  // from a key to the open connections that hold it
	holdings map[*Holder]*holding      // from an open connection to the keys that it holds
}

// known is a fact in memory. If token is empty, signIn is a revoked key (of a sign-in or a token). Otherwise token was
// shown in signIn.
type known struct {
	signIn, token key
	until         time.Time
}

// holding has the keys of the sign-in and the tokens that one connection has shown.
type holding struct {
	signIn key
	tokens map[key]time.Time // from a token to the time when it ends
}

// New returns Revocations that keep their facts in store. All nodes with the same store share the facts.
func New(store ledger.Store, log *slog.Logger) *Revocations {
	r := &Revocations{revoked: map[key]time.Time{}, tokens: map[key]map[key]time.Time{}, signIns: map[key]int{},
		holders: map[key]map[*Holder]bool{}, holdings: map[*Holder]*holding{}}
	r.ledger = ledger.New("sign-outs", store, r.deliver, log)
	return r
}

// Run runs the ledger, which delivers and stores facts, and forgets the facts that have expired, until ctx is done.
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

// Ready returns nil if users can sign in now. Otherwise its error says why they cannot.
func (r *Revocations) Ready() error { return r.ledger.Current() }

// Waiting returns the number of facts that wait to be stored in the ledger.
func (r *Revocations) Waiting() int { return r.ledger.Waiting() }

// deliver runs for each stored fact, those of this node included; the ledger calls it. It ignores a fact that begins with
// an unknown word, because a node with a newer version of Mayfly may have stored it.
func (r *Revocations) deliver(fact string, expiry time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	word, keys, _ := strings.Cut(fact, " ")
	if !expiry.After(time.Now()) {
		return
	}
	switch word {
	case factOut:
		r.revokeLocked(key(keys), expiry)
	case factSaw:
		signIn, token, _ := strings.Cut(keys, " ")
		r.linkLocked(key(signIn), key(token), expiry)
	}
}

// Token is a checked token that a client shows.
type Token struct {
	User     string // the id of the token's user
	JTI      string // the id of the token, from its claim jti
	Expires  time.Time
	SignInID string // the client's id of the sign-in; empty: the client has named none
}

// Holder is one connection whose user is signed in.
type Holder struct {
	revocations *Revocations // static
	end         func()       // static; ends the connection, and does not block
}

// NewHolder returns a Holder that holds no token yet. When its sign-in or one of its tokens is revoked, end is called,
// perhaps more than once. end must not block. The caller must call Forget when the connection has ended.
func (r *Revocations) NewHolder(end func()) *Holder { return &Holder{r, end} }

// Admit records that the connection shows the token t. It returns ErrRevoked if the token or its sign-in was signed out,
// and another error while the ledger cannot be read. If the client has named no sign-in, the key of its first token is
// used as the key of the sign-in. If the ledger was not read yet, Admit blocks until it was read, for loadWait at most,
// or until ctx is done.
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

// admitLocked does the work of Admit after the ledger was read.
func (r *Revocations) admitLocked(h *Holder, t Token) error {
	held := r.holdings[h]
	if held == nil {
		held = &holding{tokens: map[key]time.Time{}}
	}
	token, until := tokenKey(t.User, t.JTI), t.Expires.Add(2*wire.AuthGrace) // then all nodes refuse it as expired
	signIn := held.signIn
	switch {
	case t.SignInID != "":
		signIn = signInKey(t.User, t.SignInID)
	case signIn == "":
		signIn = token
	}
	if r.isRevokedLocked(signIn) {
		r.noteLocked(signIn, token, until) // revokes token too, so that it is refused in every other sign-in
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
	for k, ends := range held.tokens { // all tokens, because the client may have named its sign-in only now
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

// Forget removes the keys of a connection that has ended. Its tokens stay recorded in their sign-in.
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

// letGoLocked removes h from the holders of k.
func (r *Revocations) letGoLocked(h *Holder, k key) {
	if delete(r.holders[k], h); len(r.holders[k]) == 0 {
		delete(r.holders, k)
	}
}

// SignOut revokes the sign-in of the connection and all tokens of that sign-in. It ends every connection that holds one
// of these keys, on every node.
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
		// A token that is not in r.tokens, because of maxSessions or maxKnown, must be revoked by its own key.
		if _, ok := r.tokens[held.signIn][token]; !ok && token != held.signIn {
			out = append(out, token)
		}
	}
	for _, k := range out {
		r.revokeLocked(k, until)
		r.ledger.Keep(factOut+" "+string(k), until)
	}
}
