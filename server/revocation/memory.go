package revocation

import (
	"strings"
	"time"
)

// isRevokedLocked reports whether the sign-in or token with the key k is revoked at this moment.
func (r *Revocations) isRevokedLocked(k key) bool { return r.revoked[k].After(time.Now()) }

// noteLocked records, in memory and in the ledger, that a client has shown token in the sign-in signIn. The record
// expires at expiry. noteLocked does nothing if signIn and token are the same key: then the client has named no sign-in
// (see Admit). It also does nothing if token is recorded in maxSessions sign-ins already. Without that limit, a client
// could name a new sign-in on each connection until memory has maxKnown facts, and then the revocations of other users
// would be forgotten.
func (r *Revocations) noteLocked(signIn, token key, expiry time.Time) {
	if signIn != token && r.signIns[token] < maxSessions && r.linkLocked(signIn, token, expiry) {
		r.ledger.KeepMinor(strings.Join([]string{factSaw, string(signIn), string(token)}, " "), expiry)
	}
}

// revokeLocked revokes the sign-in or token with the key k until expiry, and ends all connections that have shown it. If k
// is a sign-in, it also revokes every token that was shown in that sign-in. If k is revoked already, it does nothing.
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

// linkLocked records in memory that the token with the key token was shown in the sign-in with the key signIn. If signIn
// is revoked, it also revokes token. It returns true if the record is new, and false if memory has it already.
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

// rememberLocked adds the fact k at the end of r.order, where the oldest fact is first. If r.order then has more than
// maxKnown facts, it forgets the oldest fact.
func (r *Revocations) rememberLocked(k known) {
	if r.order = append(r.order, k); len(r.order) > maxKnown {
		r.forgetLocked(r.order[0])
		r.order = r.order[1:]
	}
}

// forgetLocked removes the fact k from all maps of r. It does not remove k from r.order: the caller does that.
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
