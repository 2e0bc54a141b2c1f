package pkce

import (
	"strconv"
	"strings"
	"time"
)

// A fault says why signing in, or renewing, failed.
type fault struct {
	problem Problem // what the page shows the user; the zero Problem: nothing
	kind    kind
	code    string        // the provider's error code, if kind is denied
	wait    time.Duration // how long the provider asks Mayfly to wait; 0: it does not say
}

type kind int

const (
	down   kind = iota // no readable answer, or a busy provider: a later attempt may work
	denied             // the provider refused the request
	setup              // the configuration is wrong: only an administrator can fix it
	wrong              // the provider's answer cannot be trusted
)

// Each of these codes says which request of a sign-in or renewal has failed. The page shows the code to the user, and
// docs/signing-in.md explains the codes to operators. A code does not say whether the network or CORS was the reason,
// because the browser hides that from the page.
const (
	noConfig    = "no-config"    // Mayfly's server did not answer, so the provider is not known
	noDiscovery = "no-discovery" // the provider's discovery document cannot be read
	noTokens    = "no-tokens"    // the token endpoint gives no answer that can be read
	noKeys      = "no-keys"      // the provider's keys cannot be read
	busy        = "busy"         // the token endpoint answers with HTTP 429 (try again later) or an error of its own (5xx)
)

// noAnswer returns the fault for a request to which no readable answer came. code is one of the constants above, such as
// noTokens.
func noAnswer(code string) *fault { return &fault{problem: Problem{Unreachable, code}} }

func setupFault(detail string) *fault {
	return &fault{problem: because(Misconfigured, detail), kind: setup}
}

func wrongFault(detail string) *fault {
	return &fault{problem: because(Unverified, detail), kind: wrong}
}

// denial returns the fault for an error code of the provider. For login_required and similar codes the fault has no problem
// for the page to show, because nothing is wrong: the user only needs to sign in.
func denial(code, description string) *fault {
	f := &fault{kind: denied, code: code}
	detail := code + " " + description
	switch code {
	case "access_denied", "user_not_assigned":
		f.problem.Cause = Cancelled
		if lower := strings.ToLower(detail); strings.Contains(lower, "policy") || strings.Contains(lower, "assigned") {
			f.problem = because(NotAssigned, detail)
		}
	case "login_required", "interaction_required", "consent_required", "account_selection_required":
	case "invalid_grant":
		f.problem.Cause = TooSlow
	case "temporarily_unavailable", "server_error":
		f.problem, f.kind = because(Unreachable, detail), down
	default:
		f.problem = because(Misconfigured, detail)
	}
	return f
}

// Action is what the user can do about a problem: the page shows a button for it. The comment of each action says what the
// button does. Actions that do the same differ in the text of the button.
type Action int

// The actions.
const (
	NoAction       Action = iota // "Dismiss": the page hides the problem
	ActSignIn                    // "Sign in": the page calls SignIn.Begin
	ActSignInAgain               // "Sign in again": the page calls SignIn.Begin
	ActTryAgain                  // "Try again": the page calls SignIn.Begin
	ActSignOut                   // "Sign out": the page calls SignIn.SignOut
	ActReload                    // "Reload": the page reloads itself
	ActHelp                      // "Reload", below a sentence that explains how to allow storage
)

// Cause names what went wrong. Package words has the sentence for each.
type Cause int

// The causes.
const (
	NoCause       Cause = iota
	Cancelled           // the user cancelled the sign-in, or the provider refused it
	NotAssigned         // the provider's administrator has not given the user access to Mayfly
	Misconfigured       // the configuration is wrong: only an administrator can fix it
	ExpiredLink         // the provider's answer belongs to no sign-in that began here in the last hour
	TooSlow             // the user took longer to sign in than the provider allows
	Unverified          // the provider's answer cannot be trusted
	Unreachable         // no answer came that the page can read; Detail is a code such as noTokens, or the provider's words
	SignInEnded         // the provider, or another tab, has ended the sign-in
	WasSignedOut        // the server has ended the sign-in
	NotAllowed          // the server does not admit the user
	NoStorage           // the browser blocks storage
	EndsSoon            // the sign-in ends soon, and there is no refresh token to renew it with
	Looping             // this tab began too many sign-ins in a short time
	NewerRecord         // a newer version of Mayfly wrote the stored sign-in
	OnlyHere            // the user is signed out here, but perhaps not at the provider
	Foreign             // something else than Mayfly answers, such as a proxy that asks the user to sign in
	causes              // the number of causes
)

// actions holds the action for each cause that has one.
var actions = [causes]Action{
	Cancelled:    ActSignIn,
	ExpiredLink:  ActSignInAgain,
	TooSlow:      ActSignInAgain,
	Unverified:   ActSignInAgain,
	Unreachable:  ActTryAgain,
	SignInEnded:  ActSignInAgain,
	WasSignedOut: ActSignInAgain,
	NotAllowed:   ActSignOut,
	NoStorage:    ActHelp,
	EndsSoon:     ActSignInAgain,
	Looping:      ActTryAgain,
	NewerRecord:  ActReload,
	Foreign:      ActReload,
}

// Problem is what went wrong. The zero value means no problem.
type Problem struct {
	Cause  Cause
	Detail string // text for an administrator, perhaps in the provider's words; at most 200 characters of plain text
}

// Action returns what the user can do about the problem.
func (p Problem) Action() Action { return actions[p.Cause] }

// because returns a problem with the cause c. It makes detail safe to show: detail may contain words of the provider.
func because(c Cause, detail string) Problem { return Problem{c, displayText(detail, maxDetail)} }

const (
	maxDetail = 200 // the longest Problem.Detail, in characters
	maxName   = 64  // the longest name of a user, in characters
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
