package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/words"
)

// An emptyRoom is what the page shows of a room without messages: the user's own name there, what happens to messages, and
// the way to invite people.
type emptyRoom struct {
	*model
	menu *menu
}

// render draws the emptyRoom.
func (r *emptyRoom) render() goapp.UI { return r.note("note empty") }

// waiting draws the emptyRoom before the page knows whether the room is empty. Only the sentence that says how long messages
// live is visible. Everything else is in its place already, so that nothing moves when it becomes visible. waiting returns
// nil if the page does not know how long messages live.
func (r *emptyRoom) waiting() goapp.UI {
	if r.life() == 0 {
		return nil
	}
	return r.note("note empty empty-waiting")
}

// note draws the emptyRoom as an element with this CSS class.
func (r *emptyRoom) note(class string) goapp.UI {
	before, after := words.Around(words.YouAre)
	invite := textElem("button", "button button-main", words.Of(words.InvitePeople)).Attr("type", "button")
	more := textElem("button", "button", words.Of(words.HowItWorks)).Attr("type", "button")
	return elem("div", class, textElem("h2", "empty-title", words.Of(words.EmptyTitle)),
		elem("p", "", goapp.Text(before), textElem("bdi", "empty-name", r.called()), goapp.Text(after)),
		textElem("p", "empty-life", words.With(words.EmptyRoom, words.Lifetime(r.life()))),
		elem("p", "empty-buttons", on(invite, "click", r.onInvite), on(more, "click", r.onHelp)))
}

// called returns the user's name as other users see it: a guest's name has a mark. It returns "" before the server has named
// the user.
func (r *emptyRoom) called() string {
	if r.view.Me.ID == "" {
		return ""
	}
	return words.Called(r.view.Me)
}

// onInvite runs when the user presses the button that invites people.
func (r *emptyRoom) onInvite(ctx goapp.Context, _ goapp.Event) { r.menu.invite.show(ctx) }

// onHelp runs when the user presses the button "How it works". It opens the help.
func (r *emptyRoom) onHelp(ctx goapp.Context, _ goapp.Event) { r.menu.help.show(ctx) }
