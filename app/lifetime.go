package app

import (
	"strconv"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/dom"
	"mayfly/app/words"
)

const lifeID = "message-life"

// lives returns the lives that the user may give a message: first the usual life in the room, then those of 1 minute, 30 s
// and 10 s that are shorter and that the server allows. If there are none of these, there is nothing to choose, and lives
// returns nil.
func lives(v *client.View) (all []time.Duration) {
	for _, d := range []time.Duration{time.Minute, 30 * time.Second, 10 * time.Second} {
		if d < v.TTL && d.Milliseconds() >= v.Lives.Min {
			all = append(all, d)
		}
	}
	if all == nil {
		return nil
	}
	return append([]time.Duration{v.TTL}, all...)
}

// A lifetime is the field in which the user can choose a shorter life for the next message. The choice is stored only in the
// browser's field.
type lifetime struct{ *model }

// render draws the field. It draws an empty element if there is nothing to choose. Before the server has said what there is
// to choose, that element has the size of the field, so that Send does not move when the field appears.
func (l *lifetime) render() goapp.UI {
	choices := lives(&l.view)
	switch {
	case l.view.TTL == 0 || l.view.Lives.Min == 0:
		return elem("span", "composer-life life-unknown")
	case choices == nil:
		return elem("span", "")
	}
	var options []goapp.UI
	for _, d := range choices {
		option := textElem("option", "", words.With(words.LifeChoice, words.Brief(d)))
		options = append(options, option.Attr("value", strconv.FormatInt(d.Milliseconds(), 10)))
	}
	field := elem("select", "composer-life", options...)
	attributes(field, "id", lifeID, "aria-label", words.Of(words.LifeLabel))
	return field
}

// chosen returns the life that the user has chosen for the next message, 0 for the usual life in the room.
func (l *lifetime) chosen() time.Duration {
	field := dom.ByID(lifeID)
	if !field.Truthy() || field.Get("selectedIndex").Int() == 0 {
		return 0
	}
	ms, _ := strconv.Atoi(field.Get("value").String()) // Atoi never fails: the page itself has written the value
	return time.Duration(ms) * time.Millisecond
}

// reset chooses the usual life in the room again, because a choice is for one message only.
func (l *lifetime) reset() {
	if field := dom.ByID(lifeID); field.Truthy() {
		field.Set("selectedIndex", 0)
	}
}
