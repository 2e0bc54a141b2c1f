package list

import (
	"slices"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/dom"
)

// A keyboard moves the focus from row to row, and into the bar of a row.
type keyboard struct {
	rows  *rows
	leave func() // moves the focus out of the list
	stop  string // the key of the row at which the Tab key stops; "": it stops at the list itself
	last  string // the key of the row that last got the focus; "": another element got it since, or the user took it away
	bars  bars
}

// focused returns the key of the row that contains the focus, "" if no row does. If the client removes an expired row late,
// the row's mask (mask.go) has made it invisible by then, and the browser has taken the focus from it. Then focused still
// returns the key of that row.
func (k *keyboard) focused() string {
	active := dom.Active()
	switch {
	case k.rows.box.Call("contains", active).Bool():
		return keyOf(active)
	case dom.IsBody(active):
		return k.last
	}
	return ""
}

// blurred runs when element has lost the focus, and no other element has got it. If the user did that, the row of element is
// not focused any more. If the browser did it because the row has become invisible, the row counts as focused.
func (k *keyboard) blurred(element goapp.Value) {
	if dom.IsBody(dom.Active()) && dom.Shown(element) { // if not the body, the window has lost the focus, and gives it back
		k.last = ""
	}
}

// press runs when the user has pressed key in the list, and does what List.Press says. It returns false if the list has no
// use for the key, so that the browser handles the key.
func (k *keyboard) press(key string) bool {
	active := dom.Active()
	from := keyOf(active)
	onRow := from != "" && active.Equal(k.rows.at[from].article)
	switch {
	case key == "Escape" && k.bars.open != "" && from == k.bars.open:
		k.bars.dismiss()
		k.walkTo(from)
		return true
	case key == "Escape":
		k.bars.dismiss()
		k.stopAt("")
		k.leave()
		return true
	case onRow && (key == "Enter" || key == "ContextMenu"):
		k.bars.show(from)
		k.rows.at[from].article.Call("querySelector", ".message-actions button, .message-state button").Call("focus")
		return true
	case k.bars.rove(key):
		return true
	}
	to := walk(k.rows.messages, from, key)
	if to == "" {
		return false
	}
	k.walkTo(to)
	return true
}

// walk returns the key of the row to which the focus moves when the user presses a key of the keyboard, or "" if the focus
// does not move. pressed is the name of the pressed key. current is the key of the row that has the focus, or "" if the list
// itself has the focus.
func walk(rows []client.Message, current, pressed string) string {
	if len(rows) == 0 {
		return ""
	}
	last := len(rows) - 1
	i := indexOf(rows, current)
	switch {
	case pressed == "Home":
		i = 0
	case pressed == "End":
		i = last
	case pressed != "ArrowUp" && pressed != "ArrowDown":
		return ""
	case i < 0:
		i = last // from the list itself the focus moves to the newest message
	case pressed == "ArrowUp":
		i = max(i-1, 0)
	default:
		i = min(i+1, last)
	}
	return rows[i].Key
}

func (k *keyboard) walkTo(key string) {
	k.stopAt(key)
	k.rows.at[key].article.Call("focus")
}

// stopAt makes the Tab key stop at the row with this key or, if key is "", at the list itself. It stops at no other row.
func (k *keyboard) stopAt(key string) {
	to := func(key, value string) {
		if key == "" {
			dom.Set(k.rows.log, "tabindex", value)
		} else if r := k.rows.at[key]; r != nil {
			dom.Set(r.article, "tabindex", value)
		}
	}
	if key != k.stop {
		to(k.stop, "-1")
		to(key, "0")
		k.stop = key
	}
}

// done runs when the user has used an action of the row with this key. It closes the actions of that row. If the focus was
// in the actions, done moves the focus to the row.
func (k *keyboard) done(key string) {
	inside := dom.Active().Call("closest", ".message-actions").Truthy()
	if k.bars.open == key {
		k.bars.close()
	}
	if inside {
		k.stopAt(key)
		dom.FocusInPlace(k.rows.at[key].article)
	}
}

// walking reports whether the focus is in a row, or the actions of a row are open. Then the list must not scroll by itself.
func (k *keyboard) walking() bool {
	return k.bars.open != "" || k.stop != "" && k.focused() != ""
}

// keepFocus runs before the change c is carried out, so that the focus is not lost. If c removes the row that contains the
// focus, keepFocus moves the focus to the nearest row that stays or, if no row stays, to the composer. keepFocus returns the
// row that contains the focus after that, nil if the focus is in no row or c only adds rows at the end. If c moves the
// returned row, the browser takes the focus from it: after c, the caller must focus the row again.
func (k *keyboard) keepFocus(prev []client.Message, c change) goapp.Value {
	stays := func(key string) bool { return k.rows.at[key] != nil && !slices.Contains(c.gone, key) }
	defer func() {
		if k.stop != "" && !stays(k.stop) {
			k.stopAt("")
		}
		k.bars.forget(stays)
	}()
	if len(prev) == 0 || !c.above() {
		return nil
	}
	i := indexOf(prev, k.focused())
	if i < 0 {
		return nil
	}
	key := nearest(prev, i, stays)
	if key == "" {
		k.leave()
		return nil
	}
	if key != prev[i].Key {
		k.stopAt(key)
		dom.FocusInPlace(k.rows.at[key].article)
	}
	return k.rows.at[key].article
}

// keyOf returns the key of the row that contains element, "" if no row does.
func keyOf(element goapp.Value) string {
	article := element.Call("closest", "article")
	if !article.Truthy() {
		return ""
	}
	return article.Get(keyName).String()
}
