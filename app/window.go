package app

import (
	"strconv"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/dom"
)

// This file has what the page does when its window, or the document in it, changes.

// listen subscribes to the events of the window.
func (p *page) listen(ctx goapp.Context) {
	window, onVisible := goapp.Window(), func() { dispatch(ctx, p.onVisible) }
	p.stops = append(p.stops,
		leaveToBrowser(),
		dom.Listen(window, "visibilitychange", onVisible),
		dom.Listen(window, "pageshow", func() {
			dispatch(ctx, p.account.onPageRestored)
			onVisible()
		}),
		dom.Listen(window, "online", onVisible),
		dom.Listen(dom.Document(), "resume", onVisible),
		dom.Listen(window.Get("visualViewport"), "resize", func() { dispatch(ctx, p.onKeyboard) }),
	)
	p.list.WatchFrame(func() {
		dispatch(ctx, func(ctx goapp.Context) {
			ctx.PreventUpdate()
			p.list.ToEnd()
		})
	})
	onShortcut(func(address string) {
		dispatch(ctx, func(ctx goapp.Context) { ctx.Navigate(address) })
	})
}

// onClick runs when the user clicks anywhere in the page.
func (p *page) onClick(ctx goapp.Context, e goapp.Event) {
	ctx.PreventUpdate()
	p.list.Attend(e.Get("target"))
}

// onFocusIn runs when an element gets the focus. If a mouse button caused that, onFocusIn does nothing, because rows that
// move below the pointer would make the click miss its target. Then onClick does the work when the mouse button is released.
func (p *page) onFocusIn(ctx goapp.Context, e goapp.Event) {
	ctx.PreventUpdate()
	if target := e.Get("target"); target.Call("matches", ":focus-visible").Bool() {
		p.list.Attend(target)
		within := target.Call("contains", e.Get("relatedTarget")).Bool() // the user comes back from the row's own actions
		if target.Call("matches", "article").Bool() && !within {
			p.list.Approach(target)
		}
	}
}

// onVisible runs when the page becomes visible or hidden, or runs again after it was suspended. The browser may paint right
// after this event, and must not paint messages that have expired. So the client, which gets the event first, removes them,
// and onVisible draws at once, not with the next frame.
func (p *page) onVisible(ctx goapp.Context) {
	p.painter.painted = true
	p.onView(ctx)
	if dom.Hidden() {
		p.keepDraft() // no later event is sure to come before the page is closed
		p.client.Flush()
		p.update.reloadUnseen()
	} else {
		if p.list.Following() {
			p.unread.Look()
		}
		p.update.checkSoon(ctx)
	}
	p.list.Count(p.client.Now())
	p.setTitle()
}

// onKeyboard runs when the visible part of the page changes. Safari shows a phone's keyboard over the page and does not make
// the page smaller; then onKeyboard makes room for the keyboard. It does nothing while the user has zoomed in, because
// then the visible part is smaller without a keyboard.
func (p *page) onKeyboard(ctx goapp.Context) {
	ctx.PreventUpdate()
	sight, covered := goapp.Window().Get("visualViewport"), 0.0
	if sight.Get("scale").Float() == 1 {
		covered = max(0, goapp.Window().Get("innerHeight").Float()-sight.Get("height").Float())
	}
	style := dom.Document().Get("documentElement").Get("style")
	style.Call("setProperty", "--keyboard", strconv.Itoa(int(covered))+"px")
	goapp.Window().Call("scrollTo", 0, 0)
}

// OnAppInstallChange runs when the browser can install Mayfly, or has installed it.
func (p *page) OnAppInstallChange(ctx goapp.Context) {
	defer Guard()
	p.install.check(ctx)
}
