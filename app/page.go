package app

import (
	"runtime"
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

// newPage returns a page. c and auth are nil on the server. noticeText is the text of the notice, "" if there is none.
func newPage(c *client.Client, auth *pkce.SignIn, noticeText string) *page {
	m := newModel(c, auth)
	p := &page{
		model:         m,
		roomlist:      roomlist{model: m, menu: roomMenu{model: m}},
		menu:          newMenu(m),
		account:       account{model: m},
		connection:    connection{model: m},
		notice:        notice{text: noticeText},
		update:        update{model: m},
		install:       install{model: m},
		timeline:      timeline{model: m},
		people:        people{model: m, typing: typing{model: m}, nickname: nickname{model: m}},
		notifications: notifications{model: m},
		composer: composer{model: m, reply: reply{m}, undo: undo{m}, life: lifetime{m}, order: orderBar{model: m},
			pause: pause{model: m}, suggest: suggestions{model: m, declined: -1}},
	}
	p.composer.onSent, p.composer.onCommand, p.composer.onTyping = p.onSent, p.run, p.people.typing.onInput
	p.roomlist.onChange = p.onRooms
	p.timeline.notice, p.timeline.empty, p.timeline.first = &p.notice, emptyRoom{m, &p.menu}, &p.welcome
	p.menu.settings.onChosen, p.menu.settings.breaks = p.onChosen, p.composer.breaks
	p.menu.palette.offers, p.menu.palette.address = p.choices, p.composer.suggest.address
	p.welcome = welcome{model: m, help: &p.menu.help}
	o := &p.menu.moderation
	o.notice, p.timeline.order, p.people.moderation, p.roomlist.menu.moderation, p.composer.order.moderation =
		&p.notice, o, o, o, o
	return p
}

// Render draws the page. go-app would end the program if Render panicked, so after a panic Render draws an empty element.
// The user then sees only the sentence and the button of broke.
func (p *page) Render() (drawn goapp.UI) {
	defer func() {
		if r := recover(); r != nil {
			broke(r)
			drawn = elem("div", "")
		}
	}()
	body := []goapp.UI{p.skip(), p.header(), p.roomlist.render(), p.main(), liveRegion(politeID, "status"),
		liveRegion(alertID, "alert")}
	if dialog := p.menu.renderDialog(); dialog != nil {
		body = append(body, dialog)
	}
	all := elem("div", "page", body...)
	if p.client != nil {
		on(all, "dragover", p.composer.onTransfer)
		on(all, "drop", p.composer.onTransfer)
		on(all, "click", p.onClick)
		on(all, "focusin", p.onFocusIn)
		on(all, "focusout", p.onFocusOut)
	}
	return all
}

// main draws the timeline, the people and the composer. If no room can have the name in the path, main draws only a sentence
// that says so, and a link to the lobby.
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

// OnMount runs when go-app has put the page into the document, in the browser only. It begins the page's subscriptions and
// timers; OnDismount ends them.
func (p *page) OnMount(ctx goapp.Context) {
	defer Guard()
	p.voice.began = time.Now()
	p.update.checked = p.voice.began.Add(-checkPause) // the browser looked for a newer version when it loaded the page
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
				p.painter.painted()
				p.onView(ctx)
				if p.list.Restarts() { // WatchSize does not run if the new rows are as high as the old rows
					p.list.ToEnd()
				}
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
		}, func(path string) {
			dispatch(ctx, func(ctx goapp.Context) {
				if path != pathOf(p.room) {
					ctx.Navigate(path)
				}
			})
		}, func() { dispatch(ctx, func(goapp.Context) { p.reload() }) }),
	}
	browser.CloseOrphans()
	p.roomlist.load()
	p.people.nickname.load()
	p.menu.load(ctx)
	p.welcome.load()
	p.timeline.begin()
	p.listen(ctx)
	spawn(func() { p.tick(ctx, ended) })
}

// OnDismount runs when go-app has taken the page out of the document. It ends what OnMount began: go-app would not end that,
// because it does not cancel the context of OnMount.
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

// onSecond runs once a second. It updates the pause and the orderBar, and takes drafts that the client returns. It looks for
// a newer version of Mayfly if a check is due (update.check), tells the client how far the user has read, and stores the
// list of rooms if it has changed. While the page is visible, onSecond updates the time left that the rows show. If messages
// were removed, it asks for a garbage collection, but not more often than every collectEvery.
func (p *page) onSecond(ctx goapp.Context) {
	p.composer.pause.write()
	passed := p.composer.order.passed()
	if !p.composer.takeDrafts() && !passed { // takeDrafts does nothing until go-app has drawn the composer's field
		ctx.PreventUpdate()
	}
	p.update.check(ctx)
	p.tellSeen()
	p.roomlist.store()
	if !dom.Hidden() {
		p.list.Count(p.client.Now())
	}
	if time.Since(p.collected) >= collectEvery && p.list.Removed() {
		runtime.GC()
		p.collected = time.Now()
	}
}

// OnNav runs when the address has changed. It enters the room whose name is in the path. On the server it does nothing,
// because the prerendered page must be the same for every path.
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
	here := ok && room == p.room || !ok && p.badRoom // same room: the skip link, for example, changes only the fragment
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
	p.noticeScroll() // before p.room changes, because the scroll position still belongs to the previous room
	p.tellSeen()
	p.reading = reading{}
	p.room, p.badRoom, p.composer.problem, p.unread = room, !ok, "", unread.Arrive(p.view.In(room).Unread)
	p.composer.switchDraft(room)
	p.composer.arrive()
	p.list.Restart()
	p.people.typing.afterView()
	if ok {
		p.roomlist.remember(room)
	}
	p.client.Enter(room)
	p.keepDraft() // the user may have written before the room was known
	p.setTitle()
}

// onSent runs after the user has sent a message. It scrolls to the newest message.
func (p *page) onSent(ctx goapp.Context) {
	p.unread = unread.Unread{} // a user who writes has read all messages
	p.timeline.toNewest()
	p.welcome.end()
	p.install.onSent(ctx)
	p.people.onSent()
}

// onChosen runs when the user has changed a setting, in this tab or in another one. was has the settings before the change.
func (p *page) onChosen(was settings) {
	is := p.settings
	if is[theme] != was[theme] || is[textSize] != was[textSize] {
		p.list.Resize(func() {
			browser.Look(is[theme], is[textSize])
			p.composer.measure()
		})
	}
	if is[timeLeft] != was[timeLeft] {
		p.list.ShowLeft(leftAs(is[timeLeft]), p.client.Now())
	}
	if is[typingSigns] != was[typingSigns] {
		p.people.typing.apply()
	}
	if is[pageLanguage] != was[pageLanguage] {
		p.turn()
	}
	p.notifications.update(&p.roomlist)
}

// onSignIn runs when the state of the sign-in has changed. If the user has signed out, or another user has signed in,
// onSignIn deletes the list of rooms, the notifications, and the former user's drafts on the page. If the sign-in has ended
// in another way, for example because it expired, all of them stay.
func (p *page) onSignIn(state pkce.State) {
	was := &p.signIn
	if was.SignInID != "" && state.SignInID != was.SignInID && state.Status != pkce.Ended {
		p.view.Drafts, p.draft.offer = nil, delivery{} // the client deletes the stored drafts itself
		p.composer.clear()
		p.keepDraft()
		p.roomlist.forget()
		p.notifications.forget()
	}
	if words.Skew(was.Skew, was.ProviderSkew) == "" && p.notice.text == "" {
		p.notice.text = words.Skew(state.Skew, state.ProviderSkew)
	}
	p.account.onSignIn(state)
}
