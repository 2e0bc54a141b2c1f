package revocation

import (
	"strings"
	"time"
)

// isRevokedLocked reports whether k was signed out and the revocation has not expired.
func (r *Revocations) isRevokedLocked(k key) bool { return r.revoked[k].After(time.Now()) }

// noteLocked records, in memory and in the ledger, that token was shown in signIn. It does not if the token is in
// maxSessions others: a client that makes up a sign-in for each connection must not push out the revocations of other
// users.
func (r *Revocations) noteLocked(signIn, token key, until time.Time) {
	if signIn != token && r.signIns[token] < maxSessions && r.linkLocked(signIn, token, until) {
		r.ledger.KeepMinor(strings.Join([]string{factSaw, string(signIn), string(token)}, " "), until)
	}
}

// revokeLocked refuses k until that time, and every token that was shown in it, and ends their connections.
func (r *Revocations) revokeLocked(k key, until time.Time) {
	if r.isRevokedLocked(k) {
		return
	}
	r.revoked[k] = until
	r.rememberLocked(known{signIn: k, until: until})
	for h := range r.holders[k] {
		h.end()
	}
	for token := range r.tokens[k] {
		r.revokeLocked(token, until)
	}
}

// linkLocked records in memory that token belongs to signIn, and reports whether that is new.
func (r *Revocations) linkLocked(signIn, token key, until time.Time) bool {
	if _, ok := r.tokens[signIn][token]; ok {
		return false
	}
	if r.tokens[signIn] == nil {
		r.tokens[signIn] = map[key]time.Time{}
	}
	r.tokens[signIn][token] = until
	r.signIns[token]++
	r.rememberLocked(known{signIn, token, until})
	if r.isRevokedLocked(signIn) { // another node has revoked it at the same moment
		r.revokeLocked(token, r.revoked[signIn])
	}
	return true
}

// rememberLocked adds a fact to the order in which facts are forgotten.
func (r *Revocations) rememberLocked(k known) {
	if r.order = append(r.order, k); len(r.order) > maxKnown {
		r.forgetLocked(r.order[0])
		r.order = r.order[1:]
	}
}

// forgetLocked removes a fact from memory, but not from order.
func (r *Revocations) forgetLocked(k known) {
	if k.token == "" {
		if !r.revoked[k.signIn].After(k.until) { // else it was signed out once more
			delete(r.revoked, k.signIn)
		}
		return
	}
	if r.signIns[k.token]--; r.signIns[k.token] == 0 {
		delete(r.signIns, k.token)
	}
	if delete(r.tokens[k.signIn], k.token); len(r.tokens[k.signIn]) == 0 {
		delete(r.tokens, k.signIn)
	}
}

// tidy forgets the facts that have expired at now.
func (r *Revocations) tidy(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	left := make([]known, 0, len(r.order))
	for _, k := range r.order {
		if k.until.After(now) {
			left = append(left, k)
		} else {
			r.forgetLocked(k)
		}
	}
	r.order = left
}
