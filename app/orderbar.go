package app

import (
	"slices"
	"strings"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/dom"
	"mayfly/app/words"
	"mayfly/shared/wire"
)

const (
	orderID = "message-order"

	orderTime = 10 * time.Second // how long the page shows what a moderator has done, and how long that can be undone
	maxOrders = 3                // of how many acts the bar tells
)

// An orderBar tells above the composer's field what moderators have just done in the room. Moderators can undo their own
// acts there, if that is possible (undoOf).
type orderBar struct {
	*model
	moderation *moderation
	told       []toldAct // what was done, the latest at the end
	ends       time.Time // when the bar goes
}

// A toldAct is an act of a moderator that the bar announces.
type toldAct struct {
	act  wire.Moderated
	undo *wire.Moderate // what undoes the act; nil if the user of this page can't undo it
	at   time.Time      // when the page learnt of it
	now  time.Time      // the server's time then
}

// render draws the bar. It draws an empty element if there is nothing to tell.
func (b *orderBar) render() goapp.UI {
	box := elem("div", "composer-offer").Attr("id", orderID)
	if len(b.told) == 0 {
		return box
	}
	body := []goapp.UI{textElem("p", "", b.said(b.told))}
	if slices.ContainsFunc(b.told, func(o toldAct) bool { return o.undo != nil }) {
		undo := textElem("button", "button", words.Of(words.Undo)).Attr("type", "button")
		body = append(body, on(undo, "click", b.onUndo))
	}
	return box.Body(body...)
}

// said returns the sentences of the acts, in the present language.
func (b *orderBar) said(told []toldAct) string {
	var all []string
	for i := range told {
		all = append(all, words.Moderated(&told[i].act, b.view.Me.ID, told[i].now))
	}
	return strings.Join(all, " ")
}

// onUndo runs when the user presses the button that undoes the acts, the latest first.
func (b *orderBar) onUndo(goapp.Context, goapp.Event) {
	for _, o := range slices.Backward(b.told) {
		if o.undo != nil {
			b.moderation.do(*o.undo)
		}
	}
	b.told = nil
	focusComposer()
}

// afterView runs when the page has a new view. was is the previous view. If moderators have done something meanwhile, the
// bar tells it, and a screen reader says it.
func (b *orderBar) afterView(was *client.View) {
	if b.view.Room != was.Room {
		b.told = nil
		return
	}
	acts := b.view.ActsSince(&was.Order)
	if len(acts) == 0 {
		return
	}
	now := time.Now()
	for i := range acts {
		o := toldAct{act: acts[i], at: now, now: b.client.Now()}
		if acts[i].By.ID == b.view.Me.ID {
			o.undo = undoOf(&acts[i], was)
		}
		b.told = append(b.told, o)
	}
	b.told = b.told[max(0, len(b.told)-maxOrders):]
	fresh := b.told // also acts of the last second: say replaces their text before a screen reader has finished it
	for now.Sub(fresh[0].at) > time.Second {
		fresh = fresh[1:]
	}
	b.voice.say(b.said(fresh))
	b.ends = now.Add(orderTime)
}

// undoOf returns the act that undoes f. It returns nil if there is none. was is the view before f.
func undoOf(f *wire.Moderated, was *client.View) *wire.Moderate {
	former := was.Slow.Milliseconds()
	switch f.Act {
	case wire.ActMute, wire.ActBan:
		return &wire.Moderate{Act: wire.ActLift, User: f.User.ID}
	case wire.ActTTL:
		former = was.TTL.Milliseconds()
	case wire.ActSlow:
	default:
		return nil
	}
	return &wire.Moderate{Act: f.Act, For: &former}
}

// passed runs once a second. It empties the bar if its time is over, unless the focus is in it. passed reports whether it
// has emptied the bar.
func (b *orderBar) passed() bool {
	if len(b.told) == 0 || time.Now().Before(b.ends) || dom.Active().Call("closest", "#"+orderID).Truthy() {
		return false
	}
	b.told = nil
	return true
}
