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

// dismiss hides all bars. The row that has the pointer or the focus shows its bar again only after they have left the row
// and come back.
func (b *bars) dismiss() {
	b.hide(b.rows.at[b.open]) // before close, after which a style hides this bar: the focus in it would be lost
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

// forget runs before rows are removed. A row that does not stay is then neither open nor near.
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

// placed returns on which side of its row a bar of this height goes: above the row if the bar fits into the frame there,
// otherwise below it, otherwise over the row. If the bar goes over the row, from is the distance from the top of the row to
// the top of the bar; otherwise it is 0.
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
// focus stays. at is the index of the button that has the focus. pressed is the name of the key. mirrored says that the
// buttons stand from right to left.
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
