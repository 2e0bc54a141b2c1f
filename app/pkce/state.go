package pkce

import "time"

// Status is the state of signing in.
type Status int

// The states.
const (
	Unknown   Status = iota // SignIn has not read the stored sign-in yet; the page that the server draws shows this state
	SignedOut               // nobody is signed in
	Restoring               // SignIn waits for the first access token; if SignInID is "", Callback is completing a sign-in
	SignedIn                // signed in, with a good access token
	Renewing                // signed in, with a good access token, and a renewal is running
	Offline                 // signed in, but with no good access token, because a renewal has failed; SignIn tries again
	Ended                   // the sign-in has ended, but the user did not sign out
	Failed                  // signing in failed: Problem says why
)

// State is everything that the page shows about signing in. It contains no pointers, so a copy of it never changes.
type State struct {
	Status   Status
	Off      bool   // the server has no provider, so that nobody can sign in
	NoGuests bool   // the server lets in only users who are signed in
	Name     string // the user's name, from the ID token; "" if nobody is signed in. Untrusted, without control characters
	SignInID string // the random id of this sign-in; another id means another sign-in, and the client must connect again
	Version  int    // grows with each new access token, which the client sends in an Auth frame
	Problem  Problem
	Skew     time.Duration // by how much the device's clock is fast (negative: slow); 0 if that is less than 5 minutes
	// ProviderSkew is by how much the provider's clock is fast (negative: slow); 0 if that is less than 5 minutes.
	ProviderSkew time.Duration
}
