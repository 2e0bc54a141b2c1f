package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/session"
)

const (
	logID    = "log"
	rowsID   = "rows"
	endSlack = 48 // CSS pixels from the end that still count as there
)

// log draws the room's messages, in the session's order, or why there are none. The rows are not go-app's: see rows.go.
func (c *chat) log() goapp.UI {
	name := "Messages"
	if c.room != "" {
		name += " in #" + c.room
	}
	body := []goapp.UI{elem("div", "rows").Attr("id", rowsID)}
	if why := c.nothing(); why != nil {
		body = append(body, why)
	}
	log := elem("div", "log", body...)
	attributes(log, "id", logID, "role", "log", "aria-label", name, "aria-live", "off", "tabindex", "0")
	log.On("keydown", c.onLogKey)
	return log.On("scroll", c.onScroll, goapp.PassiveEvent())
}

// nothing draws why there are no rows, nil if there are some or nothing is known yet.
func (c *chat) nothing() goapp.UI {
	v := c.view
	switch {
	case v.Room != c.room: // the session is about to enter it
		return nil
	case v.Refused != "":
		return note(v.Refused)
	case len(v.Messages) == 0 && v.TTL > 0:
		return textElem("p", "note", "Messages here vanish after "+lifetime(v.TTL)+".")
	}
	return nil
}

// shown returns the messages that the log shows.
func (c *chat) shown() []session.Message {
	if c.badRoom || c.view.Room != c.room || c.view.Refused != "" {
		return nil
	}
	return rows(c.view.Messages)
}

// onLogKey walks the messages: the log is one stop of the Tab key, the arrows go from row to row.
func (c *chat) onLogKey(ctx goapp.Context, e goapp.Event) {
	defer Guard()
	ctx.PreventUpdate()
	for _, modifier := range []string{"ctrlKey", "altKey", "metaKey", "shiftKey"} {
		if e.Get(modifier).Truthy() {
			return
		}
	}
	if c.sheet.press(e.Get("key").String()) {
		e.PreventDefault()
	}
}

func (c *chat) onScroll(ctx goapp.Context, _ goapp.Event) {
	defer Guard()
	ctx.PreventUpdate()
	c.atEnd = isAtEnd()
}

// isAtEnd reports whether the log shows its newest message.
func isAtEnd() bool {
	log := goapp.Window().GetElementByID(logID)
	if !log.Truthy() {
		return true
	}
	below := log.Get("scrollHeight").Float() - log.Get("scrollTop").Float() - log.Get("clientHeight").Float()
	return below <= endSlack
}

func scrollToEnd() {
	if log := goapp.Window().GetElementByID(logID); log.Truthy() {
		log.Set("scrollTop", log.Get("scrollHeight").Int())
	}
}
