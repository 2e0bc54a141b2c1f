package list

import (
	"strconv"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/dom"
)

// The bar of a row is a toolbar with the row's actions, such as Reply (actions.go). bars decides which rows have a bar: the
// row whose actions the user has opened, and the row to which the pointer or the focus came last. These may be two different
// rows: an open bar stays while the pointer is elsewhere.
type bars struct {
	rows *rows
	open string // the key of the row whose actions are open; "": none
	near string // the key of the row to which the pointer or the focus came last; "": none
}

// toggle opens the actions of the row with this key, or hides them if they are open.
func (b *bars) toggle(key string) {
	if key == b.open {
		b.dismiss()
		return
	}
	b.show(key)
}

// show opens the actions of the row with this key.
func (b *bars) show(key string) {
	i := indexOf(b.rows.messages, key)
	if key == b.open || i < 0 {
		return
	}
	b.close()
	b.open = key
	b.rows.at[key].open(b.rows.templates, &b.rows.messages[i])
	b.place(b.rows.at[key])
}

// close closes the actions that are open. The bar of that row stays if the row is also the row in near, to which the pointer
// or the focus came last.
func (b *bars) close() {
	key, r := b.open, b.rows.at[b.open]
	b.open = ""
	if r == nil {
		return
	}
	r.close()
	if key != b.near {
		b.hide(r)
	}
}

// dismiss hides all bars. The row that has the pointer or the focus gets its bar again only when the pointer or the focus
// has left the row and comes back.
func (b *bars) dismiss() {
	// Remove the bar before close: close lets a style hide the bar, and the browser would then take the focus from a button
	// in the bar. hideBar moves that focus to the row.
	b.hide(b.rows.at[b.open])
	b.hide(b.rows.at[b.near])
	b.close()
}

// approach shows the bar of the row with this key, to which the pointer or the focus has come. It hides the bar of the row
// where the pointer or the focus was before. If key is "", it only hides that bar.
func (b *bars) approach(key string) {
	if key == b.near {
		return
	}
	if b.near != b.open {
		b.hide(b.rows.at[b.near])
	}
	b.near = ""
	i := indexOf(b.rows.messages, key)
	if i < 0 || b.rows.messages[i].Seq == 0 { // no bar: a message that is not accepted yet may get other actions at any time
		return
	}
	b.near = key
	b.rows.at[key].showBar(b.rows.templates, &b.rows.messages[i])
	b.place(b.rows.at[key])
}

func (b *bars) hide(r *row) {
	if r != nil && r.bar != nil {
		r.hideBar()
		b.rows.removed = true
	}
}

// forget runs before rows are removed. It sets b.open to "" if the row with the key b.open will be removed, and b.near to ""
// if the row with the key b.near will be removed. stays reports whether the row with a key will still be in the list.
func (b *bars) forget(stays func(key string) bool) {
	if !stays(b.open) {
		b.open = ""
	}
	if !stays(b.near) {
		b.near = ""
	}
}

// settle puts the bars where they belong after the rows were changed or scrolled. If the row whose actions are open is out
// of sight, settle closes these actions.
func (b *bars) settle() {
	if r := b.rows.at[b.open]; r != nil {
		frame := spanOf(b.rows.frame())
		if row := spanOf(r.rect()); row.bottom <= frame.top || row.top >= frame.bottom {
			b.dismiss()
		}
	}
	b.place(b.rows.at[b.open])
	if b.near != b.open {
		b.place(b.rows.at[b.near])
	}
}

// place puts the bar of r above the row, below it, or over it.
func (b *bars) place(r *row) {
	if r == nil || r.bar == nil {
		return
	}
	row, frame := spanOf(r.rect()), spanOf(b.rows.frame())
	side, from := placed(row, frame, r.bar.Get("offsetHeight").Float())
	dom.Set(r.bar, "data-side", side)
	r.bar.Get("style").Call("setProperty", "--from", strconv.FormatFloat(from, 'f', 0, 64)+"px")
}

// A span is the vertical extent of an element on the screen, in CSS pixels.
type span struct{ top, bottom float64 }

func spanOf(rect goapp.Value) span { return span{rect.Get("top").Float(), rect.Get("bottom").Float()} }

// barOverlap is how much of a row its bar covers, in CSS pixels, so that the pointer can move from the row to the bar
// without a gap between them. The style sheet has the same number.
const barOverlap = 2

// The values of the attribute data-side of a bar: above its row, below its row, or over the row. A style positions the bar.
const (
	barAbove  = "above"
	barBelow  = "below"
	barWithin = "within"
)

// placed decides where the bar of a row goes. row and frame are the extents of the row and of the box in which the list
// scrolls, and height is the height of the bar. The bar goes above the row if it fits into the box there. Otherwise it goes
// below the row if the top of the row is in sight and the bar fits there, and else over the row. For a bar over the row,
// from is the distance from the top of the row to the top of the bar; otherwise from is 0.
func placed(row, frame span, height float64) (side string, from float64) {
	switch {
	case row.top+barOverlap-height >= frame.top:
		return barAbove, 0
	case row.top >= frame.top && row.bottom-barOverlap+height <= frame.bottom:
		return barBelow, 0
	}
	return barWithin, max(0, frame.top-row.top)
}

// rove runs when the user has pressed a key in the list; pressed is the key's name. If the focus is in a bar, the arrow
// keys, Home and End move it to another button of that bar (toolbar pattern). rove reports whether the bar uses the key.
func (b *bars) rove(pressed string) bool {
	active := dom.Active()
	bar := active.Call("closest", ".message-actions")
	if !bar.Truthy() {
		return false
	}
	buttons := bar.Call("querySelectorAll", "button")
	n, at := buttons.Length(), 0
	for at < n && !buttons.Index(at).Equal(active) {
		at++
	}
	mirrored := goapp.Window().Call("getComputedStyle", bar).Get("direction").String() == "rtl"
	to := roved(n, at, pressed, mirrored)
	if to < 0 {
		return false
	}
	if r := b.rows.at[keyOf(active)]; r != nil && r.opened() {
		r.stopInBar(buttons.Index(to))
	}
	buttons.Index(to).Call("focus")
	return true
}

// roved returns the index of the button that gets the focus when the user presses a key in a bar of n buttons, or -1 if the
// focus stays. at is the index of the button that has the focus. pressed is the name of the key. mirrored is true if the
// first button is at the right, because the page is written from right to left.
func roved(n, at int, pressed string, mirrored bool) int {
	switch {
	case pressed == "Home":
		return 0
	case pressed == "End":
		return n - 1
	case pressed == "ArrowRight" && !mirrored, pressed == "ArrowLeft" && mirrored:
		return (at + 1) % n
	case pressed == "ArrowLeft", pressed == "ArrowRight":
		return (at + n - 1) % n
	}
	return -1
}
