package revocation

const (
	MaxKnown    = maxKnown
	MaxSessions = maxSessions
)

// Known returns how many facts are in memory.
func (r *Revocations) Known() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := len(r.revoked)
	for _, tokens := range r.tokens {
		n += len(tokens)
	}
	return max(n, len(r.order), len(r.signIns))
}

// Holders returns how many connections hold keys, and how many keys are held.
func (r *Revocations) Holders() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return max(len(r.holders), len(r.holdings))
}
