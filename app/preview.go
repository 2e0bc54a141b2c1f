package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/browser"
	"mayfly/app/client"
	"mayfly/app/pkce"
	"mayfly/app/words"
	"mayfly/shared/wire"
)

// A Preview is the page in one state. Its client does not run, so its buttons do nothing. app/gallery draws previews; the
// shipped client does not.
//
// It is one type because each of its fields describes a part of that state.
type Preview struct {
	View   client.View
	SignIn pkce.State

	Shell        Shell
	NoRoom       bool // no room can have the name in the path
	CountingDown bool // the header counts down the seconds to the next attempt to connect
	Leaving      bool // the browser is about to go to the provider's page to sign in
	UnsentBlocks bool // the user wanted to sign out, and is warned that unsent messages would be lost
	Notice       string
	Version      string // the newer version that a reload brings
	Installable  bool
	NoFiles      bool   // the user has tried to send a file
	ReplyTo      string // the key of the message that the user answers
	People       bool   // the panel with the people is open
	Settings     bool   // the settings are open
	Lost         bool   // the browser does not store settings
	Notifies     bool   // notifications are on
	Help         bool   // the help is open
	Invite       bool   // the invitation is open
	GoTo         bool   // the palette is open
	Typed        string // what the user has typed into the palette
	Welcome      bool   // the sentence of the first visit is shown
	Actions      bool   // the actions of the newest message are open: app/gallery opens them
	Pinned       string // the name of the room that is pinned, "" for none
	Muted        string // the name of the room that is muted, "" for none
	ModerateRoom bool   // the dialog of a moderator about the room is open
	ClearRoom    bool   // the moderator wants to clear the room
	Unread       int    // how many messages came while the list was scrolled up; 0: the list is at its newest message

	Permission browser.Permission // whether the browser permits notifications
	MuteOrBan  wire.User          // whom the dialog of a moderator is about, zero if that dialog is closed
}

// page returns the page that the preview describes.
func (s *Preview) page() *page {
	p := newPage(client.New(client.Config{}), nil, s.Notice) // a client that does not run
	p.view, p.signIn, p.room, p.badRoom = s.View, s.SignIn, s.View.Room, s.NoRoom
	p.shell = s.Shell
	p.timeline.afterView()
	p.composer.order.afterView(&client.View{Room: s.View.Room})
	p.menu.moderation.whom, p.menu.moderation.clears = s.MuteOrBan, s.ClearRoom
	p.menu.moderation.open = s.ModerateRoom || s.MuteOrBan.ID != ""
	p.connection.countingDown, p.leaving = s.CountingDown, s.Leaving
	p.roomlist.rooms = s.saved()
	p.roomlist.arrange()
	p.update.version = s.Version
	p.install.possible, p.install.wrote = s.Installable, s.Installable
	p.draft.offer, p.draft.answers = undelivered(s.View.Drafts, 0), s.ReplyTo
	p.people.shown, p.welcome.shown = s.People, s.Welcome
	p.menu.settings.open, p.menu.settings.lost, p.menu.settings.permission = s.Settings, s.Lost, s.Permission
	if s.Notifies {
		p.settings[notifying] = notifyOn
	}
	p.menu.help.open, p.menu.invite.open, p.menu.invite.shares = s.Help, s.Invite, s.Invite
	if p.menu.palette.open = s.GoTo; s.GoTo {
		p.menu.palette.follow(s.Typed)
	}
	if s.UnsentBlocks {
		p.account.blocker = unsentProblem(s.View.Unsent)
	}
	if s.NoFiles {
		p.composer.problem = words.Of(words.NoFiles)
	}
	if messages := s.View.Messages; s.Unread > 0 {
		p.unread.Follow(messages, s.Unread)
		p.list.Unfollow()
	}
	return p
}

// saved returns the rooms of the view as the list of rooms that the device would have stored.
func (s *Preview) saved() (all savedRooms) {
	for _, news := range s.View.Rooms {
		all = all.with(savedRoom{Name: news.Room, Pinned: news.Room == s.Pinned, Muted: news.Room == s.Muted})
	}
	return all
}

// Rooms draws the list of rooms, which a wide window shows beside the messages.
func (s *Preview) Rooms() goapp.UI { return s.page().roomlist.render() }

// Header draws the header.
func (s *Preview) Header() goapp.UI { return s.page().header() }

// Main draws everything below the header, such as the composer. The message list is empty, because app/list draws its rows.
func (s *Preview) Main() goapp.UI { return s.page().main() }

// Dialog draws the dialog that is open, nil if there is none.
func (s *Preview) Dialog() goapp.UI { return s.page().menu.renderDialog() }
