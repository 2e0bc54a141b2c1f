package server

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"mayfly/server/auth"
	"mayfly/shared/wire"
)

// Ledger is where all nodes keep what they know about sign-outs: stream.Signouts, and one in memory for tests.
type Ledger interface {
	// Keep stores entry until that time, for every node and, where messages outlive a restart, beyond one.
	Keep(ctx context.Context, entry string, until time.Time) error
	// Follow calls deliver with every entry that is kept, returns, and goes on with each that any node keeps later. It may be
	// called once more if it fails.
	Follow(ctx context.Context, deliver func(entry string, until time.Time)) (stop func(), err error)
	// Current returns nil while all that is kept has been delivered, else why that is not sure.
	Current() error
}

const (
	maxKnown     = 100_000          // what is remembered; beyond it the oldest goes
	maxSessions  = 16               // in which one token is remembered to have been seen; a client shows it in one
	maxUnkept    = 10_000           // what waits to be kept; half of it is for sign-outs alone
	loadWait     = 2 * time.Second  // how long a sign-in waits for the ledger to be read
	ledgerRetry  = 5 * time.Second  // when a client comes back that came while that was not sure
	tidyEvery    = 10 * time.Minute // to forget what no longer matters: it looks at all that is known
	flushTimeout = 2 * time.Second  // to keep what waits when the server stops

	firstKeepRetry = time.Second // after an entry could not be kept; doubled each time
	lastKeepRetry  = 30 * time.Second
)

// A key is a session or a token, hashed: nobody can sign in with it, or find out whose it is.
type key string

func sessionKey(user, session string) key { return keyOf("mayfly session 1", user, session) }
func tokenKey(user, jti string) key       { return keyOf("mayfly token 1", user, jti) }

func keyOf(parts ...string) key {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return key(base64.RawURLEncoding.EncodeToString(sum[:18]))
}

// An entry of the ledger is one of these words and the keys that it is about.
const (
	entryOut = "out" // a session or a token that was signed out
	entrySaw = "saw" // a session, and a token that was seen in it
)

// signouts knows which sessions and tokens were signed out, on any node, and ends their connections. Which tokens belong to a
// session it learns as they are shown, and tells the other nodes, so that a sign-out ends all of them: also one that was shown to
// another node, in a connection that has ended.
//
// A sign-out holds on this node at once, whatever becomes of the ledger; it is kept there as soon as that can be. While the
// ledger cannot be read nobody can sign in, as they might have signed out elsewhere: they are told to come back, /readyz says
// why, and whoever is here stays.
type signouts struct {
	ledger Ledger        // static
	log    *slog.Logger  // static
	loaded chan struct{} // static; closed once the ledger was read
	wake   chan struct{} // static; capacity 1: there is something to keep

	mu      sync.Mutex // guards what follows, and the keys of conns
	revoked map[key]time.Time
	seen    map[key]map[key]time.Time // tokens by session, each until it ends
	within  map[key]int               // in how many sessions each of these tokens is
	order   []known                   // all of these, oldest first
	conns   map[key]map[*conn]struct{}
	unkept  []unkept
}

// known is one that is remembered: a revoked key if token is empty, else a token seen in a session.
type known struct {
	session, token key
	until          time.Time
}

type unkept struct {
	entry string
	until time.Time
}

func newSignouts(ledger Ledger, log *slog.Logger) *signouts {
	return &signouts{ledger: ledger, log: log, loaded: make(chan struct{}), wake: make(chan struct{}, 1),
		revoked: map[key]time.Time{}, seen: map[key]map[key]time.Time{}, within: map[key]int{}, conns: map[key]map[*conn]struct{}{}}
}

var errNotLoaded = errors.New("sign-in: who has signed out is being loaded")

// ready returns why nobody can sign in now, nil if they can.
func (s *signouts) ready() error {
	select {
	case <-s.loaded:
		return s.ledger.Current()
	default:
		return errNotLoaded
	}
}

// admit lets c go on with a token, unless that or its session was signed out. A session that has no name is its first token's. It
// waits a moment if the ledger is only just being read.
func (s *signouts) admit(c *conn, id auth.Identity, session string) *auth.Error {
	wait := time.NewTimer(loadWait)
	defer wait.Stop()
	select {
	case <-s.loaded:
	case <-wait.C:
	case <-c.ctx.Done():
	}
	if err := s.ready(); err != nil {
		return &auth.Error{Code: wire.CodeBusy, Next: wire.NextLater, Message: "Signing in does not work at the moment.", Retry: ledgerRetry}
	}
	token, until := tokenKey(id.ID, id.JTI), id.Expires.Add(2*wire.AuthGrace) // refused as expired before that
	s.mu.Lock()
	defer s.mu.Unlock()
	of := c.key
	switch {
	case session != "":
		of = sessionKey(id.ID, session)
	case of == "":
		of = token
	}
	now := time.Now()
	if s.outLocked(of) {
		s.noteLocked(of, token, until) // whoever has it may show it in no other session either
		return refusal(wire.ReasonTokenRevoked)
	}
	if s.outLocked(token) {
		return refusal(wire.ReasonTokenRevoked)
	}
	for k, ends := range c.shown {
		if !ends.After(now) {
			s.forgetLocked(c, k)
		}
	}
	c.key, c.shown[token] = of, until
	for k, ends := range c.shown { // of a session that had no name before, too
		s.noteLocked(of, k, ends)
	}
	for _, k := range []key{of, token} {
		if s.conns[k] == nil {
			s.conns[k] = map[*conn]struct{}{}
		}
		s.conns[k][c] = struct{}{}
	}
	return nil
}

// forget lets go of a connection that has ended.
func (s *signouts) forget(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetLocked(c, c.key)
	for k := range c.shown {
		s.forgetLocked(c, k)
	}
}

func (s *signouts) forgetLocked(c *conn, k key) {
	delete(c.shown, k)
	if delete(s.conns[k], c); len(s.conns[k]) == 0 {
		delete(s.conns, k)
	}
}

// signOut ends the session of c, with every connection and every token of it.
func (s *signouts) signOut(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	until := time.Now().Add(wire.MaxTokenLife)
	out := []key{c.key}
	for token := range c.shown {
		if _, ok := s.seen[c.key][token]; !ok && token != c.key { // it is in too many sessions, or was forgotten
			out = append(out, token)
		}
	}
	for _, k := range out {
		s.revokeLocked(k, until)
		s.keepLocked(entryOut+" "+string(k), until)
	}
}

// outLocked reports whether k was signed out, not too long ago.
func (s *signouts) outLocked(k key) bool { return s.revoked[k].After(time.Now()) }

// noteLocked remembers, here and in the ledger, that token was shown in session. It does not if that is so in enough others: who
// makes up a session for each connection must not push out what others have signed out.
func (s *signouts) noteLocked(session, token key, until time.Time) {
	if session != token && s.within[token] < maxSessions && s.sawLocked(session, token, until) {
		s.keepLocked(strings.Join([]string{entrySaw, string(session), string(token)}, " "), until)
	}
}

// revokeLocked refuses k until then, and whatever was seen in it, and ends the connections.
func (s *signouts) revokeLocked(k key, until time.Time) {
	if s.outLocked(k) {
		return
	}
	s.revoked[k] = until
	s.rememberLocked(known{session: k, until: until})
	for c := range s.conns[k] {
		c.leave(errSignedOut)
	}
	for token := range s.seen[k] {
		s.revokeLocked(token, until)
	}
}

// sawLocked notes that token belongs to session, and reports whether that is new.
func (s *signouts) sawLocked(session, token key, until time.Time) bool {
	if _, ok := s.seen[session][token]; ok {
		return false
	}
	if s.seen[session] == nil {
		s.seen[session] = map[key]time.Time{}
	}
	s.seen[session][token] = until
	s.within[token]++
	s.rememberLocked(known{session, token, until})
	if s.outLocked(session) { // elsewhere, at the same moment
		s.revokeLocked(token, s.revoked[session])
	}
	return true
}

func (s *signouts) rememberLocked(k known) {
	if s.order = append(s.order, k); len(s.order) > maxKnown {
		s.dropLocked(s.order[0])
		s.order = s.order[1:]
	}
}

func (s *signouts) dropLocked(k known) {
	if k.token == "" {
		if !s.revoked[k.session].After(k.until) { // else it was signed out once more
			delete(s.revoked, k.session)
		}
		return
	}
	if s.within[k.token]--; s.within[k.token] == 0 {
		delete(s.within, k.token)
	}
	if delete(s.seen[k.session], k.token); len(s.seen[k.session]) == 0 {
		delete(s.seen, k.session)
	}
}

// tidy forgets what no longer matters.
func (s *signouts) tidy(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := make([]known, 0, len(s.order))
	for _, k := range s.order {
		if k.until.After(now) {
			left = append(left, k)
		} else {
			s.dropLocked(k)
		}
	}
	s.order = left
}
