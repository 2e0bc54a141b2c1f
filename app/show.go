package app

import (
	"slices"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
)

// This file draws the page anew when there is a new view.

// onView runs when a view has come, when the browser is about to paint a frame after the page has drawn a view, and each
// time that onVisible runs. It draws the newest view, unless that view must wait for the next frame (painter.take).
func (p *page) onView(ctx goapp.Context) {
	v, ok := p.painter.take()
	if !ok {
		ctx.PreventUpdate()
		return
	}
	begin := time.Now()
	p.show(ctx, v)
	p.painter.drawn(time.Since(begin))
}

// show draws the view v. It draws the rows of the messages itself and at once, because go-app draws only with the browser's
// next frame. A hidden page rarely gets a frame, so expired messages would stay in its document. If anything but the rows
// has changed, which is rare, show also makes go-app draw. If go-app has not yet drawn the element that contains the rows,
// show draws the rows after go-app has drawn that element.
func (p *page) show(ctx goapp.Context, v client.View) {
	scrolled := false
	if p.list.Restarts() {
		p.look()
	} else {
		scrolled = p.noticeScroll()
	}
	was, count := p.view, p.unread.Count()
	if v.Room != was.Room {
		p.list.Follow() // otherwise the new room would not show its newest message if the user scrolled up in the old room
		p.look()
	}
	p.connection.beforeView(&v)
	p.view = v
	passed := p.account.afterView(&was)
	offered := p.composer.takeDrafts()
	p.composer.order.afterView(&was)
	p.composer.undo.afterView(&was)
	p.composer.pause.write()
	p.people.afterView(&was)
	if v.Room == p.room {
		p.unread.Follow(p.messages(), p.newsOf(v.Room).Unread)
	}
	listed := p.roomlist.afterView() && p.roomlist.draws(ctx)
	p.notifications.update(&p.roomlist)
	drawn := p.list.Draw(p.content())
	p.look()
	p.timeline.afterView()
	p.notice.afterView(&was, &v)
	p.welcome.afterView()
	p.setTitle()
	p.refresh(&was)
	p.update.afterView(ctx, &was)
	if v.Limits != was.Limits {
		p.composer.measure()
	}
	same := !listed && count == p.unread.Count() && sameFrame(&was, &v) && !p.composer.reply.changed(&was) &&
		!p.people.changed(&was)
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

// sameFrame reports whether go-app would draw the same page for the views a and b. It does not compare the messages, because
// go-app does not draw their rows. It also does not compare the people, the list of rooms and the message that the user
// answers: show compares those itself (people.changed, roomlist.afterView, reply.changed).
func sameFrame(a, b *client.View) bool {
	return a.Status == b.Status && a.NextTry.Equal(b.NextTry) && a.Ended == b.Ended && a.Me == b.Me &&
		a.MayPost == b.MayPost && a.Limits == b.Limits && a.Outdated == b.Outdated &&
		a.Room == b.Room && a.Refused == b.Refused && a.TTL == b.TTL &&
		a.Slow == b.Slow && len(b.ActsSince(&a.Order)) == 0 &&
		a.Lives == b.Lives && slices.Equal(a.Undo, b.Undo) && a.Notice == b.Notice &&
		(len(a.Messages) == 0) == (len(b.Messages) == 0)
}

// refresh updates the countdown to the next attempt to connect, and the texts that a screen reader says. If the countdown or
// a text must change later, refresh sets the timer, which calls refresh again at that time. before is the previous view; the
// timer passes the present view, because no new view has come.
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
