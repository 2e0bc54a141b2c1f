package app

import (
	"slices"
	"testing"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/client/outbox"
	"mayfly/app/client/room"
	"mayfly/app/pkce"
	"mayfly/app/unread"
	"mayfly/shared/wire"
)

// What the tests look at.
var (
	RoomOf     = roomOf
	RoomAt     = roomAt
	PathOf     = pathOf
	RoomNamed  = roomNamed
	Takes      = takes
	Tallied    = counted
	Characters = characters
	Tidy       = tidy
	QRImage    = qrImage
)

// A Press is one press of a key in the composer.
type Press struct {
	Key, Code                 string
	Shift, Command, Composing bool
}

func (p Press) Sends(breaks bool) bool {
	return press{key: p.Key, shift: p.Shift, command: p.Command, composing: p.Composing}.sends(breaks)
}

// Undelivered returns the text of the drafts whose number is above taken, the number of the last of these drafts, and the
// words around the text when it is offered.
func Undelivered(drafts []outbox.Draft, taken int) (text string, last int, around [2]string) {
	to := undelivered(drafts, taken)
	before, after := to.around()
	return to.text, to.last, [2]string{before, after}
}

// NoticeAfter returns the text of the notice that had the text before, once the view is follows the view was.
func NoticeAfter(before string, was, is *client.View) string {
	n := notice{text: before}
	n.afterView(was, is)
	return n.text
}

// People draws the header and the panel with the people for the view v. shown says whether the panel is open.
func People(v client.View, shown, typingOff bool) (header, panel string) {
	p := newPage(nil, nil, "")
	p.view, p.room, p.people.shown = v, v.Room, shown
	if typingOff {
		p.settings[typingSigns] = noTyping
	}
	if drawn := p.people.render(); drawn != nil {
		panel = goapp.HTMLString(drawn)
	}
	return goapp.HTMLString(p.header()), panel
}

// Settings are what the user has chosen.
type Settings = settings

// SettingsOf reads the record of the settings.
var SettingsOf = settingsOf

// Changed returns the record after the user has chosen value for the setting with that name.
func Changed(t *testing.T, record, name, value string) string {
	t.Helper()
	s, ok := settingNamed(name)
	if !ok {
		t.Fatalf("there is no setting %q", name)
	}
	return changed(record, s, s.known(value))
}

// Dialog draws the settings. lost says that the browser does not store them, and touch that it has a touch keyboard.
func Dialog(chosen settings, lost, touch bool) string {
	p := newPage(nil, nil, "")
	p.settings, p.menu.settings.open, p.menu.settings.lost, p.composer.touch = chosen, true, lost, touch
	return goapp.HTMLString(p.menu.renderDialog())
}

// Help draws the help. touch says that the device has a touch keyboard.
func Help(chosen settings, touch bool) string {
	p := newPage(nil, nil, "")
	p.settings, p.menu.help.open, p.menu.help.touch = chosen, true, touch
	return goapp.HTMLString(p.menu.renderDialog())
}

// RememberName stores on the device the name that a guest has asked for, if it is to be remembered.
var RememberName = rememberName

// ReadCommand returns the name of the command that text is, what follows the name, the text that it sends, and the sentence
// that says what is wrong with it.
func ReadCommand(text string) (name, rest, said, mistake string) {
	c := readCommand(text)
	said, _ = c.said()
	return c.name, c.text, said, c.mistake()
}

// Lives is what the user may choose as the life of a message.
var Lives = lives

func (c counter) Words() string           { return c.words() }
func (c counter) Said(was counter) string { return c.said(was) }

// Header draws the header for the state a of the sign-in and the view v.
func Header(a pkce.State, v client.View) string {
	p := newPage(nil, nil, "")
	p.signIn, p.view, p.room = a, v, v.Room
	return goapp.HTMLString(p.header())
}

// Hurdle draws the problem that the account shows when the user wants to sign out and messages are not sent.
func Hurdle(a pkce.State, v client.View) string {
	p := newPage(nil, nil, "")
	p.signIn, p.view, p.account.blocker = a, v, unsentProblem(v.Unsent)
	return goapp.HTMLString(p.account.renderProblem())
}

var AppleSteps = appleSteps

// LookDue reports whether the page should look for a newer version if since has passed after the last look.
func LookDue(since time.Duration, wanted bool) bool {
	looked := time.Now()
	u := update{checked: looked, wantCheck: wanted}
	return u.due(looked.Add(since))
}

// UpdateBar draws the bar that offers a newer version. waits is the version for which the user has dismissed the bar.
func UpdateBar(version, waits string, v client.View) string {
	p := newPage(nil, nil, "")
	p.view, p.update.version, p.update.dismissed = v, version, waits
	if drawn := p.update.render(); drawn != nil {
		return goapp.HTMLString(drawn)
	}
	return ""
}

// HoldTime is how long a finger must stay on a message.
const HoldTime = holdTime

// Hold is a finger that stays on a message.
type Hold struct{ hold }

func (h *Hold) Begin(due func(touch int)) { h.begin(due) }
func (h *Hold) End()                      { h.end() }
func (h *Hold) Take(touch int) bool       { return h.take(touch) }

// Shortcodes returns the names of the emoji, each followed by its emoji.
var Shortcodes = shortcodes

// EmojiOf returns the emoji of the shortcode that ends text, and how many bytes the shortcode has.
var EmojiOf = emojiOf

// StemOf returns what a suggestion would replace at the end of text, "" if that is nothing.
func StemOf(text string) string {
	if s := stemOf(text); s.sign != 0 {
		return string(s.sign) + s.text
	}
	return ""
}

// Suggest returns what the list shows for the stem text.
func Suggest(text string, users []wire.User, me string) []string {
	var shown []string
	for _, s := range suggest(stem{text[0], text[1:]}, users, me) {
		if s.note != "" {
			s.name += " " + s.note
		}
		shown = append(shown, s.name)
	}
	return shown
}

// Addressed returns the ids of the users whom text mentions.
func Addressed(text string, users []wire.User, picked []string) []string {
	s := suggestions{model: &model{view: client.View{Company: room.Company{Users: users}}}, picked: picked}
	return s.mentions(text)
}

// StoredAgain returns what the device stores after it was read from what it had stored.
func StoredAgain(stored string) string { return readRooms(stored).text() }

// OrderOf returns the order of the stored rooms; before is the order on the page if no row must move.
func OrderOf(stored string, before []string, news []client.News) []string {
	next := readRooms(stored).ordered(news)
	if before != nil {
		next = held(before, next)
	}
	return next
}

// ScopeOf returns of which messages in a room the user wants notifications, if the device has stored the rooms in stored.
func ScopeOf(stored, room string) unread.Scope { return readRooms(stored).named(room).scope() }

var AfterLeaving = afterLeaving

// Marked returns what the device stores after news came, and then another tab stored other, unless that is "".
func Marked(stored string, news []client.News, other string) string {
	rooms := readRooms(stored).readAs(news)
	if other != "" {
		rooms = rooms.merged(readRooms(other))
	}
	return rooms.text()
}

// Rooms draws the list of rooms and the header, and returns how many unread messages the title counts.
func Rooms(v client.View, pinned, muted string) (nav, header string, unread int) {
	p := (&Preview{View: v, Pinned: pinned, Muted: muted}).page()
	return goapp.HTMLString(p.roomlist.render()), goapp.HTMLString(p.header()), p.roomlist.unreadInAll()
}

// A Shortcut is what a key does that works everywhere in the page.
type Shortcut = shortcut

const (
	ShowHelp     = showHelp
	ShowPalette  = showPalette
	NextRegion   = nextRegion
	RegionBefore = regionBefore
)

func ShortcutOf(p Press, alt, inLog bool) Shortcut {
	pressed := press{key: p.Key, code: p.Code, shift: p.Shift, command: p.Command, alt: alt, composing: p.Composing}
	return shortcutOf(pressed, inLog)
}

// RegionAfter returns to which of n regions F6 or Shift+F6 leads.
var RegionAfter = regionAfter

// Find returns what the palette lists for a text: rooms as "#tea", a room to open as "+tea", and people as "@Ada".
func Find(rooms, people, actions []string, written string) (found []string) {
	var all []choice
	for kind, names := range map[choiceKind][]string{goToRoom: rooms, addressee: people, runAction: actions} {
		for _, name := range names {
			all = append(all, choice{kind: kind, name: name})
		}
	}
	slices.SortStableFunc(all, func(a, b choice) int { return int(a.kind - b.kind) })
	for _, c := range find(all, written, "https://chat.example.com") {
		sign := map[choiceKind]string{goToRoom: "#", openRoom: "+", addressee: "@"}[c.kind]
		found = append(found, sign+c.name)
	}
	return found
}

// MaxFoundPeople is the largest number of people in the palette's list.
const MaxFoundPeople = maxFoundPeople

// Palette draws the palette after the user has typed a text, and returns the names of all actions.
func Palette(s *Preview, typed string) (html string, actions []string) {
	p := s.page()
	p.menu.palette.open = true
	p.menu.palette.follow(typed)
	for _, c := range p.actions() {
		actions = append(actions, c.name)
	}
	return goapp.HTMLString(p.menu.renderDialog()), actions
}

// UndoOf returns the act that undoes an act of a moderator, nil if there is none.
var UndoOf = undoOf
