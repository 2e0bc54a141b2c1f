package app

import (
	"sync"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/session"
)

// chat is the page of a room. go-app keeps one instance while one goes from room to room: what the path says is read in
// OnNav. Fields are unexported, so that go-app leaves them alone then, and change on the UI goroutine only.
type chat struct {
	goapp.Compo

	session *session.Session // nil on the server
	feed    feed
	sheet   sheet
	stop    func() // ends the subscription

	view    session.View
	room    string // that the path names; "" before OnNav and if badRoom
	badRoom bool
	problem string // why the last text could not be sent
	atEnd   bool   // the log is at its end, so it stays there
}

// A feed holds the newest view until it is drawn. The session puts views in as fast as they come; one dispatch takes the
// last of them.
type feed struct {
	mu     sync.Mutex // guards what follows
	newest session.View
	full   bool
}

// put reports whether nobody is on the way to take.
func (f *feed) put(v session.View) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	first := !f.full
	f.newest, f.full = v, true
	return first
}

func (f *feed) take() session.View {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.full = false
	return f.newest
}

// OnMount subscribes to the session. It runs in the browser only.
func (c *chat) OnMount(ctx goapp.Context) {
	defer Guard()
	c.stop = c.session.Subscribe(func(v session.View) {
		if c.feed.put(v) {
			ctx.Dispatch(func(ctx goapp.Context) {
				defer Guard()
				c.show(ctx, c.feed.take())
			})
		}
	})
}

// OnDismount ends the subscription: go-app does not cancel ctx.
func (c *chat) OnDismount() {
	if c.stop != nil {
		c.stop()
	}
}

// OnNav enters the room that the path names. On the server it does nothing: the page must not depend on the path.
func (c *chat) OnNav(ctx goapp.Context) {
	if c.session == nil {
		return
	}
	defer Guard()
	room, ok := roomOf(goapp.Window().URL().Path)
	c.room, c.badRoom, c.problem, c.atEnd = room, !ok, "", true
	c.session.Enter(room)
	if c.badRoom {
		setTitle("No such room – Mayfly")
		return
	}
	setTitle("#" + room + " – Mayfly")
	ctx.Defer(func(goapp.Context) { focusComposer() })
}

func setTitle(title string) { goapp.Window().Get("document").Set("title", title) }

// OnResize keeps the log at its end when a keyboard takes half of the screen.
func (c *chat) OnResize(ctx goapp.Context) {
	if c.atEnd {
		ctx.Defer(func(goapp.Context) { scrollToEnd() })
	}
}

// show draws v, and keeps the log at its end if it was there. Rows are drawn at once: go-app's own drawing waits for a frame,
// which a hidden page rarely gets, and what has expired must not stay in it. Only where there is no log yet they wait for it.
func (c *chat) show(ctx goapp.Context, v session.View) {
	c.atEnd = c.atEnd && isAtEnd()
	c.view = v
	drawn := c.sheet.draw(c.shown(), c.atEnd)
	ctx.Defer(func(goapp.Context) {
		defer Guard()
		if !drawn {
			c.sheet.draw(c.shown(), c.atEnd)
		}
		if c.atEnd { // go-app's drawing may have made the log lower
			c.sheet.stayAtEnd()
		}
	})
}

// Render draws the page. A panic in it would end the program, so it draws nothing instead and says so.
func (c *chat) Render() (page goapp.UI) {
	defer func() {
		if r := recover(); r != nil {
			broke(r)
			page = elem("div", "")
		}
	}()
	return elem("div", "page", c.header(), c.main())
}

func (c *chat) header() goapp.UI {
	return elem("header", "header",
		elem("div", "title",
			textElem("a", "brand", "Mayfly").Attr("href", "/"),
			textElem("h1", "room", c.heading()),
		),
		elem("div", "state",
			c.who(),
			elem("p", "status "+statusClass(c.view.Status),
				elem("span", "status-dot").Attr("aria-hidden", true),
				textElem("span", "", statusWords(c.view)),
			).Attr("role", "status"),
		),
	)
}

func (c *chat) heading() string {
	switch {
	case c.badRoom:
		return "No such room"
	case c.room == "":
		return "…"
	default:
		return "#" + c.room
	}
}

// who says who one is to the others, once the server has said it.
func (c *chat) who() goapp.UI {
	me := c.view.Me
	if me.Anonymous {
		return elem("p", "who", textElem("bdi", "who-name", me.Name), goapp.Text(" · not signed in"))
	}
	return elem("p", "who", textElem("bdi", "who-name", me.Name))
}

func (c *chat) main() goapp.UI {
	if c.badRoom {
		return elem("main", "main", note("No room can have that name. A room's name has 1 to 64 characters: small letters, digits and "+
			"hyphens (a-z, 0-9, -), with no hyphen at the start."))
	}
	return elem("main", "main", c.log(), c.composer())
}

// note draws why there is nothing to read here, and the way to where there is.
func note(text string) goapp.UI {
	return elem("div", "note", textElem("p", "", text), elem("p", "", textElem("a", "", "Go to #lobby").Attr("href", "/")))
}
