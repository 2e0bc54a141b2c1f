package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/pkce"
	"mayfly/app/words"
)

// A Preview is the page in one state, with nothing behind it: no part of it does anything. app/gallery draws previews; the
// shipped client has none.
type Preview struct {
	View   client.View
	SignIn pkce.State

	NoRoom       bool // the path names no room that can be
	CountingDown bool // to the next attempt to connect
	Leaving      bool // to the provider
	UnsentBlocks bool // the user wanted to sign out
	Notice       string
	Version      string // that a reload brings
	Installable  bool
	NoFiles      bool // the user wanted to send a file
	Unread       int  // how many messages came while the list was scrolled up, 0 if it follows its newest message
}

// page returns the page in that state.
func (s *Preview) page() *page {
	p := newPage(client.New(client.Config{}), nil, s.Notice) // a client that does not run
	p.view, p.signIn, p.room, p.badRoom = s.View, s.SignIn, s.View.Room, s.NoRoom
	p.connection.countingDown, p.leaving = s.CountingDown, s.Leaving
	p.roomlist.visited = []string{"lobby", "tea"}
	p.update.version = s.Version
	p.install.possible, p.install.wrote = s.Installable, s.Installable
	p.draft.offer = undelivered(s.View.Drafts, 0)
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
