package auth

// NewVerifier does what New does, with a transport that needs no network, so that a test can use virtual time.
var NewVerifier = newVerifier

var (
	Freshness = freshness
)

// Parse returns the parts of the token raw. ok is false if parse refuses raw.
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

// Kids returns how many unknown kids are remembered.
func (v *Verifier) Kids() int {
	v.keys.mu.Lock()
	defer v.keys.mu.Unlock()
	return len(v.keys.unknown)
}
