package revocation

import (
	"strings"
	"time"
)

// isRevokedLocked reports whether k was revoked and the revocation has not expired.
func (r *Revocations) isRevokedLocked(k key) bool { return r.revoked[k].After(time.Now()) }

// noteLocked records, in memory and in the ledger, that a client has shown token in the sign-in signIn. The record
// expires at expiry. It records nothing if signIn is the key of the token itself (see Admit), or if token is recorded in
// maxSessions sign-ins already. Without the limit maxSessions, a client could name a new sign-in on each connection,
// until maxKnown is reached and the revocations of other users are forgotten.
func (r *Revocations) noteLocked(signIn, token key, expiry time.Time) {
	if signIn != token && r.signIns[token] < maxSessions && r.linkLocked(signIn, token, expiry) {
		r.ledger.KeepMinor(strings.Join([]string{factSaw, string(signIn), string(token)}, " "), expiry)
	}
}

// revokeLocked revokes k until expiry, and ends all connections that hold k. If k is a sign-in, it also revokes every
// token that was shown in k. If k is revoked already, it does nothing.
func (r *Revocations) revokeLocked(k key, expiry time.Time) {
	if r.isRevokedLocked(k) {
		return
	}
	r.revoked[k] = expiry
	r.rememberLocked(known{signIn: k, until: expiry})
	for h := range r.holders[k] {
		h.end()
	}
	for token := range r.tokens[k] {
		r.revokeLocked(token, expiry)
	}
}

// linkLocked records in memory that token belongs to signIn. It returns false if this was recorded already. If signIn is
// revoked, it revokes token too.
func (r *Revocations) linkLocked(signIn, token key, expiry time.Time) bool {
	if _, ok := r.tokens[signIn][token]; ok {
		return false
	}
	if r.tokens[signIn] == nil {
		r.tokens[signIn] = map[key]time.Time{}
	}
	r.tokens[signIn][token] = expiry
	r.signIns[token]++
	r.rememberLocked(known{signIn, token, expiry})
	if r.isRevokedLocked(signIn) { // another node may have revoked signIn just before this token was shown
		r.revokeLocked(token, r.revoked[signIn])
	}
	return true
}

// rememberLocked adds a fact to the field order, which says in which order facts are forgotten. If there are then more
// than maxKnown facts, it forgets the oldest one.
func (r *Revocations) rememberLocked(k known) {
	if r.order = append(r.order, k); len(r.order) > maxKnown {
		r.forgetLocked(r.order[0])
		r.order = r.order[1:]
	}
}

// forgetLocked removes a fact from the maps of r. The caller removes it from order.
func (r *Revocations) forgetLocked(k known) {
	if k.token == "" {
		if !r.revoked[k.signIn].After(k.until) { // a later time means that the key was revoked again
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

// tidy forgets all facts that have expired at the time now.
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
