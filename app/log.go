package app

import (
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/session"
)

const (
	logID    = "log"
	endSlack = 48 // CSS pixels from the end that still count as there
)

// log draws the room's messages, in the session's order. go-app matches rows by their place, so a row has no handlers of
// its own and nothing that would be wrong on its neighbour.
func (c *chat) log() goapp.UI {
	name := "Messages"
	if c.room != "" {
		name += " in #" + c.room
	}
	log := elem("div", "log", c.rows()...)
	attributes(log, "id", logID, "role", "log", "aria-label", name, "aria-live", "off", "tabindex", "0")
	return log.On("scroll", c.onScroll, goapp.PassiveEvent())
}

func (c *chat) rows() []goapp.UI {
	v := c.view
	switch {
	case v.Room != c.room: // the session is about to enter it
		return nil
	case v.Refused != "":
		return []goapp.UI{note(v.Refused)}
	case len(v.Messages) == 0 && v.TTL > 0:
		return []goapp.UI{textElem("p", "note", "Messages here vanish after "+lifetime(v.TTL)+".")}
	}
	rows := make([]goapp.UI, len(v.Messages))
	for i, m := range v.Messages {
		rows[i] = row(m)
	}
	return rows
}

// row draws one message.
func row(m session.Message) goapp.UI {
	class := "message"
	head := []goapp.UI{textElem("bdi", "message-name", m.User.Name)}
	if m.Mine {
		class += " message-mine"
		head = append(head, textElem("span", "message-you", " (you)"))
	}
	if !m.At.IsZero() {
		head = append(head, sentAt(m.At))
	}
	body := []goapp.UI{elem("p", "message-head", head...), textElem("p", "message-text", m.Text).Attr("dir", "auto")}
	if m.State == session.Failed {
		class += " message-failed"
	}
	if m.State != session.Sent {
		body = append(body, textElem("p", "message-state", stateWords(m)))
	}
	return elem("article", class, body...)
}

// sentAt draws the time in the browser's zone: short for the eye, whole for those who point at it or listen.
func sentAt(at time.Time) goapp.UI {
	whole := at.Format("15:04:05")
	return elem("time", "message-time",
		textElem("span", "", whole[:len("15:04")]).Attr("aria-hidden", true),
		textElem("span", "unseen", " Sent at "+whole+" "),
	).Attr("datetime", at.UTC().Format(time.RFC3339)).Attr("title", "Sent at "+whole)
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
