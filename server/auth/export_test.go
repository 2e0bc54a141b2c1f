package auth

// NewVerifier is New over a transport that needs no network, so that times can be virtual.
var NewVerifier = newVerifier

var (
	CleanName = cleanName
	LikeGuest = imitatesGuest
	Freshness = freshness
	WaitFor   = waitFor
)

// Parse reports whether raw is taken apart, and gives its parts.
func Parse(raw string) (header map[string]string, payload, signature []byte, ok bool) {
	t, refusal := parse(raw)
	if refusal != nil {
		return nil, nil, nil, false
	}
	header = map[string]string{}
	for name, value := range t.header {
		header[name] = string(value)
	}
	return header, t.payload, t.signature, true
}

// Names returns how many names are somebody's.
func (v *Verifier) Names() int {
	v.profiles.mu.Lock()
	defer v.profiles.mu.Unlock()
	return max(len(v.profiles.names.held), len(v.profiles.names.holders))
}

// Remembered returns how many people and how many unknown kids are remembered.
func (v *Verifier) Remembered() (people, kids int) {
	v.profiles.mu.Lock()
	defer v.profiles.mu.Unlock()
	v.keys.mu.Lock()
	defer v.keys.mu.Unlock()
	return len(v.profiles.users), len(v.keys.unknown)
}
