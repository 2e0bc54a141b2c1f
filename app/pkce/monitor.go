package pkce

import (
	"sync"
	"time"

	"mayfly/shared/clock"
)

// monitor is the state of a SignIn and the lock that guards it. Its methods hold the lock all the time except within
// outside. After a call of outside the state may have changed; generation tells whether the sign-in is still the same.
type monitor struct {
	// static
	now      clock.Clock
	wake     chan struct{} // capacity 1: Run has something to do
	restored chan struct{} // closed once the provider is known and the record was read
	records  *records
	tabs     *tabs

	mu         sync.Mutex // guards what follows
	generation int        // grows when the sign-in ends or another replaces it: then work that began before is void
	current
	tokens     tokens
	renewal    renewal
	skew       time.Duration
	inCallback bool // Callback is checking the provider's answer
	leaving    bool // Begin is under way
	outcome    outcome
}

// current is the sign-in of this page.
type current struct {
	record   *record // nil: nobody is signed in
	raw      string  // the record in its stored form; "" if it is not stored
	name     string  // the user's name, from the ID token
	formerID string  // SignInID of the sign-in before
}

// outcome says how the last sign-in ended, or what is wrong with this one.
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

// release gives the lock back and wakes Run, which publishes the changes.
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

// outside calls f without the lock. It is the only way by which a method waits for the network, the vault or another tab.
// Run publishes meanwhile what has changed before.
func (m *monitor) outside(f func()) {
	m.release()
	f()
	m.hold()
}

// syncLocked adopts the stored record if another tab has changed it: a new refresh token, another sign-in, or no sign-in.
func (m *monitor) syncLocked() {
	for range 3 { // if it changes faster than that, Run calls again soon
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
			m.records.delete() // it would be useless the next time, too
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

// setRecordLocked makes r the current sign-in. raw is its stored form.
func (m *monitor) setRecordLocked(r *record, raw string) {
	m.record, m.raw = r, raw
	if r != nil {
		m.name = nameIn(r.id)
	}
}

// storeLocked replaces the stored record raw with r and uses a as the access token. It is a compare-and-swap: if the
// generation or the stored record has changed, because the user has signed out or in meanwhile, it does nothing and returns
// false.
func (m *monitor) storeLocked(generation int, raw string, r *record, a *access) bool {
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
	m.useLocked(a)
	m.sendTokenLocked()
	return true
}

// useLocked uses a as the access token from now on. The outcome of the one before no longer counts.
func (m *monitor) useLocked(a *access) {
	m.tokens.use(a)
	m.outcome = outcome{}
}

// forgetLocked removes the sign-in from memory. generation grows, so that work that began before is void.
func (m *monitor) forgetLocked() {
	m.generation++
	if m.record != nil {
		m.formerID = m.record.signInID
	}
	m.record, m.raw = nil, ""
	m.tokens.forget()
}

// dropLocked removes the sign-in from memory, and the stored record unless another tab has changed that.
func (m *monitor) dropLocked() {
	if raw, err := m.records.load(); err == nil && raw == m.raw {
		m.records.delete() // a storage that can't delete can't be read either
	}
	m.forgetLocked()
}

// endLocked ends the sign-in in all tabs and shows why. It does nothing if generation is not the current one.
func (m *monitor) endLocked(generation int, why Problem) {
	if m.generation != generation || m.record == nil {
		return
	}
	m.dropLocked()
	m.outcome = outcome{true, why}
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

// dueLocked returns the time until another access token is needed. Without a refresh token only a new sign-in in another tab
// can give one, so there is no margin.
func (m *monitor) dueLocked(now clock.Moment) time.Duration {
	a := m.tokens.access
	if a == nil || m.record != nil && m.record.refresh == "" {
		return a.left(now)
	}
	return a.left(now) - a.margin
}

// leftLocked returns for how many milliseconds the access token is still good.
func (m *monitor) leftLocked() int64 { return max(0, m.tokens.access.left(m.now()).Milliseconds()) }

// snapshotLocked returns the state as the page shows it. off says that the server has no provider.
func (m *monitor) snapshotLocked(off bool) *State {
	now := m.now()
	left := m.tokens.access.left(now)
	state := &State{Status: SignedOut, Version: m.tokens.version, Skew: m.skew, Problem: m.outcome.problem}
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
		state.Off = off
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
