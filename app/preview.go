package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/pkce"
	"mayfly/app/words"
)

// A Preview is the page in one state. Its client does not run, so its buttons do nothing. app/gallery draws previews; the
// shipped client does not.
type Preview struct {
	View   client.View
	SignIn pkce.State

	NoRoom       bool // no room can have the name in the path
	CountingDown bool // the header counts down the seconds to the next attempt to connect
	Leaving      bool // the page is about to go to the provider
	UnsentBlocks bool // the user wanted to sign out, but messages are not sent yet
	Notice       string
	Version      string // the newer version that a reload brings
	Installable  bool
	NoFiles      bool   // the user has tried to send a file
	ReplyTo      string // the key of the message that the user answers
	People       bool   // the panel with the people is open
	NoTyping     bool   // the user wants no signs of typing
	Actions      bool   // the actions of the newest message are open
	Unread       int    // how many messages came while the list was scrolled up; 0: it follows its newest message
}

// page returns the page in that state.
func (s *Preview) page() *page {
	p := newPage(client.New(client.Config{}), nil, s.Notice) // a client that does not run
	p.view, p.signIn, p.room, p.badRoom = s.View, s.SignIn, s.View.Room, s.NoRoom
	p.connection.countingDown, p.leaving = s.CountingDown, s.Leaving
	p.roomlist.visited = []string{"lobby", "tea"}
	p.update.version = s.Version
	p.install.possible, p.install.wrote = s.Installable, s.Installable
	p.draft.offer, p.replyTo = undelivered(s.View.Drafts, 0), s.ReplyTo
	p.people.shown, p.people.typing.off = s.People, s.NoTyping
	if s.UnsentBlocks {
		p.account.blocker = unsentProblem(s.View.Unsent)
	}
	if s.NoFiles {
		p.composer.problem = words.Of(words.NoFiles)
	}
	if messages := s.View.Messages; s.Unread > 0 {
		p.unread.Follow(messages[:len(messages)-s.Unread], messages, true)
		p.list.Unfollow()
	}
	return p
}

// Header draws the header.
func (s *Preview) Header() goapp.UI { return s.page().header() }

// Main draws the messages' frame, which is empty, and the composer.
func (s *Preview) Main() goapp.UI { return s.page().main() }
