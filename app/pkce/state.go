package pkce

import (
	"strconv"
	"strings"
	"time"
)

// Status is the state of signing in.
type Status int

// The states.
const (
	Unknown   Status = iota // SignIn has not read the stored sign-in yet; the server prerenders this state
	SignedOut               // nobody is signed in
	Restoring               // waiting for the first access token. If SignInID is "", Callback is completing a sign-in
	SignedIn                // signed in, with a good access token
	Renewing                // as SignedIn, and a renewal is running
	Offline                 // signed in, but without an access token: the provider can't be reached. SignIn tries again
	Ended                   // the sign-in has ended, but the user did not sign out
	Failed                  // signing in failed: Problem says why
)

// State is everything that the page shows about signing in. It is a value.
type State struct {
	Status   Status
	Off      bool   // the server has no provider, so that nobody can sign in
	Name     string // the user's name, from the ID token; "" if nobody is signed in. Untrusted, without control characters
	SignInID string // the random id of this sign-in. A change means another sign-in: connect again
	Version  int    // grows with each access token: send the new one in an Auth frame
	Problem  Problem
	Skew     time.Duration // by how much the device's clock is ahead; negative: behind; 0 if under 5 minutes
}

// Action is what the user can do about a problem. The comments name the method to call, or what the page does.
type Action int

// The actions.
const (
	NoAction       Action = iota
	ActSignIn             // Begin
	ActSignInAgain        // Begin
	ActTryAgain           // Begin
	ActSignOut            // SignOut
	ActReload             // reload the page
	ActHelp               // explain how to allow storage
)

// Problem is one sentence about what went wrong, and what the user can do about it. The zero value means no problem.
type Problem struct {
	Text   string
	Detail string // for an administrator, maybe the provider's words; at most 200 characters of plain text
	Action Action
}

// with returns a copy of p with a detail.
//
//go:noinline
func (p *Problem) with(detail string) *Problem {
	return &Problem{p.Text, displayText(detail, maxDetail), p.Action}
}

// The problems.
var (
	cancelled     = &Problem{Text: "Sign-in was cancelled.", Action: ActSignIn}
	notAssigned   = &Problem{Text: "Your organisation has not given you access to Mayfly."}
	misconfigured = &Problem{Text: "Mayfly is not set up correctly."}
	expiredLink   = &Problem{Text: "This sign-in link has expired.", Action: ActSignInAgain}
	tooSlow       = &Problem{Text: "Sign-in took too long.", Action: ActSignInAgain}
	unverified    = &Problem{Text: "Sign-in could not be verified, nothing was stored.", Action: ActSignInAgain}
	unreachable   = &Problem{Text: "Mayfly cannot reach the sign-in service.", Action: ActTryAgain}
	sessionEnded  = &Problem{Text: "You were signed out: your sign-in has ended.", Action: ActSignInAgain}
	wereSignedOut = &Problem{Text: "You were signed out.", Action: ActSignInAgain}
	notAllowed    = &Problem{Text: "You are signed in, but not allowed here.", Action: ActSignOut}
	noStorage     = &Problem{Text: "The browser blocks storage, and without it sign-in cannot work.", Action: ActHelp}
	endsSoon      = &Problem{Text: "Your sign-in ends soon.", Action: ActSignInAgain}
	looping       = &Problem{Text: "Sign-in goes round in circles: wait a minute, then try again.", Action: ActTryAgain}
	newerRecord   = &Problem{Text: "A newer Mayfly runs in another tab.", Action: ActReload}
	onlyHere      = &Problem{Text: "You are signed out here, but the sign-in service may still know you."}
)

// state returns the current state.
func (s *SignIn) state() State {
	now := s.moment()
	good := s.access.left(now) > 0
	state := State{Status: SignedOut, Version: s.version, Skew: s.skew}
	problem := s.problem
	if s.record != nil {
		state.Name, state.SignInID = s.name, s.record.signInID
	}
	switch looked := closed(s.restored); {
	case s.inCallback:
		state.Status = Restoring
	case !looked:
		state.Status = Unknown
	case s.record != nil:
		switch {
		case good && s.renewalBegun:
			state.Status = Renewing
		case good:
			state.Status = SignedIn
		case s.retry.Failures() > 0:
			state.Status = Offline
		default:
			state.Status = Restoring
		}
		if problem == nil && s.record.refresh == "" && good && s.access.left(now) <= warnBefore {
			problem = endsSoon
		}
	case s.ended:
		state.Status = Ended
	case problem != nil && problem != onlyHere:
		state.Status = Failed
	default:
		state.Off = s.issuer == ""
	}
	if problem != nil {
		state.Problem = *problem
	}
	return state
}

// Deny shows that the server accepts the token but does not admit the user. why is the server's sentence.
func (s *SignIn) Deny(why string) {
	s.hold()
	defer s.release()
	s.problem = notAllowed.with(why)
}

const (
	maxDetail = 200 // characters
	maxName   = 64
)

// displayText returns text in a form that is safe to show: one line of at most limit characters, without control, bidi and
// other invisible characters.
func displayText(text string, limit int) string {
	var b []rune
	for _, r := range text {
		if strconv.IsPrint(r) && r != '\uFFFD' && len(b) < limit {
			b = append(b, r)
		}
	}
	return strings.TrimSpace(string(b))
}
