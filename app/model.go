package app

import (
	"sync"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/browser"
	"mayfly/app/client"
	"mayfly/app/list"
	"mayfly/app/pkce"
	"mayfly/app/unread"
	"mayfly/app/words"
	"mayfly/shared/wire"
)

// A model is what the parts of the page share. Only the UI goroutine may use it.
type model struct {
	client *client.Client // nil on the server
	auth   *pkce.SignIn   // nil on the server

	view    client.View
	signIn  pkce.State // the state of signing in; its Problem becomes zero when the user dismisses the problem
	room    string     // the room in the page's path; "" until go-app calls OnNav, and if badRoom is true
	badRoom bool       // no room can have the name in the page's path
	list    *list.List
	unread  unread.Unread
	voice   voice
	reading reading
	draft   draft
	shell   Shell

	settings settings

	leaving   bool // the browser is about to go to the provider's page to sign in
	reloading bool // the page will reload as soon as the drafts are stored
}

// A reading is how far the user has read the room that is shown. The page finds that out when it draws, and before the list
// moves. The client gets to know it later, so the page does not ask the client how many messages are unread in this room.
type reading struct {
	looks bool        // the user sees the newest message
	seen  wire.Cursor // the place of the newest message that the user has seen
	told  wire.Cursor // what tellSeen has last told the client
}

func newModel(c *client.Client, auth *pkce.SignIn) *model {
	return &model{client: c, auth: auth, list: list.New(focusComposer, Clock()), draft: newDraft()}
}

// Clock returns the user's clock, as the browser knows it.
//
// The page asks the browser whether the user's clock has 12 or 24 hours only when it first writes a time of day: the first
// drawing of the page must not wait for the answer.
func Clock() words.Clock {
	return words.Clock{Offset: words.Remembered(browser.ZoneOffset), Hours12: sync.OnceValue(browser.Hours12)}
}

// messages returns the messages of the room in the page's path. It returns nil if no room can have that name, if the view is
// still of another room, or if the server does not let the user into the room.
func (m *model) messages() []client.Message {
	if m.badRoom || m.view.Room != m.room || m.view.Refused != (client.Problem{}) {
		return nil
	}
	return m.view.Messages
}

// life returns how long messages live in the room in the page's path, 0 if that is not known.
func (m *model) life() time.Duration {
	switch {
	case m.badRoom:
		return 0
	case m.view.Room == m.room && m.view.TTL > 0:
		return m.view.TTL
	}
	return m.shell.Life
}

// content returns what the list must draw now: the messages of the room, and what their rows need, such as the reactions
// that the user can give.
func (m *model) content() list.Content {
	c := list.Content{Messages: m.messages(), Divider: m.unread.Divider(), Now: m.client.Now(),
		Known: m.view.Known, Me: m.view.Me}
	if m.view.MayPost && m.view.Limits.Acts > 0 {
		c.Emoji = m.view.Emoji
	}
	return c
}

// keepDraft passes the text in the composer to the client, which stores the text as the draft of the room.
func (m *model) keepDraft() {
	if input := composerField(); input.Truthy() && m.draft.room != "" {
		m.client.Draft(m.draft.room, input.Get("value").String(), m.draft.taken[m.draft.room])
	}
}

// flushThen makes the client store the outbox and the drafts, one of which is the text in the composer. Then the client
// calls next, even if the device's storage has failed or takes too long (client.Settled).
func (m *model) flushThen(next func()) {
	m.keepDraft()
	m.client.Settled(next)
}

// reload stores the outbox and the drafts, and then reloads the page. Code that reloads the page in another way would lose
// what the user has just written. After the first call, further calls do nothing.
func (m *model) reload() {
	if m.reloading {
		return
	}
	m.reloading = true
	m.flushThen(func() { goapp.Window().Get("location").Call("reload") })
}
