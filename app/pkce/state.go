package pkce

import (
	"strconv"
	"strings"
	"time"
)

// Status is how signing in stands.
type Status int

// The states.
const (
	Unknown   Status = iota // not looked yet; what the server prerenders
	SignedOut               // nobody is signed in
	Restoring               // somebody is, or, if Session is "", is about to be: the first access token is on its way
	SignedIn                // with a good access token
	Renewing                // the same, and the next one is on its way
	Offline                 // signed in, without an access token, and the provider can't be reached; it goes on by itself
	Ended                   // it ended, and the person did not want it to
	Failed                  // signing in failed: Problem says why
)

// State is all that there is to draw of signing in. It is a value.
type State struct {
	Status  Status
	Off     bool   // the server has no provider: nobody can sign in
	Name    string // the person's, from the ID token, while somebody is signed in. Hostile text, without control characters
	Session string // the random id of this sign-in. When it changes, it is another sign-in: connect anew
	Version int    // grows with each access token: send the new one in an auth frame
	Problem Problem
	Skew    time.Duration // how far the device's clock is ahead (or behind, negative), 0 if under 5 minutes
}

// Action is what a person can do about a problem.
type Action int

// The actions.
const (
	NoAction       Action = iota
	ActSignIn             // Begin
	ActSignInAgain        // Begin
	ActTryAgain           // Begin
	ActSignOut            // SignOut
	ActReload             // the page
	ActHelp               // say how to allow storage
)

// Problem is one sentence about what went wrong, and what to do about it. The zero value is none.
type Problem struct {
	Text   string
	Detail string // for an administrator, perhaps in the provider's words; plain text of at most 200 characters
	Action Action
}

// with returns p with a detail.
//
//go:noinline
func (p *Problem) with(detail string) *Problem {
	return &Problem{p.Text, plain(detail, maxDetail), p.Action}
}

// What can go wrong.
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

// state returns what there is to draw now.
func (s *SignIn) state() State {
	now := s.moment()
	good := s.access.left(now) > 0
	state := State{Status: SignedOut, Version: s.version, Skew: s.skew}
	problem := s.problem
	if s.record != nil {
		state.Name, state.Session = s.name, s.record.session
	}
	switch looked := closed(s.looked); {
	case s.entering:
		state.Status = Restoring
	case !looked:
		state.Status = Unknown
	case s.record != nil:
		switch {
		case good && s.begun:
			state.Status = Renewing
		case good:
			state.Status = SignedIn
		case s.retry.failures > 0:
			state.Status = Offline
		default:
			state.Status = Restoring
		}
		if problem == nil && s.record.refresh == "" && good && s.access.left(now) <= lastCall {
			problem = endsSoon
		}
	case s.over:
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

// Deny shows that the server takes the token but not the person. why is the server's sentence.
func (s *SignIn) Deny(why string) {
	s.hold()
	defer s.release()
	s.problem = notAllowed.with(why)
}

const (
	maxDetail = 200 // characters
	maxName   = 64
)

// plain returns text as it may be shown: in one line, without control, bidi and other invisible characters, cut at limit.
func plain(text string, limit int) string {
	var b []rune
	for _, r := range text {
		if strconv.IsPrint(r) && r != '\uFFFD' && len(b) < limit {
			b = append(b, r)
		}
	}
	return strings.TrimSpace(string(b))
}
