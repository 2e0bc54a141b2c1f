package pkce

import (
	"sync"
	"time"

	"mayfly/shared/clock"
)

// monitor has the state of a SignIn, and the lock mu that guards it. Call methods whose names end in Locked with the lock
// held. Such a method may release the lock for a while, by the method outside, so the state may have changed when it
// returns. Compare generation with its value before the call, to see whether the sign-in is still the same.
type monitor struct {
	// static: never changed after newMonitor
	now      clock.Clock
	wake     chan struct{} // capacity 1; a value in it makes Run do its next turn
	restored chan struct{} // closed when the provider is known and the stored record was read
	records  *records
	tabs     *tabs

	mu         sync.Mutex // guards what follows
	generation int        // grows when the sign-in ends or is replaced; a result of work for an older generation is dropped
	current
	tokens     tokens
	renewal    renewal
	skew       time.Duration // by how much the device's clock is ahead of the provider's
	inCallback bool          // Callback is checking the provider's answer
	leaving    bool          // Begin is running
	gone       bool          // SignOut has sent the browser to the provider's page, to sign out there
	outcome    outcome
}

// current is the sign-in of this page.
type current struct {
	record   *record // nil: nobody is signed in
	raw      string  // the record in its stored form; "" if it is not stored
	name     string  // the user's name, from the ID token
	formerID string  // the signInID of the previous sign-in
}

// outcome is what the page shows about the last sign-in: whether it has ended, and what went wrong with it.
type outcome struct {
	ended   bool // the sign-in has ended, but not because the user signed out
	problem Problem
}

func newMonitor(rs *records, now clock.Clock) *monitor {
	return &monitor{
		now: now, records: rs, tabs: &tabs{}, wake: make(chan struct{}, 1), restored: make(chan struct{}),
		tokens: tokens{changed: make(chan struct{}), retry: newRetry()},
	}
}

// hold takes the lock.
func (m *monitor) hold() { m.mu.Lock() }

// release releases the lock and wakes Run, which publishes the changes.
func (m *monitor) release() {
	m.mu.Unlock()
	m.wakeRun()
}

// wakeRun makes Run do its next turn now. It does not block.
func (m *monitor) wakeRun() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// outside releases the lock, calls f and takes the lock again. A caller passes as f any code that waits for the network, the
// vault or another tab, so that nobody holds the lock during the wait. The release also wakes SignIn.Run, which tells the
// subscribers about the changes made so far.
func (m *monitor) outside(f func()) {
	m.release()
	f()
	m.hold()
}

// syncLocked makes this tab use the stored record, which other tabs may have changed. A changed record may have a new
// refresh token, or belong to another sign-in. If the stored record was deleted, nobody is signed in from now on.
func (m *monitor) syncLocked() {
	for range 3 { // again if another tab changes the record meanwhile; after three attempts, Run's next turn tries again
		raw, err := m.records.load()
		if err != nil || raw == m.raw {
			return
		}
		var r *record
		var how reading
		m.outside(func() { r, how = m.records.open(raw) })
		if now, err := m.records.load(); how == unreadable || err != nil {
			return
		} else if now != raw {
			continue
		}
		if how == useless && raw != "" {
			m.records.delete() // delete a useless record: no later attempt could read it either
			raw = ""
		}
		if r == nil || m.record == nil || r.signInID != m.record.signInID {
			m.forgetLocked()
			m.outcome = outcome{}
		}
		if how == newer {
			m.outcome.problem = Problem{Cause: NewerRecord}
		}
		m.setRecordLocked(r, raw)
		return
	}
}

// setRecordLocked makes r the record of the current sign-in; nil: nobody is signed in. raw is the stored form of r.
func (m *monitor) setRecordLocked(r *record, raw string) {
	m.record, m.raw = r, raw
	if r != nil {
		m.name, m.gone = nameIn(r.id), false
	}
}

// storeLocked is a compare-and-swap. raw and generation are the stored record and m.generation when the caller read the
// state. If both are still the same, storeLocked stores the record r, uses token as the access token from now on, sends
// token to the other tabs, and returns true. If raw or generation has changed, for example because the user has signed out,
// storeLocked changes nothing and returns false.
func (m *monitor) storeLocked(generation int, raw string, r *record, token *access) bool {
	var sealed string
	m.outside(func() { sealed = m.records.seal(r) })
	if stored, err := m.records.load(); m.generation != generation || err == nil && stored != raw {
		return false
	}
	sealed = m.records.save(sealed)
	if m.record == nil || r.signInID != m.record.signInID {
		m.forgetLocked()
	}
	m.setRecordLocked(r, sealed)
	m.useLocked(token)
	m.sendTokenLocked()
	return true
}

// useLocked uses token as the access token from now on. It clears the outcome: an earlier problem no longer counts.
func (m *monitor) useLocked(token *access) {
	m.tokens.use(token)
	m.outcome = outcome{}
}

// forgetLocked removes the sign-in from memory. It increases generation, so that work that began before cannot store its
// result.
func (m *monitor) forgetLocked() {
	m.generation++
	if m.record != nil {
		m.formerID = m.record.signInID
	}
	m.record, m.raw = nil, ""
	m.tokens.forget()
}

// dropLocked removes the sign-in from memory. It also deletes the stored record, unless another tab has changed that
// record.
func (m *monitor) dropLocked() {
	if raw, err := m.records.load(); err == nil && raw == m.raw {
		m.records.delete() // an error is ignored: if the storage can't delete the record, it can't load it either
	}
	m.forgetLocked()
}

// endLocked ends the sign-in in all tabs, and sets problem, which the page shows. generation is m.generation at the time
// when the caller found the problem. If the sign-in was replaced since then, endLocked does nothing.
func (m *monitor) endLocked(generation int, problem Problem) {
	if m.generation != generation || m.record == nil {
		return
	}
	m.dropLocked()
	m.outcome = outcome{true, problem}
	m.tabs.send("kind", "end", "session", m.formerID)
}

// sendTokenLocked sends this tab's access token to the other tabs.
func (m *monitor) sendTokenLocked() {
	raw := ""
	if m.records.mode == Tab {
		raw = m.raw
	}
	a := m.tokens.access
	m.tabs.send("kind", "token", "session", m.record.signInID, "left", itoa(m.leftLocked()),
		"life", itoa(a.life.Milliseconds()), "access", a.text, "sent", itoa(m.now().Wall.UnixMilli()), "record", raw)
}

// dueLocked returns the time until the access token must be renewed; 0 or less means now. The token must be renewed when
// only its margin is left (access.margin). But without a refresh token no renewal is possible: then dueLocked returns the
// time until the access token ends.
func (m *monitor) dueLocked(now clock.Moment) time.Duration {
	a := m.tokens.access
	if a == nil || m.record != nil && m.record.refresh == "" {
		return a.left(now)
	}
	return a.left(now) - a.margin
}

// leftLocked returns for how many milliseconds the access token is still good.
func (m *monitor) leftLocked() int64 { return max(0, m.tokens.access.left(m.now()).Milliseconds()) }

// snapshotLocked returns the state of signing in, for the subscribers. reg is the registration; its issuer is "" if the
// server has no provider.
func (m *monitor) snapshotLocked(reg *registration) *State {
	now := m.now()
	left := m.tokens.access.left(now)
	state := &State{Status: SignedOut, Version: m.tokens.version, Problem: m.outcome.problem}
	state.NoGuests = reg.noGuests
	state.Skew, state.ProviderSkew = whoseSkew(m.skew, reg)
	if m.record != nil {
		state.Name, state.SignInID = m.name, m.record.signInID
	}
	switch looked := closed(m.restored); {
	case m.inCallback:
		state.Status = Restoring
	case !looked:
		state.Status = Unknown
	case m.record != nil:
		state.Status = m.statusLocked(left > 0)
		if state.Problem.Cause == NoCause && m.record.refresh == "" && left > 0 && left <= warnBefore {
			state.Problem.Cause = EndsSoon
		}
	case m.outcome.ended:
		state.Status = Ended
	case state.Problem.Cause != NoCause && state.Problem.Cause != OnlyHere:
		state.Status = Failed
	default:
		state.Off = reg.issuer == ""
	}
	return state
}

// statusLocked returns the status of a user who is signed in. good says whether the access token can still be used.
func (m *monitor) statusLocked(good bool) Status {
	switch {
	case good && m.renewal.begun:
		return Renewing
	case good:
		return SignedIn
	case m.tokens.retry.Failures() > 0:
		return Offline
	}
	return Restoring
}
