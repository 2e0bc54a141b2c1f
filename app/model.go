package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/browser"
	"mayfly/app/client"
	"mayfly/app/dom"
	"mayfly/app/list"
	"mayfly/app/pkce"
	"mayfly/app/unread"
	"mayfly/app/words"
)

// A model is what the parts of the page share. Only the UI goroutine may use it.
type model struct {
	client *client.Client // nil on the server
	auth   *pkce.SignIn   // nil on the server

	view    client.View
	signIn  pkce.State // the state of the sign-in; a problem that the user dismissed is removed
	room    string     // the room in the page's path; "" before OnNav, and if badRoom
	badRoom bool
	list    *list.List
	unread  unread.Unread
	voice   voice
	draft   draft
	replyTo string // the key of the message that the next message answers, "" for none

	leaving   bool // the browser is about to go to the provider's page to sign in
	reloading bool // the page will reload as soon as the drafts are stored
}

func newModel(c *client.Client, auth *pkce.SignIn) *model {
	return &model{client: c, auth: auth, list: list.New(focusComposer, Clock()), draft: newDraft()}
}

// Clock returns the user's clock, as the browser knows it.
func Clock() words.Clock { return words.Clock{Offset: browser.ZoneOffset, Hours12: browser.Hours12()} }

// messages returns the messages of the room that is shown.
func (m *model) messages() []client.Message {
	if m.badRoom || m.view.Room != m.room || m.view.Refused != (client.Problem{}) {
		return nil
	}
	return m.view.Messages
}

// content returns what the list shows.
func (m *model) content() list.Content {
	c := list.Content{Messages: m.messages(), Divider: m.unread.Divider(), Now: m.client.Now(),
		Known: m.view.Known, Me: m.view.Me}
	if m.view.MayPost && m.view.Limits.Acts > 0 {
		c.Emoji = m.view.Emoji
	}
	return c
}

// noticeScroll records whether the user has scrolled the list. If the list now shows the newest message, all messages count
// as read. noticeScroll reports whether the button that leads to the newest message must be drawn again. Call it before the
// list is drawn (see list.NoticeScroll).
func (m *model) noticeScroll() bool {
	following, count := m.list.Following(), m.unread.Count()
	m.list.NoticeScroll()
	if m.list.Following() && !following && !dom.Hidden() {
		m.unread.Look()
	}
	return m.list.Following() != following || m.unread.Count() != count
}

// keepDraft tells the client what is in the composer.
func (m *model) keepDraft() {
	if input := composerField(); input.Truthy() && m.draft.room != "" {
		m.client.Draft(m.draft.room, input.Get("value").String(), m.draft.taken[m.draft.room])
	}
}

// flushThen stores the outbox and the drafts, with the text in the composer. After that it calls next.
func (m *model) flushThen(next func()) {
	m.keepDraft()
	m.client.Settled(next)
}

// reload stores the drafts and then reloads the page. Every reload must use it. While a reload is under way, another call
// does nothing.
func (m *model) reload() {
	if m.reloading {
		return
	}
	m.reloading = true
	m.flushThen(func() { goapp.Window().Get("location").Call("reload") })
}
