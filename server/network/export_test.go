package network

// The limits of Waiting.
const (
	MaxWaiting = maxWaiting
	SlowAfter  = slowAfter
)
