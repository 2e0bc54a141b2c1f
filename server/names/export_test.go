package names

var (
	LikeGuest = imitatesGuest
	WaitFor   = waitFor
)

// Remembered returns how many users and how many names are in memory.
func (p *Profiles) Remembered() (users, names int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.users), max(len(p.taken.held), len(p.taken.holders))
}
