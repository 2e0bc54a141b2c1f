package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/dom"
	"mayfly/app/list"
	"mayfly/app/pkce"
	"mayfly/app/unread"
)

// A model is what the parts of the page share. The UI goroutine alone touches it.
type model struct {
	client *client.Client // nil on the server
	auth   *pkce.SignIn   // nil on the server

	view    client.View
	signIn  pkce.State // without a problem that the user dismissed
	room    string     // that the path names; "" before OnNav and if badRoom
	badRoom bool
	list    *list.List
	unread  unread.Unread
	voice   voice
	draft   draft

	leaving   bool // the page goes to the provider to sign in
	reloading bool // as soon as the drafts are stored
}

func newModel(s *client.Client, in *pkce.SignIn) *model {
	return &model{client: s, auth: in, list: list.New(focusComposer), draft: newDraft()}
}

// messages returns the messages of the room that is shown.
func (m *model) messages() []client.Message {
	if m.badRoom || m.view.Room != m.room || m.view.Refused != (client.Problem{}) {
		return nil
	}
	return m.view.Messages
}

// content returns what the list shows.
func (m *model) content() list.Content {
	return list.Content{Messages: m.messages(), Divider: m.unread.Divider(), Now: m.client.Now()}
}

// noticeScroll looks whether the user has scrolled the list, and whether the user has read to its end by that. It reports
// whether the button that leads to the newest message changes. It runs before the list is drawn.
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

// flushThen calls then once the outbox and the drafts are stored, with what is in the composer.
func (m *model) flushThen(then func()) {
	m.keepDraft()
	m.client.Settled(then)
}

// reload loads the page anew, once the drafts are stored; every reload goes this way. A second reload would begin the
// first one again, so it does nothing.
func (m *model) reload() {
	if m.reloading {
		return
	}
	m.reloading = true
	m.flushThen(func() { goapp.Window().Get("location").Call("reload") })
}
