// Package revocation knows which sign-ins and tokens are revoked. A sign-in is revoked when its user signs out, on any
// node. Then the package ends the connections of the sign-in. When a client shows a token, the package records to which
// sign-in the token belongs, and tells the other nodes. So a sign-out revokes all tokens of the sign-in, also a token
// that only another node has seen, and a token whose connection has ended.
//
// A revocation takes effect on this node at once, even if it cannot be stored in the ledger. The package tries to store
// it until that succeeds. While the ledger cannot be read, no user can sign in, because the user might have signed out on
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
	maxSessions = 16                // the most sign-ins in which one token is recorded; an honest client uses only one
	loadWait    = 2 * time.Second   // the longest time that a sign-in waits until the ledger was read for the first time
	tidyEvery   = 10 * time.Minute  // how often Run calls tidy, which looks at all facts and forgets the expired ones
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

// A fact in the ledger is a line of text: one of these words, and then the keys that it is about.
const (
	factOut = "out" // "out K": the sign-in or the token with the key K was signed out
	factSaw = "saw" // "saw S T": the token T was shown in the sign-in S
)

// Revocations knows which sign-ins and tokens were signed out. Any goroutine may call its methods.
type Revocations struct {
	ledger *ledger.Ledger // static

	mu       sync.Mutex                // guards what follows
	revoked  map[key]time.Time         // from a revoked key to the time until which it is revoked
	tokens   map[key]map[key]time.Time // from a sign-in to the tokens shown in it, each with the time until which it counts
	signIns  map[key]int               // from a token to the number of sign-ins in which it was shown
	order    []known                   // the facts in revoked and tokens, oldest first
	holders  map[key]map[*Holder]bool  // from a key to the open connections that have shown its sign-in or token
	holdings map[*Holder]*holding      // from an open connection to the keys of the sign-in and tokens that it has shown
}

// known is a fact in memory. If token is empty, the fact is that signIn is revoked; signIn is then the key of a sign-in or
// of a token. If token is not empty, the fact is that token was shown in signIn.
type known struct {
	signIn, token key
	until         time.Time // when the fact expires
}

// holding contains the keys of the sign-in and of the tokens that one connection has shown.
type holding struct {
	signIn key
	tokens map[key]time.Time // from a token to the time after which all nodes refuse it as expired
}

// New returns Revocations that keep their facts in store. All nodes with the same store share the facts.
func New(store ledger.Store, log *slog.Logger) *Revocations {
	r := &Revocations{revoked: map[key]time.Time{}, tokens: map[key]map[key]time.Time{}, signIns: map[key]int{},
		holders: map[key]map[*Holder]bool{}, holdings: map[*Holder]*holding{}}
	r.ledger = ledger.New("sign-outs", store, r.deliver, log)
	return r
}

// Run runs the ledger, which delivers and stores facts. It also forgets the facts in memory that have expired. When ctx
// is done, Run waits until the ledger has stopped, and then returns.
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

// deliver runs when the ledger delivers a stored fact, which may also be a fact of this node. It ignores a fact that begins
// with an unknown word: a node with a newer version of Mayfly may have stored that fact.
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
	SignInID string // the id that the client has given to the sign-in; empty: the client has given none
}

// Holder is one connection whose user is signed in.
type Holder struct {
	revocations *Revocations // static
	end         func()       // static; ends the connection, and does not block
}

// NewHolder returns a Holder for a connection that has shown no token yet. The package calls the function end when the
// connection's sign-in or one of its tokens is revoked, perhaps more than once. end must not block. The caller must call
// Forget when the connection has ended.
func (r *Revocations) NewHolder(end func()) *Holder { return &Holder{r, end} }

// Admit records that the connection shows the token t. It returns ErrRevoked if the token or its sign-in was signed out,
// and another error while the ledger cannot be read. If the client has named no sign-in, the key of the connection's first
// token is used as the key of the sign-in. After the start of the server, Admit blocks until the ledger was read for the
// first time, for loadWait at most or until ctx is done.
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
	// After the time until, all nodes refuse the token as expired, so facts about the token may expire then.
	token, until := tokenKey(t.User, t.JTI), t.Expires.Add(2*wire.AuthGrace)
	signIn := held.signIn
	switch {
	case t.SignInID != "":
		signIn = signInKey(t.User, t.SignInID)
	case signIn == "":
		signIn = token
	}
	if r.isRevokedLocked(signIn) {
		r.noteLocked(signIn, token, until) // this also revokes token, so that the client cannot use it in another sign-in
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
	for k, ends := range held.tokens { // all tokens: perhaps the client names its sign-in now for the first time
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

// Forget runs when the connection has ended. After Forget, a revocation no longer calls the connection's function end.
// The connection's tokens stay recorded in their sign-in, so that a sign-out still revokes them.
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

// letGoLocked removes the connection h from r.holders[k], the connections that a revocation of k ends.
func (r *Revocations) letGoLocked(h *Holder, k key) {
	if delete(r.holders[k], h); len(r.holders[k]) == 0 {
		delete(r.holders, k)
	}
}

// SignOut revokes the sign-in of the connection and all tokens of that sign-in. All connections that have shown the
// sign-in or one of these tokens end, on every node.
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
		// revokeLocked of the sign-in also revokes the tokens that r.tokens has for the sign-in. A token may be missing
		// there, because of maxSessions or maxKnown. So revoke that token by its own key.
		if _, ok := r.tokens[held.signIn][token]; !ok && token != held.signIn {
			out = append(out, token)
		}
	}
	for _, k := range out {
		r.revokeLocked(k, until)
		r.ledger.Keep(factOut+" "+string(k), until)
	}
}
