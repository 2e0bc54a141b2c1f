package pkce

import (
	"strconv"
	"strings"
	"time"
)

// A fault says why signing in, or renewing, failed.
type fault struct {
	problem *Problem // what the user sees; nil: nothing
	kind    kind
	code    string        // the provider's error code, if kind is denied
	wait    time.Duration // how long the provider asks to wait, 0 if it does not say
}

type kind int

const (
	down   kind = iota // no readable answer, or a busy provider: a later attempt may work
	denied             // the provider refused
	setup              // only an administrator can fix it
	wrong              // the answer cannot be trusted
)

var noAnswer = &fault{problem: unreachable}

func setupFault(detail string) *fault {
	return &fault{problem: misconfigured.with(detail), kind: setup}
}

func wrongFault(detail string) *fault { return &fault{problem: unverified.with(detail), kind: wrong} }

// denial returns the fault for an error code of the provider. For login_required and similar codes the fault has no problem:
// the user only needs to sign in.
func denial(code, description string) *fault {
	f := &fault{kind: denied, code: code}
	detail := code + " " + description
	switch code {
	case "access_denied", "user_not_assigned":
		f.problem = cancelled
		if lower := strings.ToLower(detail); strings.Contains(lower, "policy") || strings.Contains(lower, "assigned") {
			f.problem = notAssigned.with(detail)
		}
	case "login_required", "interaction_required", "consent_required", "account_selection_required":
	case "invalid_grant":
		f.problem = tooSlow
	case "temporarily_unavailable", "server_error":
		f.problem, f.kind = unreachable.with(detail), down
	default:
		f.problem = misconfigured.with(detail)
	}
	return f
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
