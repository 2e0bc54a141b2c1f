package app

import (
	"strconv"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/dom"
)

// This file contains the page's handlers for events that concern the whole window or the whole document.

// listen subscribes to the events of the window and of the document. It appends to p.stops the functions that end these
// subscriptions. OnDismount calls these functions.
func (p *page) listen(ctx goapp.Context) {
	window, onVisible := goapp.Window(), func() { dispatch(ctx, p.onVisible) }
	p.stops = append(p.stops,
		leaveToBrowser(),
		p.listenKeys(ctx),
		dom.Listen(window, "visibilitychange", onVisible),
		dom.Listen(window, "pageshow", func() {
			dispatch(ctx, p.account.onPageRestored)
			onVisible()
		}),
		dom.Listen(window, "pagehide", func() {
			dom.Badge(0) // now, because the page may end here; nothing would remove the number when the messages expire
			dispatch(ctx, func(goapp.Context) { p.badge = 0 })
		}),
		dom.Listen(window, "online", onVisible),
		dom.Listen(window, "storage", func() {
			dispatch(ctx, func(goapp.Context) {
				p.menu.settings.onStored()
				p.roomlist.onStorage()
			})
		}),
		dom.Listen(window, "languagechange", func() { dispatch(ctx, func(goapp.Context) { p.turn() }) }),
		dom.Listen(dom.Document(), "resume", onVisible),
		dom.Listen(window.Get("visualViewport"), "resize", func() { dispatch(ctx, p.onKeyboard) }),
	)
	p.list.WatchSize(func() {
		dispatch(ctx, func(ctx goapp.Context) {
			ctx.PreventUpdate()
			p.list.ToEnd()
		})
	})
	onShortcut(func(address string) {
		dispatch(ctx, func(ctx goapp.Context) { ctx.Navigate(address) })
	})
}

// listenKeys makes the shortcuts work until stop is called. They do nothing while a dialog is open, or if the key press has
// done something already: the palette's own handler may have closed the palette by now, and Ctrl+K would open it again.
func (p *page) listenKeys(ctx goapp.Context) (stop func()) {
	return dom.ListenEvent(goapp.Window(), "keydown", func(e goapp.Value) {
		does := shortcutOf(pressOf(goapp.Event{Value: e}), dom.Active().Call("closest", "[role=log]").Truthy())
		if does == noShortcut || e.Get("defaultPrevented").Bool() ||
			dom.Document().Call("querySelector", "dialog[open]").Truthy() {
			return
		}
		e.Call("preventDefault")
		dispatch(ctx, func(ctx goapp.Context) {
			switch does {
			case showHelp:
				p.menu.help.show(ctx)
			case showPalette:
				p.menu.palette.show(ctx)
			default:
				ctx.PreventUpdate()
				toRegion(does)
			}
		})
	})
}

// onRooms runs when the list of rooms has changed, also if no new view comes. A muted room counts neither in the title nor
// on the icon, and the menu of a room says of which messages the room has notifications.
func (p *page) onRooms() {
	p.setTitle()
	p.notifications.update(&p.roomlist)
}

// onClick runs when the user clicks anywhere in the page. If the actions of a message are open and the click is outside that
// message, onClick closes the actions.
func (p *page) onClick(ctx goapp.Context, e goapp.Event) {
	ctx.PreventUpdate()
	p.list.Attend(e.Get("target"))
}

// onFocusIn runs when an element gets the focus. If the focus has left the message whose actions are open, onFocusIn closes
// the actions. But it does nothing if a mouse button moved the focus, and leaves that case to onClick: if the actions closed
// already when the button goes down, the rows would move, and the click would miss its target. If a row gets the focus from
// an element outside the row, onFocusIn shows the bar with the row's actions.
func (p *page) onFocusIn(ctx goapp.Context, e goapp.Event) {
	ctx.PreventUpdate()
	target := e.Get("target")
	p.list.Focused(target)
	if target.Call("matches", ":focus-visible").Bool() {
		p.list.Attend(target)
		within := target.Call("contains", e.Get("relatedTarget")).Bool() // the focus was on an action of this row before
		if target.Call("matches", "article").Bool() && !within {
			p.list.Approach(target)
		}
	}
}

// onFocusOut runs when an element has lost the focus. If no other element gets the focus, onFocusOut tells the list.
func (p *page) onFocusOut(ctx goapp.Context, e goapp.Event) {
	ctx.PreventUpdate()
	if !e.Get("relatedTarget").Truthy() {
		p.list.Blurred(e.Get("target"))
	}
}

// onVisible runs when the page becomes visible or hidden, when its scripts run again after a pause, and when the browser is
// online again. The browser may paint the page right after this event, and must not paint expired messages. The client gets
// the event first and removes them from the view. So onVisible draws the view at once, without waiting for the next frame.
func (p *page) onVisible(ctx goapp.Context) {
	p.painter.spent = 0
	p.onView(ctx)
	if dom.Hidden() {
		p.keepDraft() // now, because the browser may close a hidden page without another event
		p.tellSeen()
		p.roomlist.store()
		p.client.Flush()
		p.update.reloadUnseen()
	} else {
		p.update.checkSoon(ctx)
	}
	p.look()
	p.list.Count(p.client.Now())
	p.setTitle()
}

// onKeyboard runs when the visible part of the page changes. When Safari shows a phone's keyboard, the keyboard covers a
// part of the page, and Safari does not make the page smaller. So onKeyboard makes room for the keyboard: otherwise the
// keyboard would cover the composer. While the user has zoomed in, onKeyboard makes no room, because a zoom also makes the
// visible part smaller.
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

// OnAppInstallChange runs when go-app learns that the browser can install Mayfly, or that it has installed Mayfly.
func (p *page) OnAppInstallChange(ctx goapp.Context) {
	defer Guard()
	p.install.check(ctx)
}
