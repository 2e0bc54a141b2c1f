package app

import (
	"runtime"
	"strconv"
	"sync"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/browser"
	"mayfly/app/client"
	"mayfly/app/dom"
	"mayfly/app/pkce"
	"mayfly/shared/wire"
)

const noticeID = "notice"

// chat is the page of a room. go-app keeps one instance while one goes from room to room: what the path says is read in
// OnNav. Fields are unexported, so that go-app leaves them alone then, and change on the UI goroutine only.
type chat struct {
	goapp.Compo

	client    *client.Client // nil on the server
	signIn    *pkce.SignIn   // nil on the server
	notice    string         // said until it is dismissed
	feed      feed
	sheet     sheet
	announcer announcer
	composer  composer
	drafting  drafting
	began     time.Time
	stops     []func()    // end what OnMount began
	timer     *time.Timer // calls tell
	frame     goapp.Func  // called by the browser before it paints
	collected time.Time   // when the last collection was asked for
	painted   bool        // a frame has been, or is not waited for, since the last view was drawn

	account  pkce.State // without a problem that was dismissed
	obstacle trouble    // what stands in the way of what one wanted to do
	leaving  bool       // to the provider
	reloads  bool       // once what is written is kept
	upgrade  upgrade
	offer    offer

	view      client.View
	waits     bool   // the next attempt to connect is so far off that one counts the seconds
	tail      string // what the element of tailID holds
	room      string // that the path names; "" before OnNav and if badRoom
	badRoom   bool
	atEnd     bool // the log follows its newest message; only what the user does changes that
	attention attention
	title     string   // of the page
	visited   []string // rooms, in the order in which one came there
}

// A feed holds the newest view until it is drawn. the client puts views in as fast as they come; one dispatch takes the
// last of them.
type feed struct {
	mu     sync.Mutex // guards what follows
	newest client.View
	full   bool
}

// put reports whether nobody is on the way to take.
func (f *feed) put(v client.View) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	first := !f.full
	f.newest, f.full = v, true
	return first
}

// take reports whether there is a view that was not taken yet.
func (f *feed) take() (v client.View, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	ok, f.full = f.full, false
	return f.newest, ok
}

// OnMount subscribes to the client. It runs in the browser only.
func (c *chat) OnMount(ctx goapp.Context) {
	defer Guard()
	c.began, c.composer.grows = time.Now(), fieldsGrow()
	c.timer = time.AfterFunc(time.Hour, func() { // tell sets when
		defer Guard()
		dispatch(ctx, func(ctx goapp.Context) {
			defer Guard()
			ctx.PreventUpdate()
			c.tell(&c.view)
		})
	})
	c.drafting.timer = c.draftTimer(ctx)
	c.frame = goapp.FuncOf(func(goapp.Value, []goapp.Value) any {
		dispatch(ctx, func(ctx goapp.Context) {
			c.painted = true
			c.take(ctx)
		})
		return nil
	})
	c.painted = true
	c.upgrade.looked = c.began.Add(-lookPause) // the browser itself has just looked
	ended := make(chan struct{})
	c.stops = []func(){
		func() { close(ended) },
		c.client.Subscribe(func(v client.View) {
			if c.feed.put(v) {
				dispatch(ctx, c.take)
			}
		}),
		c.signIn.Subscribe(func(a pkce.State) {
			dispatch(ctx, func(ctx goapp.Context) { c.signs(ctx, a) })
		}),
		browser.WatchWorker(func(version string) {
			dispatch(ctx, func(ctx goapp.Context) { c.brings(ctx, version) })
		}),
		func() { c.timer.Stop() },
		func() { c.drafting.timer.Stop() },
		c.frame.Release,
		dom.Listen(goapp.Window(), "visibilitychange", func() { dispatch(ctx, c.onVisible) }),
		dom.Listen(goapp.Window(), "pageshow", func() {
			dispatch(ctx, c.stay)
			dispatch(ctx, c.onVisible)
		}),
		dom.Listen(goapp.Window(), "online", func() { dispatch(ctx, c.onVisible) }),
		dom.Listen(dom.Document(), "resume", func() { dispatch(ctx, c.onVisible) }),
		dom.Listen(goapp.Window().Get("visualViewport"), "resize", func() { dispatch(ctx, c.onKeyboard) }),
	}
	onShortcut(func(address string) {
		dispatch(ctx, func(ctx goapp.Context) { ctx.Navigate(address) })
	})
	go c.tick(ctx, ended)
}

// take draws what is new: the first of it at once, what follows within a frame with the next one. Without that pause a hundred
// changes in a second could follow each other for as long as there are more, and nothing would be painted meanwhile. A page
// that is hidden has no frames, and does not wait for one.
func (c *chat) take(ctx goapp.Context) {
	defer Guard()
	if !c.painted && !dom.Hidden() {
		ctx.PreventUpdate()
		return
	}
	v, ok := c.feed.take()
	if !ok {
		ctx.PreventUpdate()
		return
	}
	c.show(ctx, v)
	if c.painted && !dom.Hidden() {
		c.painted = false
		goapp.Window().Call("requestAnimationFrame", c.frame)
	}
}

// collectEvery is how soon at most the elements of messages that are gone are gone themselves: the browser keeps them as long
// as Go holds a value of them, which is until a collection. Left alone that comes seldom, since little else is thrown away.
const collectEvery = 10 * time.Second

// tick counts down what has to live, each second, for those who look.
func (c *chat) tick(ctx goapp.Context, ended <-chan struct{}) {
	defer Guard()
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case <-ended:
			return
		case <-second.C:
			dispatch(ctx, func(ctx goapp.Context) {
				defer Guard()
				if !c.takeDrafts() { // the field may take by now what it did not
					ctx.PreventUpdate()
				}
				c.look()
				if !dom.Hidden() {
					c.sheet.count(c.client.Now())
				}
				if c.sheet.taken && time.Since(c.collected) >= collectEvery {
					runtime.GC()
					c.sheet.taken, c.collected = false, time.Now()
				}
			})
		}
	}
}

// OnDismount ends what OnMount began: go-app does not cancel ctx.
func (c *chat) OnDismount() {
	for _, stop := range c.stops {
		stop()
	}
}

// onVisible takes in that one looks at the page again, or away, or that it runs again. Nothing that expired meanwhile may be in
// the next frame: the client heard of it first and has let that go, and what is left is drawn within the event. No frame is
// waited for: the last one was long ago, and a hidden page gets none.
func (c *chat) onVisible(ctx goapp.Context) {
	defer Guard()
	c.painted = true
	c.take(ctx)
	if dom.Hidden() {
		c.keepDraft() // a page may not be asked again before it is closed
		c.reloadUnseen()
	} else {
		if c.atEnd {
			c.attention.look()
		}
		c.wish()
	}
	c.sheet.count(c.client.Now())
	c.setTitle()
}

// onKeyboard makes room for a phone's keyboard where the browser lays it over the page instead of making the page smaller, as
// Safari does. Who has zoomed in sees a part of the page, which is no keyboard.
func (c *chat) onKeyboard(ctx goapp.Context) {
	defer Guard()
	ctx.PreventUpdate()
	sight, covered := goapp.Window().Get("visualViewport"), 0.0
	if sight.Get("scale").Float() == 1 {
		covered = max(0, goapp.Window().Get("innerHeight").Float()-sight.Get("height").Float())
	}
	dom.Document().Get("documentElement").Get("style").Call("setProperty", "--keyboard", strconv.Itoa(int(covered))+"px")
	goapp.Window().Call("scrollTo", 0, 0)
	c.toEnd()
}

// OnNav enters the room that the path names. On the server it does nothing: the page must not depend on the path.
func (c *chat) OnNav(ctx goapp.Context) {
	if c.client == nil {
		return
	}
	defer Guard()
	address := goapp.Window().URL()
	path, shortcut := address.Path, address.RawQuery == wire.OpenRoomQuery
	deferred(ctx, func(goapp.Context) {
		defer Guard()
		if shortcut {
			openRooms()
		} else {
			focusComposer()
		}
	})
	if path == pkce.CallbackPath { // the way on to a room is not known yet
		return
	}
	room, ok := roomOf(path)
	if ok && room == c.room { // the way to the composer
		return
	}
	c.noticeScroll() // where the list of the room before stands says nothing about the next
	c.room, c.badRoom, c.composer.problem, c.atEnd = room, !ok, "", true
	c.turnTo(room)
	c.attention, c.sheet.window = attention{}, window{}
	c.client.Enter(room)
	c.keepDraft() // what was written before the room was known
	c.setTitle()
	if ok {
		c.visit(room)
	}
}

func (c *chat) setTitle() {
	words := "Mayfly"
	switch {
	case c.badRoom:
		words = "No such room – Mayfly"
	case c.room != "":
		words = title(c.room, c.attention.unread(), dom.Hidden())
	}
	if words != c.title {
		c.title = words
		dom.Document().Set("title", words)
	}
}

// OnResize keeps the log at its end when a keyboard takes half of the screen.
func (c *chat) OnResize(ctx goapp.Context) { c.stayAtEnd(ctx) }

// stayAtEnd keeps the log at its end, if it is there, when what is about to be drawn makes it lower.
func (c *chat) stayAtEnd(ctx goapp.Context) {
	if c.atEnd {
		deferred(ctx, func(goapp.Context) { c.toEnd() })
	}
}

// show draws v, and keeps the log at its end if it was there. Rows are drawn at once: go-app's own drawing waits for a frame,
// which a hidden page rarely gets, and what has expired must not stay in it. go-app draws only what else has changed, which
// for most messages is nothing. Only where there is no log yet the rows wait for it.
func (c *chat) show(ctx goapp.Context, v client.View) {
	scrolled := c.noticeScroll()
	was, before, unread := c.view, c.messages(), c.attention.unread()
	if v.Room != was.Room {
		c.atEnd = true // whatever the list of the room before still did
	}
	c.wait(&v)
	c.view = v
	passed := c.passes(&was)
	lapsed := c.takeDrafts()
	if was.Joined && was.Room == v.Room {
		c.attention.follow(before, c.messages(), dom.Hidden() || !c.atEnd)
	}
	drawn := c.place()
	c.setTitle()
	c.tell(&was)
	c.follows(ctx, &was)
	if v.Limits != was.Limits {
		c.measure()
	}
	if drawn && !scrolled && !passed && !lapsed && unread == c.attention.unread() && sameFrame(was, v) {
		ctx.PreventUpdate()
		return
	}
	deferred(ctx, func(ctx goapp.Context) {
		defer Guard()
		if !drawn {
			c.place()
		}
		if c.takeDrafts() { // into a field that was not there before
			ctx.Update()
		}
		c.toEnd() // go-app's drawing may have made the log lower
	})
}

// sameFrame reports whether two views differ in their messages alone, if at all.
func sameFrame(a, b client.View) bool {
	return a.Status == b.Status && a.NextTry.Equal(b.NextTry) && a.Ended == b.Ended && a.Me == b.Me && a.MayPost == b.MayPost &&
		a.Limits == b.Limits && a.Outdated == b.Outdated && a.Room == b.Room && a.Refused == b.Refused && a.TTL == b.TTL &&
		(len(a.Messages) == 0) == (len(b.Messages) == 0)
}

// Render draws the page. A panic in it would end the program, so it draws nothing instead and says so.
func (c *chat) Render() (drawn goapp.UI) {
	defer func() {
		if r := recover(); r != nil {
			broke(r)
			drawn = elem("div", "")
		}
	}()
	skip := textElem("a", "skip", "Skip to the message box").Attr("href", "#"+composerID)
	page := elem("div", "page", skip, c.header(), c.main(), voice(politeID, "status"), voice(alertID, "alert"))
	if c.client != nil {
		page.On("dragover", c.onTransfer)
		page.On("drop", c.onTransfer)
	}
	return page
}

func (c *chat) header() goapp.UI {
	body := []goapp.UI{
		elem("div", "title",
			textElem("a", "brand", "Mayfly").Attr("href", "/"),
			textElem("h1", "room", c.heading()),
			c.rooms(),
		),
		elem("div", "state", c.who(), c.status()),
	}
	for _, more := range []goapp.UI{c.accountButton(), c.troubleBar(), c.noticeBar(), c.updateBar(), c.installBar()} {
		if more != nil {
			body = append(body, more)
		}
	}
	return elem("header", "header", body...)
}

// bar draws a sentence at the header's end that one may dismiss, and what else can be done about it, if that has a name.
func bar(label, id, text, name string, do, dismiss goapp.EventHandler) goapp.UI {
	body := []goapp.UI{textElem("p", "", text)}
	if name != "" {
		body = append(body, barButton(name, do))
	}
	section := elem("section", "notice", append(body, barButton("Dismiss", dismiss))...)
	attributes(section, "id", id, "aria-label", label)
	return section
}

func barButton(name string, do goapp.EventHandler) goapp.HTMLElem {
	return textElem("button", "notice-dismiss", name).Attr("type", "button").On("click", do)
}

func (c *chat) noticeBar() goapp.UI {
	if c.notice == "" {
		return nil
	}
	return bar("Notice", noticeID, c.notice, "", nil, c.onDismiss)
}

func (c *chat) onDismiss(goapp.Context, goapp.Event) {
	defer Guard()
	c.notice = ""
	focusComposer()
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

func (c *chat) main() goapp.UI {
	if c.badRoom {
		return elem("main", "main", note("No room can have that name. A room's name has 1 to 64 characters: small letters, digits and "+
			"hyphens (a-z, 0-9, -), with no hyphen at the start."))
	}
	return elem("main", "main", c.log(), c.form())
}

// note draws why there is nothing to read here, and the way to where there is.
func note(text string) goapp.UI {
	return elem("div", "note", textElem("p", "", text), elem("p", "", textElem("a", "", "Go to #lobby").Attr("href", "/")))
}
