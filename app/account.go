package app

import (
	"strings"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/browser"
	"mayfly/app/client"
	"mayfly/app/dom"
	"mayfly/app/pkce"
)

// What the header says of signing in, and what one can do about it. Both leave the page. Signing in takes what is written along;
// signing out forgets it, and what is not sent gets a word first.

const (
	accountID = "account"
	troubleID = "trouble"
)

// A deed is what a button of the header does.
type deed int

const (
	nothing deed = iota
	signIn
	signOut
	reload
	dismiss
)

// standing is what the header says of who one is: a name between words, and what the button beside it does.
type standing struct {
	before, name, after string
	button              string
	does                deed
}

// stands returns who one is, as the sign-in and the connection have it. Until the sign-in was looked for it says nothing.
func stands(a *pkce.State, v *client.View) (s standing) {
	me := v.Me
	switch {
	case a.SignInID != "":
		s = standing{before: "Signed in as ", name: a.Name, button: "Sign out", does: signOut}
		if a.Status == pkce.Offline || v.Status == client.Offline {
			s.before = "Offline, signed in as "
		}
		if me.ID != "" && !me.Anonymous { // the server tells people of one name apart
			s.name = me.Name
		}
	case a.Status == pkce.Restoring:
		s.before = "Signing in…"
	default:
		able := a.Status != pkce.Unknown && !a.Off
		if able {
			s = standing{before: "Not signed in", button: "Sign in", does: signIn}
		}
		if me.Anonymous {
			s.before, s.name, s.after = "", me.Name, " · not signed in"
		}
	}
	if does, _ := action(a.Problem.Action); does == s.does { // below the header there is a button for it
		s.button = ""
	}
	return s
}

// action returns what the button of a problem does, and its name.
func action(a pkce.Action) (does deed, name string) {
	switch a {
	case pkce.ActSignIn:
		return signIn, "Sign in"
	case pkce.ActSignInAgain:
		return signIn, "Sign in again"
	case pkce.ActTryAgain:
		return signIn, "Try again"
	case pkce.ActSignOut:
		return signOut, "Sign out"
	case pkce.ActReload, pkce.ActHelp:
		return reload, "Reload"
	default:
		return dismiss, "Dismiss"
	}
}

// A trouble is one sentence about what went wrong, or stands in the way, and one thing to do about it.
type trouble struct {
	text, detail string
	button       string
	does         deed
	sure         bool // it was asked whether that is really meant
}

// trouble returns what stands at the header's end; no text: nothing does.
func (c *chat) trouble() trouble {
	p := &c.account.Problem
	if c.obstacle.text != "" {
		return c.obstacle
	}
	t := trouble{text: p.Text, detail: p.Detail}
	t.does, t.button = action(p.Action)
	if p.Action == pkce.ActHelp {
		t.detail = "Allow this site to store data, in the browser's settings for cookies and site data."
	}
	return t
}

// who says who one is to the others, or as whom one is signed in.
func (c *chat) who() goapp.UI {
	s := stands(&c.account, &c.view)
	return elem("p", "who", goapp.Text(s.before), textElem("bdi", "who-name", s.name), goapp.Text(s.after))
}

// accountButton draws the button that signs in or out, nil if there is neither.
func (c *chat) accountButton() goapp.UI {
	s := stands(&c.account, &c.view)
	if s.button == "" {
		return nil
	}
	if c.leaving && s.does == signIn {
		s.button = "Signing in…"
	}
	b := textElem("button", "button account", s.button)
	attributes(b, "id", accountID, "type", "button")
	return b.On("click", c.onAccountButton)
}

// troubleBar draws what is wrong, nil if nothing is. Its text is plain text, whoever wrote it.
func (c *chat) troubleBar() goapp.UI {
	t := c.trouble()
	if t.text == "" {
		return nil
	}
	words := elem("div", "", textElem("p", "", t.text), textElem("p", "trouble-detail", t.detail)).Attr("role", "alert")
	b := textElem("button", "notice-dismiss", t.button)
	attributes(b, "id", troubleID, "type", "button")
	return elem("section", "notice", words, b.On("click", c.onTrouble)).Attr("aria-label", "Sign-in")
}

func (c *chat) onAccountButton(ctx goapp.Context, _ goapp.Event) {
	defer Guard()
	c.do(ctx, stands(&c.account, &c.view).does, false)
}

func (c *chat) onTrouble(ctx goapp.Context, _ goapp.Event) {
	defer Guard()
	t := c.trouble()
	c.do(ctx, t.does, t.sure)
}

// do does what a button says. sure: also if something is lost by it.
func (c *chat) do(ctx goapp.Context, what deed, sure bool) {
	c.obstacle = trouble{}
	n := c.view.Unsent
	switch {
	case what == reload:
		c.reload()
	case what == dismiss:
		c.account.Problem = pkce.Problem{}
		focusComposer()
	case what == signIn && !goapp.Window().Get("navigator").Get("onLine").Bool():
		c.obstacle = trouble{text: "You are offline, and signing in needs a network.", button: "Try again", does: signIn}
	case what == signOut && n > 0 && !sure:
		c.obstacle = unsent(n)
		deferred(ctx, func(goapp.Context) {
			defer Guard()
			dom.Focus(troubleID)
		})
	case what == signOut:
		focusComposer() // the button goes
		go func() {
			defer Guard()
			c.signIn.SignOut()
		}()
	case what == signIn:
		c.leave(ctx)
	}
}

// unsent says that signing out loses n messages.
func unsent(n int) trouble {
	return trouble{text: count(n, "message") + " would be lost: not sent yet.", button: "Sign out anyway", does: signOut, sure: true}
}

// passes takes an obstacle away that is none any more since the view changed, and reports whether it did.
func (c *chat) passes(was *client.View) bool {
	sent := c.obstacle.sure && c.view.Unsent == 0
	back := !c.obstacle.sure && c.view.Status == client.Online && was.Status != client.Online
	if c.obstacle.text == "" || !sent && !back {
		return false
	}
	c.obstacle = trouble{}
	letGo(accountID, troubleID)
	return true
}

// letGo moves the focus from what has these ids, or is in it, to the composer: it is about to become another, or to go.
func letGo(ids ...string) {
	if dom.Active().Call("closest", "#"+strings.Join(ids, ",#")).Truthy() {
		focusComposer()
	}
}

// leave goes to the provider, once what is half written is kept.
func (c *chat) leave(ctx goapp.Context) {
	c.leaving = true
	returnTo := strings.TrimPrefix(browser.Address(), browser.Origin())
	c.settle(func() {
		go func() {
			defer Guard()
			if !c.signIn.Begin(returnTo) {
				dispatch(ctx, c.stay)
			}
		}()
	})
}

// stay takes in that the page is not left after all, or was left and came back as it was.
func (c *chat) stay(goapp.Context) {
	defer Guard()
	c.leaving = false
}

// signs takes in how signing in stands. Who signed out leaves nothing half written behind; of whom it only ended keeps it.
func (c *chat) signs(ctx goapp.Context, a pkce.State) {
	defer Guard()
	was := stands(&c.account, &c.view)
	before := c.account
	c.account = a
	if before.SignInID != "" && a.SignInID != before.SignInID && a.Status != pkce.Ended {
		c.view.Drafts = nil // the client forgets them as well
		c.empty()
		c.keepDraft()
	}
	if a.Skew != 0 && before.Skew == 0 && c.notice == "" {
		c.notice = skewWords(a.Skew)
	}
	if is := stands(&a, &c.view); before.Status != pkce.Unknown && is.does != was.does {
		c.say(is.before + is.name + is.after)
	}
	if a.SignInID != before.SignInID || a.Problem != before.Problem {
		letGo(accountID, troubleID, installID)
	}
}
