package list

import (
	"strconv"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/dom"
)

// bars decide which rows show their bar: the row that the user has opened, and the row to which the pointer or the focus
// came last. These may be two rows: an open bar stays while the pointer goes elsewhere.
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

// close closes the actions that are open. Their bar stays while the row has the pointer or the focus.
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

// dismiss hides all bars. That of the row that has the pointer or the focus comes back once either goes there anew.
func (b *bars) dismiss() {
	b.hide(b.rows.at[b.open]) // before close: the focus would be lost in a bar that a style no longer shows
	b.hide(b.rows.at[b.near])
	b.close()
}

// approach shows the bar of the row with this key, to which the pointer or the focus has come, and no longer that of the row
// before. For "" it only does the latter.
func (b *bars) approach(key string) {
	if key == b.near {
		return
	}
	if b.near != b.open {
		b.hide(b.rows.at[b.near])
	}
	b.near = ""
	i := indexOf(b.rows.messages, key)
	if i < 0 || b.rows.messages[i].Seq == 0 { // a message that is not accepted may get other actions at any time
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

// forget forgets the rows that do not stay.
func (b *bars) forget(stays func(key string) bool) {
	if !stays(b.open) {
		b.open = ""
	}
	if !stays(b.near) {
		b.near = ""
	}
}

// settle puts the bars where they belong after the rows were changed or scrolled. If the row whose actions are open is out
// of sight, it closes them.
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

// barOverlap is by how many CSS pixels the bar of a row lies over the row, so that the pointer reaches the bar without
// leaving the row. The style sheet has the same number.
const barOverlap = 8

// The values of the attribute data-side of a bar.
const (
	barAbove  = "above"
	barBelow  = "below"
	barWithin = "within"
)

// placed returns where a bar of this height goes: above its row if it fits into the frame there, else below the row, and
// over the row if it fits nowhere else. Then from is the distance from the top of the row to that of the bar.
func placed(row, frame span, height float64) (side string, from float64) {
	switch {
	case row.top+barOverlap-height >= frame.top:
		return barAbove, 0
	case row.top >= frame.top && row.bottom-barOverlap+height <= frame.bottom:
		return barBelow, 0
	}
	return barWithin, max(0, frame.top-row.top)
}

// rove moves the focus within the bar that has it, as pressed, the name of a key, asks for (toolbar pattern). It reports
// whether the bar uses that key.
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

// roved returns the index of the button, one of n, to which the key with the name pressed leads from the button at the
// index at, -1 if it leads to none. mirrored says that the buttons stand from right to left.
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
