// Package list is the message list of the page, which Mayfly draws itself.
//
// go-app can't draw this list well, because it compares the children of an element by their index. When the first message
// expires, every later row has another index, so go-app writes all rows again: with 400 rows, one expiry took 59 ms of the
// main thread (157 ms at the 95th percentile), and focus and selection moved to another message. Empty slots in the place of
// removed rows would not help: go-app would still build and compare about five thousand elements for each message, and a new
// message at the end of the list took 54 ms (77 ms at the 95th percentile). So go-app draws an empty element, and this
// package fills that element. This package identifies rows by client.Message.Key, not by their index. Adding or removing
// a row takes about 10 ms, most of it for the browser's layout and paint; docs/benchmarks.md has the figures.
//
// diff.go and mounted.go only compute what must change. Most other files change the document: rows.go inserts and removes
// rows, scroll.go keeps the text that the user reads in its place, and row.go draws one message. Each part of the list,
// such as the keyboard, has a pointer to the rows, and uses only the rows and its own fields.
package list

import (
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/dom"
	"mayfly/app/words"
	"mayfly/shared/wire"
)

// The ids of the two elements that the page draws for the list: ScrollID of the outer element, which scrolls, and RowsID of
// its only child. The page draws the child empty, and this package puts the rows into it.
const (
	ScrollID = "log"
	RowsID   = "rows"
)

// A List shows the messages of a room. Only the UI goroutine may use it. When a List changes rows, the user keeps the focus
// and the selected text, and the text that the user reads does not move.
//
// It is one type because most of its many methods only pass an event of the page on to the field that handles the event.
type List struct {
	leave   func() // moves the focus out of the list
	onSize  func() // runs when the rows or the element around them have another size; may be nil
	unwatch func() // ends the watches that call onSize
	rows    *rows
	mounted mounted
	clock   words.Clock // the user's clock; its time is the server's time of the last draw or count
	seen    look        // the day and the time zone for which the rows' times are written now

	divider   divider
	keyboard  keyboard
	viewport  viewport
	countdown countdown
	autohide  autohide
}

// Content is what a List shows.
type Content struct {
	Messages []client.Message          // in the order of the list; a List keeps this slice and does not change it
	Divider  string                    // the key of the message below the divider, "" for none
	Now      time.Time                 // the server's time
	Emoji    []string                  // the reactions that the user can give; nil: the user can't react, reply or take back
	Known    func(id string) wire.User // the user with that id; the Name is "" if the user is not known
	Me       wire.User                 // the user of this page
}

// New returns a list that follows its newest message: when messages come, it stays scrolled to its end. leave moves the
// focus out of the list, to the composer. clock has the user's time zone and way of writing times; its field Now does not
// matter, because each Draw sets it to Content.Now.
func New(leave func(), clock words.Clock) *List {
	l := &List{leave: leave, unwatch: func() {}, rows: &rows{}, clock: clock}
	l.viewport.following = true
	l.forget()
	return l
}

// forget drops the references to the elements, because they are no longer in the document.
func (l *List) forget() {
	*l.rows = rows{}
	l.divider = divider{rows: l.rows}
	l.keyboard = keyboard{rows: l.rows, leave: l.leave, bars: bars{rows: l.rows}}
	l.viewport = viewport{rows: l.rows, following: l.viewport.following}
	l.countdown = countdown{rows: l.rows, left: l.countdown.left}
	l.autohide = autohide{rows: l.rows}
}

// Draw makes the document show c. If the list follows its newest message, it stays scrolled to its end. Otherwise, and also
// while a row has the focus or open actions, the text that the user reads stays where it is. Draw returns false if the
// element that holds the rows is not in the document yet.
func (l *List) Draw(c Content) bool {
	var reads []client.Message
	follows := l.viewport.following && !l.keyboard.walking()
	switch {
	case !follows:
		reads = l.rows.inSight()
	case !l.mounted.newest(): // until now the focus was in a row, so the list has stayed at older rows
		l.mounted = mounted{}
	}
	if !l.draw(l.mounted.place(c.Messages, l.rows.messages, reads), c) {
		return false
	}
	if !follows {
		l.Reach(c)
	}
	return true
}

// draw updates the rows, the divider above the new messages, and the animations that hide rows at their deadlines if no
// script runs (autohide). It returns false if the element that holds the rows is not in the document yet.
func (l *List) draw(messages []client.Message, c Content) bool {
	drawn := l.mount()
	if drawn {
		l.rows.templates.emoji, l.rows.templates.known, l.rows.templates.me = c.Emoji, c.Known, c.Me
		l.look(c.Now)
		l.change(messages, c)
	}
	l.divider.putAbove(c.Divider)
	l.autohide.set(c.Now)
	return drawn
}

// mount makes sure that the list has an element for the rows that is in the document. It keeps the present element if that
// is still there; otherwise it mounts the element with the id RowsID. mount returns false if the document has no such
// element.
func (l *List) mount() bool {
	if l.rows.box != nil && l.rows.box.Get("isConnected").Bool() {
		return true
	}
	return l.Mount(dom.ByID(RowsID))
}

// Mount makes the list put its rows into the element box, and forgets the rows in the previous element. The page need not
// call Mount: Draw mounts the element with the id RowsID. The gallery calls Mount, because it shows many lists. If box is
// undefined, Mount only forgets the rows and returns false, and the next Draw makes all rows again: the page does that after
// a change of the language.
func (l *List) Mount(box goapp.Value) bool {
	l.forget()
	l.unwatch()
	l.unwatch = func() {}
	if !box.Truthy() {
		return false
	}
	l.rows.box, l.rows.log, l.rows.templates = box, box.Get("parentNode"), newTemplates()
	l.divider.element = newDivider()
	l.ShowLeft(l.countdown.left, time.Time{})
	if l.onSize != nil {
		l.unwatch = dom.WatchSizes(l.onSize, l.rows.log, l.rows.box)
	}
	return true
}

// WatchSize makes the list call handle whenever the rows or the element around them get another size, for any reason.
// handle runs on the browser's event loop, before the browser paints, and must make the UI goroutine call ToEnd at once.
// Call WatchSize before the first Draw.
func (l *List) WatchSize(handle func()) { l.onSize = handle }

// change inserts, moves, updates and removes rows, so that the document has one row for each message in messages.
func (l *List) change(messages []client.Message, content Content) {
	if l.rows.messages == nil {
		l.rows.clear()
		l.viewport.setGap(0)
	}
	prev := l.rows.messages
	c := diff(prev, messages)
	if c.none() {
		l.rows.messages = messages
		if content.Divider != l.divider.above { // the divider has moved, and a group begins below it
			l.rows.group(messages, content.Divider)
		}
		l.rows.quotes(content) // a message without a row may have expired, and a row may quote it
		l.rows.marks()
		return
	}
	l.rows.messages = nil // if the code below panics, the next draw makes all rows again
	atEnd := l.viewport.following && !l.keyboard.walking()
	held := l.keyboard.keepFocus(prev, c)
	height, below := l.viewport.unseen(prev, c)
	anchor, y := "", 0.0
	if !atEnd && height == 0 && c.above() {
		anchor, y = l.viewport.anchor(prev, c)
	}
	l.apply(c, content.Now)
	l.rows.separate(messages)
	l.rows.group(messages, content.Divider)
	l.rows.messages = messages
	l.rows.quotes(content)
	l.rows.marks()
	l.viewport.fill(height, below, c)
	if held != nil && !held.Call("contains", dom.Active()).Bool() {
		dom.FocusInPlace(held) // moving an element takes the focus from it
	}
	if anchor != "" { // at the end of the list, ToEnd scrolls it before the browser paints
		l.viewport.keep(anchor, y)
	}
	if l.viewport.gap > maxGap && !l.viewport.scrolling() {
		l.viewport.closeGap()
	}
	l.keyboard.bars.settle()
}

// apply carries out a change in the document.
func (l *List) apply(c change, now time.Time) {
	rows := l.rows
	for _, key := range c.gone {
		rows.remove(rows.at[key])
		delete(rows.at, key)
	}
	for _, p := range c.put {
		r := rows.at[p.row.Key]
		if r == nil {
			r = rows.templates.row(p.row)
			l.countdown.begin(r, p.row, now)
			rows.at[p.row.Key] = r
		} else {
			rows.remove(r)
		}
		rows.insert(r, rows.at[p.before])
	}
	for _, u := range c.updated {
		r := rows.at[u.to.Key]
		rows.templates.update(r, u.from, u.to)
		l.countdown.begin(r, u.to, now)
	}
}

// Following reports whether the list follows its newest message. The answer changes only when the page calls NoticeScroll
// or a method such as Follow, Unfollow or Lead; a new message does not change it.
func (l *List) Following() bool { return l.viewport.following }

// Follow makes the list follow its newest message; the list scrolls there when the next draw changes its height.
func (l *List) Follow() { l.viewport.following = true }

// Unfollow makes the list stay where it is, as if the user had scrolled up.
func (l *List) Unfollow() { l.viewport.following = false }

// Restart makes the next draw show the newest messages and follow them. The page calls it when the user enters another room.
func (l *List) Restart() {
	l.viewport.following, l.viewport.top = true, nowhere
	l.mounted = mounted{}
}

// ToNewest scrolls to the newest message and follows it.
func (l *List) ToNewest(c Content) {
	followed := l.viewport.following
	l.Restart()
	l.Draw(c)
	if !followed { // otherwise ToEnd scrolls, if Draw has added rows
		l.viewport.toEnd()
	}
}

// ToEnd scrolls to the newest message if the list follows it and no row has the focus. WatchSize makes the page call it,
// when the browser has laid out the rows. If Draw scrolled instead, it would have to make the browser lay them out at once.
func (l *List) ToEnd() {
	if l.rows.box == nil || l.keyboard.walking() {
		return
	}
	// If the user has just scrolled up, following is false already, although the page gets the scroll event only later.
	if _, following := l.viewport.position(l.mounted.newest()); following {
		l.viewport.toEnd()
	}
}

// Restarts reports whether the list has yet to scroll to its newest message, after Restart, or after ToNewest in a list that
// followed. Until then the list follows in any case, so the page need not call NoticeScroll before Draw: that would make the
// browser lay out the page at once.
func (l *List) Restarts() bool { return l.viewport.top == nowhere }

// NoticeScroll finds out whether the user has scrolled, and whether the list follows its newest message from now on. Call it
// before Draw, unless Restarts returns true. Otherwise Draw would not know that the user has scrolled up.
func (l *List) NoticeScroll() {
	if l.rows.box == nil {
		return
	}
	if l.viewport.notice(l.mounted.newest()) {
		l.countdown.counted = time.Time{} // makes the next Count update the rows that have come into sight
		l.keyboard.bars.settle()
	}
}

// Reach runs after the list was scrolled or drawn. If the first or the last row is less than a screen away, Reach puts the
// rows of older or newer messages into the document, if the room has such messages. c is what the list shows.
func (l *List) Reach(c Content) {
	if l.rows.box == nil {
		return
	}
	height := l.rows.log.Get("clientHeight").Float()
	if l.viewport.scrollTop() < l.viewport.gap+height {
		l.viewport.closeGap()
	}
	top := l.viewport.scrollTop()
	switch {
	case top < height && l.rows.moreBefore(c.Messages):
		l.draw(l.mounted.back(c.Messages, l.rows.messages), c)
	case !l.mounted.newest() && l.viewport.below(top) < height:
		l.draw(l.mounted.on(c.Messages, l.rows.messages), c)
	}
}

// Count updates the time left in every row in sight, if an update is due. If a new day has begun or the time zone has
// changed, it also writes the times in all rows again. now is the server's time.
func (l *List) Count(now time.Time) {
	if l.rows.box != nil {
		l.look(now)
	}
	l.countdown.count(now)
}

// Removed reports whether rows or bars were removed from the document since Removed was last called. If so, the page should
// run Go's garbage collector. Until then the browser keeps the removed elements in memory, because Go values refer to them.
func (l *List) Removed() bool {
	removed := l.rows.removed
	l.rows.removed = false
	return removed
}

// Press runs when the user has pressed key in the list. It returns false if the list has no use for the key, so that the
// browser handles the key. The keys that the list uses are:
//   - The arrow keys, Home and End move the focus from row to row or, within the bar of a row, from action to action.
//   - Enter or the menu key opens the actions of the row that has the focus.
//   - Escape closes the actions of the row that contains the focus, and moves the focus to that row. If these actions are
//     not open, Escape moves the focus to the composer.
func (l *List) Press(key string) bool { return l.rows.box != nil && l.keyboard.press(key) }

// Menu runs when a finger stays on element (a long press). It opens the actions of the message that contains element, and
// returns true. If there is no such message, if element is in a link, or if the actions are open already, Menu does nothing
// and returns false: the browser may then show its own menu, so that the user can copy the address or select text.
func (l *List) Menu(element goapp.Value) bool {
	key := keyOf(element)
	if key == "" || key == l.keyboard.bars.open || element.Call("closest", "a").Truthy() {
		return false
	}
	l.keyboard.bars.show(key)
	return true
}

// Selects runs when a finger goes down on element. If the actions of element's message are open already, Selects returns
// true and lets a long press select text. Otherwise it returns false, and a long press opens the actions.
func (l *List) Selects(element goapp.Value) bool {
	key := keyOf(element)
	if key == "" || key != l.keyboard.bars.open {
		return false
	}
	if r := l.rows.at[key]; r.bar != nil {
		r.mark(barSelect)
	}
	return true
}

// Approach runs when the pointer has come to element, an element of the list, or when the focus has come to element's row.
// It shows the bar of the row that contains element, and hides the bar of the row that had the pointer or the focus before.
// If element is nil, the pointer has left the list: Approach only hides that bar.
func (l *List) Approach(element goapp.Value) {
	switch {
	case l.rows.box == nil:
	case element == nil:
		l.keyboard.bars.approach("")
	default:
		if key := keyOf(element); key != "" {
			l.keyboard.bars.approach(key)
		}
	}
}

// Focused runs when the focus has come to element, an element of the page.
func (l *List) Focused(element goapp.Value) { l.keyboard.last = keyOf(element) }

// Blurred runs when element has lost the focus, and no other element has got it.
func (l *List) Blurred(element goapp.Value) {
	if l.rows.box != nil {
		l.keyboard.blurred(element)
	}
}

// Dismiss runs when the user has pressed Escape. It hides all bars.
func (l *List) Dismiss() {
	if l.rows.box != nil {
		l.keyboard.bars.dismiss()
	}
}

// Attend runs when the user has clicked element or moved the focus to it. If element is not in the row whose actions are
// open, Attend closes these actions.
func (l *List) Attend(element goapp.Value) {
	if l.rows.box != nil && l.keyboard.bars.open != "" && keyOf(element) != l.keyboard.bars.open {
		l.keyboard.bars.close()
	}
}
