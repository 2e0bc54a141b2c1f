package app

import (
	"slices"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/client/room"
	"mayfly/app/dom"
	"mayfly/app/list"
	"mayfly/app/words"
	"mayfly/shared/wire"
)

const (
	peopleID = "people"
	countID  = "people-count"
	// besideLog is the media query for a window that is wide enough to show the panel beside the messages. In a narrower
	// window the panel covers the messages.
	besideLog = "(min-width: 1100px)"
)

// People is the panel that shows who is in the room. It also has the form in which a guest chooses a name. The button in
// the header shows how many people there are, and opens and closes the panel.
type people struct {
	*model
	typing     typing
	nickname   nickname
	moderation *moderation

	shown    bool
	returnTo string // the id of the element to which the focus goes back when the panel closes
}

// renderCount draws the button with the number of people. It returns nil until the number is known.
func (p *people) renderCount() goapp.UI {
	if p.badRoom || p.view.People == 0 {
		return nil
	}
	expanded := "false"
	if p.shown {
		expanded = "true"
	}
	n := textElem("button", "button people-count", words.Number(p.view.People))
	attributes(n, "id", countID, "type", "button", "aria-expanded", expanded,
		"aria-label", words.Count(words.People, p.view.People))
	on(n, "keydown", p.onKeyDown)
	return on(n, "click", p.onCount)
}

// render draws the panel. It returns nil while the panel is closed.
func (p *people) render() goapp.UI {
	if !p.shown {
		return nil
	}
	title := words.Of(words.PeopleRegion)
	if n := p.view.People; n > 0 {
		title = words.Count(words.People, n)
	}
	closing := textElem("button", "button", words.Of(words.Close)).Attr("type", "button")
	head := elem("div", "people-head", textElem("h2", "people-title", title), on(closing, "click", p.onClose))
	body := []goapp.UI{head, p.renderList()}
	if rest := p.view.People - len(p.view.Users); len(p.view.Users) > 0 && rest > 0 {
		body = append(body, textElem("p", "person-note", words.Count(words.MorePeople, rest)))
	}
	if p.view.Me.Anonymous {
		body = append(body, p.nickname.render())
	}
	panel := elem("section", "people", body...)
	attributes(panel, "id", peopleID, "tabindex", "-1", "aria-label", words.Of(words.PeopleRegion), regionMark, peopleID)
	return on(panel, "keydown", p.onKeyDown)
}

// renderList draws one row for each user in the room: the face with the user's initials, the name, and notes such as
// "guest". The face of a guest is hollow.
func (p *people) renderList() goapp.UI {
	var all []goapp.UI
	for i := range p.view.Users {
		u := &p.view.Users[i]
		types := !p.typing.off() && slices.ContainsFunc(p.view.Typing, func(t room.Typist) bool { return t.User.ID == u.ID })
		notes := words.Notes(u.ID == p.view.Me.ID, u.Anonymous, u.Role == wire.RoleModerator, types)
		all = append(all, p.renderPerson(u, notes))
	}
	return elem("ul", "people-list", all...)
}

func (p *people) renderPerson(u *wire.User, notes string) goapp.UI {
	class := "person"
	if u.Anonymous {
		class += " person-guest"
	}
	face := textElem("span", list.FaceClass(*u), list.Initials(*u)).Attr("aria-hidden", "true")
	name := textElem("bdi", "person-name", room.Called(*u))
	note := textElem("span", "person-note", notes)
	body := []goapp.UI{face, elem("span", "person-text", name, goapp.Text(" "), note)}
	if p.moderates(u) {
		more := elem("button", "rooms-more")
		attributes(more, "type", "button", "data-user", u.ID, "aria-haspopup", "dialog",
			"aria-label", words.With(words.ButtonFor, words.Of(words.MuteOrBan), words.Called(*u)))
		body = append(body, on(more, "click", p.onModerate))
	}
	return elem("li", class, body...)
}

// onModerate runs when a moderator presses the button beside a person. It opens the dialog about that person.
func (p *people) onModerate(ctx goapp.Context, e goapp.Event) {
	id := e.Get("currentTarget").Get("dataset").Get("user").String()
	if i := slices.IndexFunc(p.view.Users, func(u wire.User) bool { return u.ID == id }); i >= 0 {
		p.moderation.about(ctx, p.view.Users[i])
	}
}

// onCount runs when the user presses the button with the number of people.
func (p *people) onCount(ctx goapp.Context, _ goapp.Event) {
	if p.shown {
		p.close()
		return
	}
	p.open(ctx, countID)
}

// onClose runs when the user presses the button that closes the panel.
func (p *people) onClose(goapp.Context, goapp.Event) { p.close() }

// onKeyDown runs when a key goes down in the panel, or on the button that opens it. Escape closes the panel.
func (p *people) onKeyDown(ctx goapp.Context, e goapp.Event) {
	if press := pressOf(e); press.key != "Escape" || press.composing || !p.shown {
		ctx.PreventUpdate()
		return
	}
	p.close()
}

// open opens the panel, and moves the focus into the panel when it is drawn. returnTo is the id of the element that gets the
// focus when the user closes the panel.
func (p *people) open(ctx goapp.Context, returnTo string) {
	p.shown, p.returnTo = true, returnTo
	deferred(ctx, func(goapp.Context) { dom.Focus(peopleID) })
}

// close closes the panel. If the focus is in the panel, close moves the focus back to the element with the id returnTo or,
// if there is no such element, to the composer.
func (p *people) close() {
	p.shown = false
	if dom.Active().Call("closest", "#"+peopleID).Truthy() {
		if dom.ByID(p.returnTo).Truthy() {
			dom.Focus(p.returnTo)
		} else {
			focusComposer()
		}
	}
}

// onSent runs after the user has sent a message. In a narrow window it closes the panel, which would cover that message.
func (p *people) onSent() {
	if p.shown && !dom.Matches(besideLog) {
		p.close()
	}
}

// changed compares the present view with was, the previous view. It reports whether the button with the number of people, or
// the open panel, must be drawn again.
func (p *people) changed(was *client.View) bool {
	return p.view.People != was.People || p.shown && !p.view.Company.Same(&was.Company)
}

// afterView runs when the page has a new view. was is the previous view.
func (p *people) afterView(was *client.View) {
	p.typing.afterView()
	p.nickname.afterView(was)
}
