package pkce

import (
	"time"

	"mayfly/app/browser"
)

// renewer gets new access tokens. It asks the other tabs first. If no other tab has a newer access token, it takes the lock
// that all tabs share (Browser.Lock), and asks the provider. Its fields are static.
type renewer struct {
	state    *monitor
	provider *provider
	b        *Browser
}

// scheduleLocked returns how long Run may wait before its next turn. begin is true if a renewal is due or was asked for, and
// none is running: then Run must call renew now.
func (r *renewer) scheduleLocked() (wait time.Duration, begin bool) {
	m := r.state
	if m.record == nil && m.renewal.done == nil {
		return tick, false
	}
	now := m.now()
	due := m.dueLocked(now)
	if m.record != nil && m.record.refresh == "" && due > warnBefore {
		wait = due - warnBefore
	}
	if due = max(due, m.tokens.retry.Due(now)); due <= 0 {
		m.renewal.want()
	}
	if m.renewal.done != nil {
		begin, m.renewal.begun = !m.renewal.begun, true
		return tick, begin
	}
	if wait == 0 {
		wait = due
	}
	return min(wait, tick), false
}

// awaitLocked runs before Token returns an access token. If a renewal is due, awaitLocked asks Run for it, and waits
// until the renewal has ended or stop is closed. refusedToken is an access token that the server refused, or "": a refused
// token is replaced at once, even during the wait after a failed renewal.
func (r *renewer) awaitLocked(stop <-chan struct{}, refusedToken string) {
	m := r.state
	if refusedToken != "" {
		m.tokens.refuse(refusedToken)
	}
	now := m.now()
	if m.record != nil && m.dueLocked(now) <= 0 && (refusedToken != "" || m.tokens.retry.Due(now) <= 0) {
		m.renewal.want()
	}
	if done := m.renewal.done; done != nil && m.dueLocked(now) <= 0 {
		m.outside(func() {
			select {
			case <-done:
			case <-stop:
			}
		})
	}
}

// renew makes one attempt to get a new access token.
func (r *renewer) renew() {
	m := r.state
	m.hold()
	defer m.release()
	generation := m.generation
	f := r.obtainLocked()
	if f != nil && m.generation == generation {
		m.tokens.retry.Failed(min(f.wait, maxRetryAfter), m.now())
		if f.kind != down { // trying again does not help, so the page shows the fault; the user stays signed in
			m.outcome.problem = because(Misconfigured, f.problem.Detail)
		}
	}
	m.renewal.finish()
}

// obtainLocked does the work of renew: it asks the other tabs for a newer access token and, if none has one, the provider.
func (r *renewer) obtainLocked() *fault {
	m := r.state
	r.askTabsLocked()
	if m.dueLocked(m.now()) > 0 {
		return nil
	}
	var unlock func()
	var err error
	m.outside(func() {
		// Read the metadata before taking the lock, so that no other tab waits for this request. If the request fails,
		// refreshLocked makes it again, and reports the fault.
		_, _ = r.provider.discover(fetchTimeout)
		unlock, err = r.b.Lock(browser.RenewLock, lockTimeout)
	})
	if err != nil {
		return noAnswer(noTokens)
	}
	defer unlock()
	// The loop repeats only in a browser without Web Locks, in which the lock locks nothing: another tab may then change the
	// record during refreshLocked.
	for range 3 {
		before := m.raw
		m.syncLocked()
		if m.raw != before || m.records.mode == Tab { // another tab may have renewed the access token
			r.askTabsLocked()
		}
		if m.record == nil || m.dueLocked(m.now()) > 0 {
			return nil
		}
		if m.record.refresh == "" {
			m.endLocked(m.generation, Problem{Cause: SignInEnded})
			return nil
		}
		if f, again := r.refreshLocked(); !again {
			return f
		}
	}
	return noAnswer(noTokens)
}

// askTabsLocked asks the other tabs for an access token that ends later than this tab's access token. It waits askTimeout at
// most. listenLocked handles the answer.
func (r *renewer) askTabsLocked() {
	m := r.state
	if m.record == nil {
		return
	}
	m.tabs.send("kind", "ask", "session", m.record.signInID, "left", itoa(m.leftLocked()))
	changed := m.tokens.changed
	m.outside(func() { wait(changed, askTimeout) })
}

// refreshLocked sends the refresh token to the provider and stores the new tokens. If that fails, it returns a fault or ends
// the sign-in. If another tab has changed the record meanwhile, retry is true, and the caller must call refreshLocked again,
// with the changed record.
func (r *renewer) refreshLocked() (f *fault, retry bool) {
	m := r.state
	generation, was, raw := m.generation, m.record, m.raw
	var d *metadata
	var a *reply
	var wrongID *fault
	m.outside(func() {
		if d, f = r.provider.discover(fetchTimeout); f == nil {
			a, wrongID, f = r.redeem(d, was)
		}
	})
	if f != nil {
		if f.kind != denied || f.problem.Cause != NoCause && f.problem.Cause != TooSlow {
			return f, false
		}
		if stored, err := m.records.load(); err == nil && stored != raw {
			return nil, true
		}
		m.endLocked(generation, Problem{Cause: SignInEnded})
		return nil, false
	}
	next := &record{was.refresh, was.id, was.subject, was.signInID, a.scope, itoa(a.access.at.Wall.UnixMilli())}
	if a.refresh != "" {
		next.refresh = a.refresh
	}
	if a.claims != nil {
		next.id, m.skew = a.id, a.skew
	}
	// A wrong ID token ends the sign-in. If the new ID token could not be checked, because the provider's keys can't be read
	// now, the sign-in goes on, and its record has the old ID token.
	if wrongID != nil && wrongID.kind == wrong {
		m.endLocked(generation, wrongID.problem)
	}
	if m.storeLocked(generation, raw, next, a.access) {
		return nil, false
	}
	m.syncLocked()
	if a.refresh != "" && d.revoke != "" && (m.record == nil || m.record.signInID != was.signInID) {
		// The sign-in has ended meanwhile: revoke the new refresh token, because no tab needs it. While the sign-in goes on,
		// do not revoke it, because another tab may use it.
		m.outside(func() { r.provider.revoke(d, a.refresh) })
	}
	return nil, m.record != nil
}

// redeem exchanges the refresh token in the record previous for new tokens. If the provider also sends a new ID token,
// redeem checks it, and compares it with the ID token in previous. wrongID says why the new ID token is wrong or cannot be
// checked now, or that there is no new ID token although the server wants ID tokens. redeem blocks.
func (r *renewer) redeem(d *metadata, previous *record) (answer *reply, wrongID, f *fault) {
	answer, f = r.provider.requestToken(d, "grant_type", "refresh_token", "refresh_token", previous.refresh)
	switch {
	case f != nil:
		return nil, nil, f
	case answer.id != "":
		_, old, _ := split(previous.id)
		wrongID = r.provider.verifyIDToken(d, answer, old.text("nonce"), old)
		r.provider.chooseToken(answer) // even if this client can't check the ID token now: the server checks it, too
	case r.provider.registered().sendsID:
		wrongID = wrongFault("The provider gives no ID token when the sign-in is renewed.")
	}
	return answer, wrongID, nil
}
