package app

import (
	"runtime"
	"slices"
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

// A page is the page of a room: its parts, and what happens between them. go-app keeps one page value while the user goes
// from room to room, and calls OnNav for each room. The fields are unexported, so that go-app does not copy them when it
// draws, and only the UI goroutine changes them.
// One thing: each field but the last five is one part of the page.
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
	people     people
	composer   composer

	painter   painter
	stops     []func()    // the functions that end what OnMount began
	timer     *time.Timer // calls refresh at the time at which it must run again
	collected time.Time   // when the page last asked for a garbage collection
	title     string      // the title that the document has
}

// newPage returns a page. c and auth are nil on the server. noticeText is the text of the notice, "" if there is none.
func newPage(c *client.Client, auth *pkce.SignIn, noticeText string) *page {
	m := newModel(c, auth)
	p := &page{
		model:      m,
		roomlist:   roomlist{model: m},
		account:    account{model: m},
		connection: connection{model: m},
		notice:     notice{text: noticeText},
		update:     update{model: m},
		install:    install{model: m},
		timeline:   timeline{model: m},
		people:     people{model: m, typing: typing{model: m}, nickname: nickname{model: m}},
		composer: composer{model: m, reply: reply{m}, undo: undo{m}, life: lifetime{m},
			suggest: suggestions{model: m, declined: -1}},
	}
	p.composer.onSent, p.composer.onCommand, p.composer.onTyping = p.onSent, p.run, p.people.typing.onInput
	p.timeline.notice = &p.notice
	return p
}

// Render draws the page. go-app would end the program if Render panicked, so after a panic the page draws only a sentence
// and a button to reload.
func (p *page) Render() (drawn goapp.UI) {
	defer func() {
		if r := recover(); r != nil {
			broke(r)
			drawn = elem("div", "")
		}
	}()
	all := elem("div", "page", p.skip(), p.header(), p.main(), liveRegion(politeID, "status"), liveRegion(alertID, "alert"))
	if p.client != nil {
		on(all, "dragover", p.composer.onTransfer)
		on(all, "drop", p.composer.onTransfer)
		on(all, "click", p.onClick)
		on(all, "focusin", p.onFocusIn)
	}
	return all
}

// skip draws the link that leads past the header: to the composer, or to the reason why there is none.
func (p *page) skip() goapp.UI {
	if p.badRoom {
		return textElem("a", "skip", words.Of(words.SkipToReason)).Attr("href", "#"+reasonID)
	}
	return textElem("a", "skip", words.Of(words.SkipLink)).Attr("href", "#"+composerID)
}

// header draws the parts of the header. The offer to install is drawn only if no other bar is.
func (p *page) header() goapp.UI {
	brand := textElem("a", "brand", words.Of(words.Product)).Attr("href", "/")
	title := []goapp.UI{brand, textElem("h1", "room", p.heading()), p.roomlist.render()}
	if count := p.people.renderCount(); count != nil {
		title = append(title, count)
	}
	body := []goapp.UI{
		elem("div", "title", title...),
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
		reason := deadEnd(words.Of(words.WhyNoRoom))
		attributes(reason, "id", reasonID, "tabindex", "-1")
		return elem("main", "main", reason)
	}
	body := []goapp.UI{p.timeline.render(), p.people.typing.line(), p.composer.render()}
	if panel := p.people.render(); panel != nil {
		return elem("main", "main main-people", append(body, panel)...)
	}
	return elem("main", "main", body...)
}

// OnMount subscribes to the client. It runs in the browser only.
func (p *page) OnMount(ctx goapp.Context) {
	defer Guard()
	p.voice.began = time.Now()
	p.update.checked = p.voice.began.Add(-checkPause) // the browser has just asked for the newest service worker itself
	p.timer = time.AfterFunc(time.Hour, func() {      // refresh sets the timer; an hour is a start value
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
	p.people.typing.load()
	p.people.nickname.load()
	p.listen(ctx)
	spawn(func() { p.tick(ctx, ended) })
}

// OnDismount ends what OnMount began, because go-app does not cancel the context of OnMount.
func (p *page) OnDismount() {
	for _, stop := range p.stops {
		stop()
	}
}

// collectEvery is the shortest time between two garbage collections that the page asks for. The browser keeps the element of
// a removed message in memory until Go's garbage collector has freed the Go values that refer to it. Without being asked,
// the collector runs rarely, because the page makes little other garbage.
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

// onSecond runs once a second. While the page is visible, it updates the time left of the messages in sight.
func (p *page) onSecond(ctx goapp.Context) {
	if !p.composer.takeDrafts() { // go-app may have drawn the composer's field by now
		ctx.PreventUpdate()
	}
	p.update.check(ctx)
	if !dom.Hidden() {
		p.list.Count(p.client.Now())
	}
	if time.Since(p.collected) >= collectEvery && p.list.Removed() {
		runtime.GC()
		p.collected = time.Now()
	}
}

// OnNav runs when the path has changed, and enters the room in it. On the server it does nothing, because the prerendered
// page must be the same for every path.
func (p *page) OnNav(ctx goapp.Context) {
	if p.client == nil {
		return
	}
	defer Guard()
	address := goapp.Window().URL()
	shortcut, onTheWay := address.RawQuery == wire.OpenRoomQuery, address.Path == pkce.CallbackPath
	room, elsewhere, ok := roomAt(address.Path, address.Fragment)
	if elsewhere {
		browser.Replace(pathOf(room))
	}
	here := ok && room == p.room || !ok && p.badRoom // the user followed the skip link: only the fragment changed
	deferred(ctx, func(goapp.Context) {
		switch {
		case shortcut:
			p.roomlist.open()
		case here || onTheWay: // onTheWay: a sign-in is being completed, and the room is not known yet
			focusComposer()
		}
	})
	if here || onTheWay {
		return
	}
	p.noticeScroll() // before the room changes: the scroll position is that of the room before
	p.room, p.badRoom, p.composer.problem, p.unread = room, !ok, "", unread.Unread{}
	p.composer.switchDraft(room)
	p.composer.arrive()
	p.list.Restart()
	p.people.typing.afterView()
	p.client.Enter(room)
	p.keepDraft() // the user may have written before the room was known
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

// show draws the view v. It draws the rows of the messages itself, at once: go-app draws with the next frame, which a hidden
// page rarely gets, and until then expired messages would stay in the document. show makes go-app draw only if something
// else than the rows has changed, which is rare. If the document has no list yet, show draws the rows after go-app has drawn
// the list.
func (p *page) show(ctx goapp.Context, v client.View) {
	scrolled := p.noticeScroll()
	was, messages, count := p.view, p.messages(), p.unread.Count()
	if v.Room != was.Room {
		p.list.Follow() // the user may have scrolled up in the room before
	}
	p.connection.beforeView(&v)
	p.view = v
	passed := p.account.afterView(&was)
	offered := p.composer.takeDrafts()
	p.composer.undo.afterView(&was)
	p.people.afterView(&was)
	if was.Joined && was.Room == v.Room {
		p.unread.Follow(messages, p.messages(), dom.Hidden() || !p.list.Following())
	}
	drawn := p.list.Draw(p.content())
	p.notice.afterView(&was, &v)
	p.setTitle()
	p.refresh(&was)
	p.update.afterView(ctx, &was)
	if v.Limits != was.Limits {
		p.composer.measure()
	}
	same := count == p.unread.Count() && sameFrame(&was, &v) && !p.composer.reply.changed(&was) && !p.people.changed(&was)
	if drawn && !scrolled && !passed && !offered && same {
		ctx.PreventUpdate()
		return
	}
	deferred(ctx, func(ctx goapp.Context) {
		if !drawn {
			p.list.Draw(p.content())
		}
		if p.composer.takeDrafts() { // go-app has only now drawn the composer's field
			ctx.Update()
		}
	})
}

// sameFrame reports whether go-app would draw the same for two views. It does not compare the rows, which go-app does not
// draw, and not the people and the reply, for which show calls changed.
func sameFrame(a, b *client.View) bool {
	return a.Status == b.Status && a.NextTry.Equal(b.NextTry) && a.Ended == b.Ended && a.Me == b.Me &&
		a.MayPost == b.MayPost && a.Limits == b.Limits && a.Outdated == b.Outdated &&
		a.Room == b.Room && a.Refused == b.Refused && a.TTL == b.TTL &&
		a.Lives == b.Lives && slices.Equal(a.Undo, b.Undo) && a.Notice == b.Notice &&
		(len(a.Messages) == 0) == (len(b.Messages) == 0)
}

// refresh updates the countdown in the header, and the texts that a screen reader says. If one of them changes with time,
// refresh sets the timer to run again at that time. before is the view before the present one.
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

// onSent runs after the user has sent a message. It scrolls to the newest message.
func (p *page) onSent(ctx goapp.Context) {
	p.unread = unread.Unread{} // a user who writes has read all messages
	p.timeline.toNewest()
	p.install.onSent(ctx)
	p.people.onSent()
}

// onSignIn runs when the sign-in has changed. It deletes the draft of a user who signed out. If the sign-in has ended in
// another way, for example because it expired, the draft stays.
func (p *page) onSignIn(state pkce.State) {
	was := &p.signIn
	if was.SignInID != "" && state.SignInID != was.SignInID && state.Status != pkce.Ended {
		p.view.Drafts, p.draft.offer = nil, delivery{} // the client forgets them as well
		p.composer.clear()
		p.keepDraft()
	}
	if words.Skew(was.Skew, was.ProviderSkew) == "" && p.notice.text == "" {
		p.notice.text = words.Skew(state.Skew, state.ProviderSkew)
	}
	p.account.onSignIn(state)
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
