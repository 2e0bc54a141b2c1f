package app

import (
	"runtime"
	"strconv"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/browser"
	"mayfly/app/client"
	"mayfly/app/dom"
	"mayfly/app/pkce"
	"mayfly/app/unread"
	"mayfly/app/words"
	"mayfly/shared/wire"
)

// A page is the page of a room: the parts, and what happens between them. go-app keeps one instance while the user goes
// from room to room: OnNav reads what the path says. Fields are unexported, so that go-app leaves them alone then, and
// change on the UI goroutine only.
type page struct {
	goapp.Compo
	*model

	roomlist   roomlist
	account    account
	connection connection
	notice     notice
	update     update
	install    install
	timeline   timeline
	composer   composer

	painter   painter
	stops     []func()    // end what OnMount began
	timer     *time.Timer // calls refresh
	collected time.Time   // when the page last asked for a garbage collection
	title     string      // as shown
}

// newPage returns a page. s and in are nil on the server.
func newPage(s *client.Client, in *pkce.SignIn, text string) *page {
	m := newModel(s, in)
	p := &page{
		model:      m,
		roomlist:   roomlist{model: m},
		account:    account{model: m},
		connection: connection{model: m},
		notice:     notice{text: text},
		update:     update{model: m},
		install:    install{model: m},
		timeline:   timeline{model: m},
		composer:   composer{model: m},
	}
	p.composer.onSent = p.onSent
	return p
}

// Render draws the page. A panic in it would end the program, so it draws nothing instead and says so.
func (p *page) Render() (drawn goapp.UI) {
	defer func() {
		if r := recover(); r != nil {
			broke(r)
			drawn = elem("div", "")
		}
	}()
	skip := textElem("a", "skip", words.Of(words.SkipLink)).Attr("href", "#"+composerID)
	all := elem("div", "page", skip, p.header(), p.main(), liveRegion(politeID, "status"), liveRegion(alertID, "alert"))
	if p.client != nil {
		on(all, "dragover", p.composer.onTransfer)
		on(all, "drop", p.composer.onTransfer)
	}
	return all
}

// header draws the parts of the header. The offer to install waits until there is nothing else to say.
func (p *page) header() goapp.UI {
	brand := textElem("a", "brand", words.Of(words.Product)).Attr("href", "/")
	body := []goapp.UI{
		elem("div", "title", brand, textElem("h1", "room", p.heading()), p.roomlist.render()),
		elem("div", "state", p.account.renderName(), p.connection.render()),
	}
	if button := p.account.renderButton(); button != nil {
		body = append(body, button)
	}
	bars := 0
	for _, bar := range []goapp.UI{p.account.renderProblem(), p.notice.render(), p.update.render()} {
		if bar != nil {
			body = append(body, bar)
			bars++
		}
	}
	if offer := p.install.render(); offer != nil && bars == 0 {
		body = append(body, offer)
	}
	return elem("header", "header", body...)
}

func (p *page) heading() string {
	switch {
	case p.badRoom:
		return words.Of(words.NoSuchRoom)
	case p.room == "":
		return "…"
	default:
		return "#" + p.room
	}
}

func (p *page) main() goapp.UI {
	if p.badRoom {
		return elem("main", "main", deadEnd(words.Of(words.WhyNoRoom)))
	}
	return elem("main", "main", p.timeline.render(), p.composer.render())
}

// OnMount subscribes to the client. It runs in the browser only.
func (p *page) OnMount(ctx goapp.Context) {
	defer Guard()
	p.voice.began = time.Now()
	p.update.checked = p.voice.began.Add(-checkPause) // the browser itself has just looked
	p.timer = time.AfterFunc(time.Hour, func() {      // refresh sets when
		dispatch(ctx, func(ctx goapp.Context) {
			ctx.PreventUpdate()
			p.refresh(&p.view)
		})
	})
	ended := make(chan struct{})
	p.stops = []func(){
		func() { close(ended) },
		func() { p.timer.Stop() },
		p.composer.start(ctx),
		p.painter.start(func() {
			dispatch(ctx, func(ctx goapp.Context) {
				p.painter.painted = true
				p.onView(ctx)
			})
		}),
		p.client.Subscribe(func(v client.View) {
			if p.painter.latest.put(v) {
				dispatch(ctx, p.onView)
			}
		}),
		p.auth.Subscribe(func(a pkce.State) {
			dispatch(ctx, func(goapp.Context) { p.onSignIn(a) })
		}),
		browser.WatchWorker(func(version string) {
			dispatch(ctx, func(ctx goapp.Context) { p.update.onWorkerVersion(ctx, version) })
		}),
	}
	p.listen(ctx)
	spawn(func() { p.tick(ctx, ended) })
}

// listen subscribes to what the browser says of the window.
func (p *page) listen(ctx goapp.Context) {
	window, onVisible := goapp.Window(), func() { dispatch(ctx, p.onVisible) }
	p.stops = append(p.stops,
		dom.Listen(window, "visibilitychange", onVisible),
		dom.Listen(window, "pageshow", func() {
			dispatch(ctx, p.account.onPageRestored)
			onVisible()
		}),
		dom.Listen(window, "online", onVisible),
		dom.Listen(dom.Document(), "resume", onVisible),
		dom.Listen(window.Get("visualViewport"), "resize", func() { dispatch(ctx, p.onKeyboard) }),
	)
	onShortcut(func(address string) {
		dispatch(ctx, func(ctx goapp.Context) { ctx.Navigate(address) })
	})
}

// OnDismount ends what OnMount began: go-app does not cancel ctx.
func (p *page) OnDismount() {
	for _, stop := range p.stops {
		stop()
	}
}

// collectEvery is how soon at most the elements of messages that are gone are gone themselves: the browser keeps them as
// long as Go holds a value of them, which is until a garbage collection. Left alone that comes seldom, since little else
// is thrown away.
const collectEvery = 10 * time.Second

// tick runs onSecond each second until the page is dismounted.
func (p *page) tick(ctx goapp.Context, ended <-chan struct{}) {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case <-ended:
			return
		case <-second.C:
			dispatch(ctx, p.onSecond)
		}
	}
}

// onSecond runs once a second and counts down the messages in sight, if the page is.
func (p *page) onSecond(ctx goapp.Context) {
	if !p.composer.takeDrafts() { // the field may take by now what it did not
		ctx.PreventUpdate()
	}
	p.update.check()
	if !dom.Hidden() {
		p.list.Count(p.client.Now())
	}
	if time.Since(p.collected) >= collectEvery && p.list.Removed() {
		runtime.GC()
		p.collected = time.Now()
	}
}

// OnNav enters the room that the path names. On the server it does nothing: the page must not depend on the path.
func (p *page) OnNav(ctx goapp.Context) {
	if p.client == nil {
		return
	}
	defer Guard()
	address := goapp.Window().URL()
	shortcut := address.RawQuery == wire.OpenRoomQuery
	deferred(ctx, func(goapp.Context) {
		if shortcut {
			p.roomlist.open()
		} else {
			focusComposer()
		}
	})
	if address.Path == pkce.CallbackPath { // the way on to a room is not known yet
		return
	}
	room, ok := roomOf(address.Path)
	if ok && room == p.room { // the way to the composer
		return
	}
	p.noticeScroll() // where the list of the room before stands says nothing about the next
	p.room, p.badRoom, p.composer.problem, p.unread = room, !ok, "", unread.Unread{}
	p.composer.switchDraft(room)
	p.list.Restart()
	p.client.Enter(room)
	p.keepDraft() // what was written before the room was known
	p.setTitle()
	if ok {
		p.roomlist.remember(room)
	}
}

// onView runs when there may be a view to draw.
func (p *page) onView(ctx goapp.Context) {
	v, ok := p.painter.take()
	if !ok {
		ctx.PreventUpdate()
		return
	}
	p.show(ctx, v)
	p.painter.drawn()
}

// show draws v, and keeps the list at its end if it was there. Rows are drawn at once: go-app's own drawing waits for a
// frame, which a hidden page rarely gets, and what has expired must not stay in it. go-app draws only what else has
// changed, which for most messages is nothing. Only where there is no list yet the rows wait for it.
func (p *page) show(ctx goapp.Context, v client.View) {
	scrolled := p.noticeScroll()
	was, messages, count := p.view, p.messages(), p.unread.Count()
	if v.Room != was.Room {
		p.list.Follow() // the list of the room before may have been scrolled up
	}
	p.connection.beforeView(&v)
	p.view = v
	passed := p.account.afterView(&was)
	lapsed := p.composer.takeDrafts()
	if was.Joined && was.Room == v.Room {
		p.unread.Follow(messages, p.messages(), dom.Hidden() || !p.list.Following())
	}
	drawn := p.list.Draw(p.content())
	p.setTitle()
	p.refresh(&was)
	p.update.afterView(ctx, &was)
	if v.Limits != was.Limits {
		p.composer.measure()
	}
	if drawn && !scrolled && !passed && !lapsed && count == p.unread.Count() && sameFrame(&was, &v) {
		ctx.PreventUpdate()
		return
	}
	deferred(ctx, func(ctx goapp.Context) {
		if !drawn {
			p.list.Draw(p.content())
		}
		if p.composer.takeDrafts() { // into a field that was not there before
			ctx.Update()
		}
		p.list.ToEnd() // go-app's drawing may have made the list lower
	})
}

// sameFrame reports whether two views differ in their messages alone, if at all.
func sameFrame(a, b *client.View) bool {
	return a.Status == b.Status && a.NextTry.Equal(b.NextTry) && a.Ended == b.Ended && a.Me == b.Me &&
		a.MayPost == b.MayPost && a.Limits == b.Limits && a.Outdated == b.Outdated &&
		a.Room == b.Room && a.Refused == b.Refused && a.TTL == b.TTL &&
		(len(a.Messages) == 0) == (len(b.Messages) == 0)
}

// refresh shows and says what the time has come for, and sets the timer for the next of it, if there is any.
func (p *page) refresh(before *client.View) {
	next := p.connection.refresh()
	if said := p.voice.observe(before, &p.view); said != 0 && (next == 0 || said < next) {
		next = said
	}
	if next == 0 {
		p.timer.Stop()
	} else {
		p.timer.Reset(next)
	}
}

// onSent runs after the user has sent a message, and shows where it stands.
func (p *page) onSent(ctx goapp.Context) {
	p.unread = unread.Unread{} // a user who writes has read
	p.timeline.toNewest()
	p.install.onSent(ctx)
}

// onSignIn runs when the sign-in has changed. The draft of a user who signed out is forgotten; that of a user whose
// sign-in has ended stays.
func (p *page) onSignIn(a pkce.State) {
	was := &p.signIn
	if was.SignInID != "" && a.SignInID != was.SignInID && a.Status != pkce.Ended {
		p.view.Drafts = nil // the client forgets them as well
		p.composer.clear()
		p.keepDraft()
	}
	if words.Skew(was.Skew, was.ProviderSkew) == "" && p.notice.text == "" {
		p.notice.text = words.Skew(a.Skew, a.ProviderSkew)
	}
	p.account.onSignIn(a)
}

// onVisible runs when the user looks at the page again, or away, or when the page runs again. Nothing that expired
// meanwhile may be in the next frame: the client heard of it first and has let that go, and what is left is drawn within
// the event. No frame is waited for: the last one was long ago, and a hidden page gets none.
func (p *page) onVisible(ctx goapp.Context) {
	p.painter.painted = true
	p.onView(ctx)
	if dom.Hidden() {
		p.keepDraft() // a page may not be asked again before it is closed
		p.update.reloadUnseen()
	} else {
		if p.list.Following() {
			p.unread.Look()
		}
		p.update.checkSoon()
	}
	p.list.Count(p.client.Now())
	p.setTitle()
}

// onKeyboard runs when the browser lays a phone's keyboard over the page instead of making the page smaller, as Safari
// does. It makes room for the keyboard. A user who has zoomed in sees a part of the page, which is no keyboard.
func (p *page) onKeyboard(ctx goapp.Context) {
	ctx.PreventUpdate()
	sight, covered := goapp.Window().Get("visualViewport"), 0.0
	if sight.Get("scale").Float() == 1 {
		covered = max(0, goapp.Window().Get("innerHeight").Float()-sight.Get("height").Float())
	}
	style := dom.Document().Get("documentElement").Get("style")
	style.Call("setProperty", "--keyboard", strconv.Itoa(int(covered))+"px")
	goapp.Window().Call("scrollTo", 0, 0)
	p.list.ToEnd()
}

// OnResize keeps the list at its end when a keyboard takes half of the screen.
func (p *page) OnResize(ctx goapp.Context) { p.stayAtEnd(ctx) }

// OnAppInstallChange runs when the browser would install Mayfly now, or has done so.
func (p *page) OnAppInstallChange(ctx goapp.Context) {
	defer Guard()
	p.install.check(ctx)
}

func (p *page) setTitle() {
	title := words.Of(words.Product)
	switch {
	case p.badRoom:
		title = words.Of(words.NoRoomTitle)
	case p.room != "":
		title = unread.Title(p.room, p.unread.Count(), dom.Hidden())
	}
	if title != p.title {
		p.title = title
		dom.Document().Set("title", title)
	}
}
