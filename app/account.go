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

// An account shows the user's name, and signs the user in and out. To sign in, it stores the drafts and leaves the page. A
// sign-out deletes the drafts and the messages that are not sent yet, so if there are such messages, the account asks the
// user first.
type account struct {
	*model
	blocker problem // why the sign-in or sign-out that the user wants has not begun; without a reason, its text is ""
}

// An action is what a button of the account does.
type action int

const (
	doNothing action = iota
	doSignIn
	doSignInAnyway // sign in although the browser says that there is no network
	doSignOut
	doSignOutAnyway // sign out although the unsent messages will be lost
	doReload
	doDismiss
)

// accountLine is the text in the header that says who the user is, and the button beside that text. The text consists of
// the words in before, the user's name, and the words in after.
type accountLine struct {
	before, name, after string
	note                string // tells screen readers that the user is not signed in; on the screen, the button shows that
	button              string
	does                action
}

// line returns the accountLine for the state a of the sign-in and for the view v. While a.Status is pkce.Unknown, the page
// does not know yet whether the user is signed in, so the accountLine has no button.
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
		if me.ID != "" && !me.Anonymous { // a.Name is not always right: the server may have changed it to me.Name
			l.name = me.Name
		}
	case a.Status == pkce.Restoring:
		l.before = words.Of(words.SigningIn)
	default:
		if a.Status != pkce.Unknown && !a.Off {
			l = accountLine{button: words.Of(words.SignIn), does: doSignIn}
			// While the client connects, the guest's name comes in a moment, and the header must not move twice.
			if v.Status != client.Connecting {
				l.before = words.Of(words.NotSignedIn)
			}
		}
		if me.Anonymous {
			l.name = room.Called(me)
			l.before, l.after = words.Around(words.GuestTag)
			l.note = words.Of(words.GuestNote)
		}
	}
	if does, _ := actionOf(a.Problem.Action()); does == l.does { // renderProblem draws a button that does this already
		l.button = ""
	}
	return l
}

// actionOf returns what the button beside a problem does, and the button's text. asked says what the user must do about the
// problem; it comes from pkce.Problem.Action.
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

// renderName draws the text of the accountLine: the user's name, with the words before and after it.
func (a *account) renderName() goapp.UI {
	l := line(&a.signIn, &a.view)
	return elem("p", "who", textElem("span", "who-before", l.before), textElem("bdi", "who-name", l.name),
		goapp.Text(l.after), textElem("span", "unseen", l.note))
}

// renderButton draws the button that signs the user in or out. It returns nil if the accountLine has no button. While the
// page does not know whether the user is signed in, renderButton keeps a place as wide as the button Sign in, so that the
// rest of the header does not move when that button appears.
func (a *account) renderButton() goapp.UI {
	l := line(&a.signIn, &a.view)
	if l.button == "" {
		if status := a.signIn.Status; a.shell.SignIn && (status == pkce.Unknown || status == pkce.Restoring) {
			return textElem("span", "button account "+placeMark, words.Of(words.SignIn)).Attr("aria-hidden", "true")
		}
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

// problem returns the problem to show below the header. The text of the returned problem is "" if there is none to show.
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
		// Without a network, the user would leave the chat, and the provider's page would not load. So show a problem if the
		// client is offline and the browser, too, says that there is no network. Both may be wrong, so the problem has a
		// button with which the user can sign in anyway.
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
	// Signing out removes the button that has the focus. Without this call, a keyboard user would have no place in the page.
	focusComposer()
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

// here returns the address of the page without the origin. The user comes back to this address from the provider.
func here() string { return strings.TrimPrefix(browser.Address(), browser.Origin()) }

// onPageRestored runs when going to the sign-in provider has failed, and each time the browser shows the page, for example
// because the user has come back by the Back button. It clears a.leaving: the browser is not leaving the page any more.
func (a *account) onPageRestored(goapp.Context) { a.leaving = false }

// afterView runs when a new view is shown. previous is the view that was shown before. If the reason for a.blocker is
// gone, afterView removes the blocker and returns true.
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
		a.voice.say(after.before + after.name + after.after + after.note)
	}
	if state.SignInID != was.SignInID || state.Problem != was.Problem {
		yieldFocus(accountID, problemID, installID)
	}
}
