package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client/room"
	"mayfly/app/words"
	"mayfly/shared/wire"
)

// choices returns everything that the user can choose: rooms, people and actions, in this order.
func (p *page) choices() (all []choice) {
	for _, name := range p.roomlist.order {
		c := choice{kind: goToRoom, name: name}
		if n := p.newsOf(name).Unread; n > 0 {
			c.note = words.Count(words.Unread, n)
		}
		all = append(all, c)
	}
	if p.badRoom || p.view.Room != p.room {
		return append(all, p.actions()...)
	}
	for _, s := range addressable(p.view.Users, p.view.Me.ID) {
		all = append(all, choice{kind: addressee, name: room.Called(s.user), note: s.note, person: s})
	}
	return append(all, p.actions()...)
}

// actions returns the actions that the user can choose.
func (p *page) actions() (all []choice) {
	add := func(name string, does func(goapp.Context)) {
		all = append(all, choice{kind: runAction, name: name, does: does})
	}
	if !p.badRoom {
		add(words.Of(words.InvitePeople), p.menu.invite.show)
	}
	add(words.Of(words.Help), p.menu.help.show)
	add(words.Of(words.Settings), p.menu.settings.show)
	if !p.badRoom {
		add(words.Of(words.ShowPeople), func(ctx goapp.Context) { p.people.open(ctx, composerID) })
	}
	if !p.badRoom && p.moderates(&wire.User{}) {
		add(words.With(words.ModerateRoom, p.room), p.menu.moderation.aboutRoom)
	}
	if l := line(&p.signIn, &p.view); l.button != "" && !p.leaving {
		add(l.button, func(ctx goapp.Context) { p.account.do(ctx, l.does) })
	}
	return all
}
