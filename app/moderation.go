package app

import (
	"slices"
	"strconv"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/dom"
	"mayfly/app/words"
	"mayfly/shared/wire"
)

const (
	moderationID = "moderation"
	barLengthID  = "bar-length"
	slowID       = "slow-mode"
	roomLifeID   = "room-life"
	clearID      = "clear-now"
	clearHintID  = "clear-hint"
)

// A moderation is the dialog of a moderator. If it is about a person, the moderator can mute or ban the person, or end a
// mute or ban. If it is about the room, the moderator can set slow mode and the life of messages, or clear the room. An act
// applies at once; the orderBar offers to undo it if that is possible.
type moderation struct {
	*model
	dialog
	notice *notice   // shows why an act is refused
	whom   wire.User // whom the dialog is about; its ID is "" if it is about the room
	clears bool      // the user wants to clear the room: the dialog now says what that means
}

// moderates reports whether the user of this page can mute and ban u. If u points to an empty wire.User, moderates reports
// whether the user of this page is a moderator.
func (m *model) moderates(u *wire.User) bool {
	return m.view.Me.Role == wire.RoleModerator && u.ID != m.view.Me.ID && u.Role != wire.RoleModerator
}

// about opens the dialog about u, or about the room if u is zero.
func (m *moderation) about(ctx goapp.Context, u wire.User) {
	m.whom, m.clears = u, false
	m.show(ctx)
}

// aboutRoom opens the dialog about the room.
func (m *moderation) aboutRoom(ctx goapp.Context) { m.about(ctx, wire.User{}) }

// render draws the dialog, nil while it is closed.
func (m *moderation) render() goapp.UI {
	switch {
	case !m.open:
		return nil
	case m.whom.ID == "":
		return m.frame(words.With(words.ModerateRoom, m.room), m.renderRoom())
	}
	const day = 24 * time.Hour
	length := m.spans(barLengthID, words.BarLength, 0, 10*time.Minute, time.Hour, day, 30*day)
	buttons := elem("p", "dialog-buttons", m.button(wire.ActMute, words.MuteUser), m.button(wire.ActBan, words.BanUser),
		m.button(wire.ActLift, words.LiftBar))
	return m.frame(words.With(words.MuteOrBanWhom, words.Called(m.whom)), elem("div", "settings", length, buttons,
		textElem("p", "setting-hint", words.Of(words.BarHint))))
}

// renderRoom draws what the dialog about the room contains.
func (m *moderation) renderRoom() goapp.UI {
	v := &m.view
	lives := []time.Duration{time.Duration(v.Lives.Default) * time.Millisecond}
	for _, d := range []time.Duration{30 * time.Second, time.Minute, 5 * time.Minute, time.Hour, 24 * time.Hour} {
		if ms := d.Milliseconds(); ms >= v.Lives.Min && ms <= v.Lives.Max {
			lives = append(lives, d)
		}
	}
	apply := textElem("button", "button button-main", words.Of(words.Apply)).Attr("type", "submit")
	form := elem("form", "settings", m.spans(slowID, words.SlowLabel, v.Slow, 0, 10*time.Second, 30*time.Second,
		time.Minute, 5*time.Minute, wire.MaxSlow), m.spans(roomLifeID, words.RoomLifeLabel, v.TTL, lives...),
		elem("p", "dialog-buttons", apply))
	body := []goapp.UI{on(form, "submit", m.onApply)}
	if m.clears {
		clearing := m.button(wire.ActClear, words.ClearNow)
		attributes(clearing, "id", clearID, "aria-describedby", clearHintID)
		hint := textElem("p", "setting-state", words.Of(words.ClearHint)).Attr("id", clearHintID)
		body = append(body, elem("div", "", hint, elem("p", "dialog-buttons", clearing)))
	} else {
		asks := textElem("button", "button", words.Of(words.ClearRoom)).Attr("type", "button")
		body = append(body, elem("p", "dialog-buttons", on(asks, "click", m.onClear)))
	}
	if barred := v.Barred(m.client.Now()); len(barred) > 0 {
		var all []goapp.UI
		for i := range barred {
			f := &barred[i]
			lift := m.button(wire.ActLift, words.LiftBar)
			attributes(lift, "data-user", f.User.ID, "aria-label",
				words.With(words.ButtonFor, words.Of(words.LiftBar), words.Called(f.User.User())))
			all = append(all, elem("li", "person", textElem("span", "person-text", words.Barred(f, m.client.Now())), lift))
		}
		body = append(body, elem("div", "", textElem("h3", "people-title", words.Of(words.BarredNow)),
			elem("ul", "people-list", all...)))
	}
	return elem("div", "settings", body...)
}

// button draws a button for an act of the moderator.
func (m *moderation) button(act string, name words.Key) goapp.HTMLElem {
	b := textElem("button", "button", words.Of(name))
	attributes(b, "type", "button", "data-do", act)
	return on(b, "click", m.onAct)
}

// spans draws a field in which the user chooses one of several times, the shortest first. is is the time that is set now;
// spans adds it to the times in all, unless it is 0. The name of the time 0 is "Off".
func (m *moderation) spans(id string, label words.Key, is time.Duration, all ...time.Duration) goapp.UI {
	if is > 0 {
		all = append(all, is)
	}
	slices.Sort(all)
	var options []goapp.UI
	for _, d := range slices.Compact(all) {
		name := words.Of(words.SlowOff)
		if d > 0 {
			name = words.Span(d)
		}
		option := textElem("option", "", name).Attr("selected", d == is)
		options = append(options, option.Attr("value", strconv.FormatInt(d.Milliseconds(), 10)))
	}
	field := elem("select", "choice-of", options...).Attr("id", id)
	return elem("label", "choice setting", textElem("span", "", words.Of(label)), field)
}

// chosenIn returns the time that the user has chosen in the field with this id, in milliseconds.
func chosenIn(id string) *int64 {
	ms, _ := strconv.ParseInt(dom.ByID(id).Get("value").String(), 10, 64) // never fails: spans has written the value
	return &ms
}

// onAct runs when the user presses the button of an act.
func (m *moderation) onAct(_ goapp.Context, e goapp.Event) {
	pressed := e.Get("currentTarget").Get("dataset")
	f := wire.Moderate{Act: pressed.Get("do").String(), User: m.whom.ID}
	if f.Act == wire.ActMute || f.Act == wire.ActBan {
		f.For = chosenIn(barLengthID)
	}
	if user := pressed.Get("user"); user.Truthy() {
		f.User = user.String()
	}
	m.do(f)
	m.close()
}

// onApply runs when the user presses the button that sets slow mode and the life of messages. It asks the server to set
// those of the two that the user has changed.
func (m *moderation) onApply(_ goapp.Context, e goapp.Event) {
	e.PreventDefault()
	if slow := chosenIn(slowID); *slow != m.view.Slow.Milliseconds() {
		m.do(wire.Moderate{Act: wire.ActSlow, For: slow})
	}
	if life := chosenIn(roomLifeID); *life != m.view.TTL.Milliseconds() {
		m.do(wire.Moderate{Act: wire.ActTTL, For: life})
	}
	m.close()
}

// onClear runs when the user wants to clear the room. That cannot be undone, so the dialog first says what it means.
func (m *moderation) onClear(goapp.Context, goapp.Event) {
	m.clears = true
	m.drawn(func() { dom.Focus(clearID) })
}

// do asks the server to carry out f. If that is not possible, the notice says why.
func (m *moderation) do(f wire.Moderate) {
	if problem := m.client.Moderate(f); problem != (client.Problem{}) {
		m.notice.text = words.Refused(&client.Notice{Re: wire.Kind(f), Problem: problem})
	}
}

func (m *moderation) close() { dom.ByID(m.id).Call("close") }
