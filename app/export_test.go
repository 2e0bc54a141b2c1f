package app

import (
	"slices"
	"strings"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/pkce"
)

// What the tests look at.
var (
	RoomOf   = roomOf
	Sends    = sends
	Lifetime = lifetime

	Title      = title
	Initials   = initials
	RowClass   = rowClass
	Label      = label
	FirstWords = firstWords
	Piled      = piled
	StateWords = stateWords
	Diff       = diff
	Nearest    = nearest
	Walk       = walk
	Follows    = follows
	Takes      = takes
	Soonest    = soonest

	Tallied    = tallied
	Characters = characters
	StatusTail = statusTail
)

const (
	MaxRows  = maxRows
	MaxLinks = maxLinks

	SendPause = sendPause
)

type (
	Attention = attention
	Window    = window
)

func (w *window) Place(messages, was, reads []client.Message) []client.Message {
	return w.place(messages, was, reads)
}
func (w *window) Back(messages, was []client.Message) []client.Message {
	return w.back(messages, was)
}
func (w *window) On(messages, was []client.Message) []client.Message { return w.on(messages, was) }

func (c change) First(prev []client.Message) int { return c.first(prev) }

func (a *attention) Follow(before, after []client.Message, away bool) { a.follow(before, after, away) }
func (a *attention) Unread() int                                      { return a.unread() }
func (a *attention) Divider() string                                  { return a.divider() }

// Pieces returns the pieces of a text, links in brackets.
func Pieces(text string) (all []string) {
	for _, p := range pieces(text) {
		if p.href != "" {
			p.text = "[" + p.text + "]"
		}
		all = append(all, p.text)
	}
	return all
}

// RawPieces returns the pieces of a text, each with its link.
func RawPieces(text string) (all [][2]string) {
	for _, p := range pieces(text) {
		all = append(all, [2]string{p.text, p.href})
	}
	return all
}

type Announcer = announcer

func (a *announcer) Hear(before, after client.View, now time.Duration) time.Duration {
	return a.hear(&before, &after, now)
}

// Says returns what the two elements hold.
func (a *announcer) Says() (polite, alert string) { return a.polite, a.alert }

func (t tally) Words() string         { return t.words() }
func (t tally) Said(was tally) string { return t.said(was) }
func (t tally) Problem() string       { return t.problem() }

// String writes a change in short: -gone +put<before ~moved<before !updated.
func (c change) String() string {
	var words []string
	for _, key := range c.gone {
		words = append(words, "-"+key)
	}
	for _, p := range c.put {
		word := "+" + p.row.Key
		if p.moved {
			word = "~" + p.row.Key
		}
		if p.before != "" {
			word += "<" + p.before
		}
		words = append(words, word)
	}
	for _, u := range c.updated {
		words = append(words, "!"+u.to.Key)
	}
	return strings.Join(words, " ")
}

// Apply does to a list what the page does to its elements.
func (c change) Apply(rows []client.Message) []client.Message {
	rows = slices.DeleteFunc(slices.Clone(rows), func(r client.Message) bool { return slices.Contains(c.gone, r.Key) })
	for _, p := range c.put {
		r := *p.row
		if p.moved {
			from := indexOf(rows, r.Key)
			r = rows[from] // an update makes it what it is to be
			rows = slices.Delete(rows, from, from+1)
		}
		to := len(rows)
		if p.before != "" {
			to = indexOf(rows, p.before)
		}
		rows = slices.Insert(rows, to, r)
	}
	for _, u := range c.updated {
		if i := indexOf(rows, u.to.Key); rows[i] == *u.from {
			rows[i] = *u.to
		}
	}
	return rows
}

// Remains returns what a row shows of the time left.
func Remains(m *client.Message, now time.Time) (step, seconds int) {
	r := remains(m, now)
	return r.step, r.seconds
}

// Header draws the header with signing in and the connection as they are.
func Header(a pkce.State, v client.View) string {
	c := &chat{account: a, view: v, room: v.Room}
	return goapp.HTMLString(c.header())
}

// Hurdle draws what stands in the way of signing out while messages are not sent.
func Hurdle(a pkce.State, v client.View) string {
	c := &chat{account: a, view: v, obstacle: unsent(v.Unsent)}
	return goapp.HTMLString(c.troubleBar())
}

var (
	SkewWords  = skewWords
	AppleSteps = appleSteps
)

// LookDue reports whether it is time to look for a newer version, so long after the last look.
func LookDue(since time.Duration, wanted bool) bool {
	looked := time.Now()
	u := upgrade{looked: looked, wanted: wanted}
	return u.due(looked.Add(since))
}

// UpdateBar draws what is said of a newer version; waits is the one that was dismissed.
func UpdateBar(version, waits string, v client.View) string {
	c := &chat{upgrade: upgrade{version: version, waits: waits}, view: v}
	if drawn := c.updateBar(); drawn != nil {
		return goapp.HTMLString(drawn)
	}
	return ""
}
