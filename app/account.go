package app

import (
	"strings"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/browser"
	"mayfly/app/client"
	"mayfly/app/client/room"
	"mayfly/app/dom"
	"mayfly/app/pkce"
	"mayfly/app/words"
)

const (
	accountID = "account"
	problemID = "trouble"
)

// An account shows the user's name, and signs the user in and out. To sign in, it stores the drafts and leaves the
// page. To sign out, it deletes the drafts; if messages are not sent yet, it asks the user first.
type account struct {
	*model
	blocker problem // why the account did not sign the user in or out; its text is "" if there is no reason
}

// An action is what a button of the account does.
type action int

const (
	doNothing action = iota
	doSignIn
	doSignInAnyway // also if the browser says that there is no network
	doSignOut
	doSignOutAnyway // sign out although the unsent messages are lost
	doReload
	doDismiss
)

// accountLine is the header's text about the user, which is a name with words before and after it, and the button
// beside it.
type accountLine struct {
	before, name, after string
	button              string
	does                action
}

// line returns the accountLine for the state of the sign-in and the view. While the status of the sign-in is
// pkce.Unknown, the line has no button.
func line(a *pkce.State, v *client.View) (l accountLine) {
	me := v.Me
	switch {
	case a.SignInID != "":
		as := words.SignedInAs
		if a.Status == pkce.Offline || v.Status == client.Offline {
			as = words.OfflineSignedInAs
		}
		l = accountLine{name: a.Name, button: words.Of(words.SignOut), does: doSignOut}
		l.before, l.after = words.Around(as)
		if me.ID != "" && !me.Anonymous { // the server changes names that look like another user's
			l.name = me.Name
		}
	case a.Status == pkce.Restoring:
		l.before = words.Of(words.SigningIn)
	default:
		if a.Status != pkce.Unknown && !a.Off {
			l = accountLine{before: words.Of(words.NotSignedIn), button: words.Of(words.SignIn), does: doSignIn}
		}
		if me.Anonymous {
			l.name = room.Called(me)
			l.before, l.after = words.Around(words.GuestCalled)
		}
	}
	if does, _ := actionOf(a.Problem.Action()); does == l.does { // renderProblem draws a button for the same action
		l.button = ""
	}
	return l
}

// actionOf returns the action of the button beside a problem, and the button's text. asked is the Action that the problem
// asks of the user.
func actionOf(asked pkce.Action) (effect action, name string) {
	switch asked {
	case pkce.ActSignIn:
		return doSignIn, words.Of(words.SignIn)
	case pkce.ActSignInAgain:
		return doSignIn, words.Of(words.SignInAgain)
	case pkce.ActTryAgain:
		return doSignIn, words.Of(words.TryAgain)
	case pkce.ActSignOut:
		return doSignOut, words.Of(words.SignOut)
	case pkce.ActReload, pkce.ActHelp:
		return doReload, words.Of(words.Reload)
	default:
		return doDismiss, words.Of(words.Dismiss)
	}
}

// renderName draws the header's text about the user: the name that other users see, or the name of the sign-in.
func (a *account) renderName() goapp.UI {
	l := line(&a.signIn, &a.view)
	return elem("p", "who", goapp.Text(l.before), textElem("bdi", "who-name", l.name), goapp.Text(l.after))
}

// renderButton draws the button that signs the user in or out. It returns nil if the accountLine has no button.
func (a *account) renderButton() goapp.UI {
	l := line(&a.signIn, &a.view)
	if l.button == "" {
		return nil
	}
	if a.leaving && l.does == doSignIn {
		l.button = words.Of(words.SigningIn)
	}
	b := textElem("button", "button account", l.button)
	attributes(b, "id", accountID, "type", "button")
	return on(b, "click", a.onButton)
}

// onButton runs when the user presses the account's button in the header.
func (a *account) onButton(ctx goapp.Context, _ goapp.Event) {
	a.do(ctx, line(&a.signIn, &a.view).does)
}

// A problem is a sentence about something that went wrong or that is not possible now, and a button for the one thing
// that the user can do about it.
type problem struct {
	text, detail string
	button       string
	does         action
}

// unsentProblem returns the problem to show if signing out would lose n messages.
func unsentProblem(n int) problem {
	text := words.Count(words.MessagesWouldBeLost, n)
	return problem{text: text, button: words.Of(words.SignOutAnyway), does: doSignOutAnyway}
}

// problem returns the problem to show below the header. If its text is "", there is none.
func (a *account) problem() problem {
	if a.blocker.text != "" {
		return a.blocker
	}
	p := &a.signIn.Problem
	shown := problem{text: words.SignInProblem(p.Cause), detail: p.Detail}
	shown.does, shown.button = actionOf(p.Action())
	switch {
	case p.Action() == pkce.ActHelp:
		shown.detail = words.Of(words.AllowStorage)
	case p.Cause == pkce.Unreachable && p.Detail != "":
		shown.detail = words.With(words.TellOperator, p.Detail)
	}
	return shown
}

// renderProblem draws the problem; it returns nil if there is none. The problem's detail may be the sign-in provider's
// text, so renderProblem draws it as plain text.
func (a *account) renderProblem() goapp.UI {
	p := a.problem()
	if p.text == "" {
		return nil
	}
	text := elem("div", "", textElem("p", "", p.text), textElem("p", "trouble-detail", p.detail)).Attr("role", "alert")
	b := textElem("button", "notice-dismiss", p.button)
	attributes(b, "id", problemID, "type", "button")
	section := elem("section", "notice", text, on(b, "click", a.onProblemButton))
	return section.Attr("aria-label", words.Of(words.SignInRegion))
}

// onProblemButton runs when the user presses the button of the problem.
func (a *account) onProblemButton(ctx goapp.Context, _ goapp.Event) { a.do(ctx, a.problem().does) }

// do runs the action of a button.
func (a *account) do(ctx goapp.Context, what action) {
	a.blocker = problem{}
	switch what {
	case doReload:
		a.reload()
	case doDismiss:
		a.signIn.Problem = pkce.Problem{}
		focusComposer()
	case doSignIn:
		// The browser may be wrong about the network. So its answer does not count while the chat is connected, and the user
		// can try anyway.
		if a.view.Status == client.Offline && !goapp.Window().Get("navigator").Get("onLine").Bool() {
			again := words.Of(words.TryAgain)
			a.blocker = problem{text: words.Of(words.SignInNeedsNetwork), button: again, does: doSignInAnyway}
			return
		}
		a.goToProvider(ctx)
	case doSignInAnyway:
		a.goToProvider(ctx)
	case doSignOut:
		if n := a.view.Unsent; n > 0 {
			a.blocker = unsentProblem(n)
			deferred(ctx, func(goapp.Context) { dom.Focus(problemID) })
			return
		}
		a.signOut()
	case doSignOutAnyway:
		a.signOut()
	}
}

func (a *account) signOut() {
	focusComposer() // the focus must not be lost: the button disappears
	returnTo := here()
	spawn(func() { a.auth.SignOut(returnTo) })
}

// goToProvider stores the drafts, and then leaves the page for the sign-in provider.
func (a *account) goToProvider(ctx goapp.Context) {
	a.leaving = true
	returnTo := here()
	a.flushThen(func() {
		spawn(func() {
			if !a.auth.Begin(returnTo) {
				dispatch(ctx, a.onPageRestored)
			}
		})
	})
}

// here returns the path of the page with its query, to which the user comes back from the provider.
func here() string { return strings.TrimPrefix(browser.Address(), browser.Origin()) }

// onPageRestored notes that the browser is not leaving the page any more. It runs when going to the provider has failed, and
// each time the browser shows the page, also when the user comes back from the provider by the Back button.
func (a *account) onPageRestored(goapp.Context) { a.leaving = false }

// afterView runs when a new view is shown. previous is the view that was shown before it. If the reason for the blocker
// is gone, afterView removes the blocker and returns true.
func (a *account) afterView(previous *client.View) bool {
	unsent := a.blocker.does == doSignOutAnyway
	sent := unsent && a.view.Unsent == 0
	back := !unsent && a.view.Status == client.Online && previous.Status != client.Online
	if a.blocker.text == "" || !sent && !back {
		return false
	}
	a.blocker = problem{}
	yieldFocus(accountID, problemID)
	return true
}

// onSignIn runs when the state of the sign-in has changed.
func (a *account) onSignIn(state pkce.State) {
	was := a.signIn
	before, after := line(&was, &a.view), line(&state, &a.view)
	a.signIn = state
	if was.Status != pkce.Unknown && before.does != after.does {
		a.voice.say(after.before + after.name + after.after)
	}
	if state.SignInID != was.SignInID || state.Problem != was.Problem {
		yieldFocus(accountID, problemID, installID)
	}
}
