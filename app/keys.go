package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/dom"
)

// One walks the messages by keyboard, and sees what can be done with the one that one is at.

// stopAt makes the row of that key what the Tab key stops at, or the log itself.
func (s *sheet) stopAt(key string) {
	to := func(key, value string) {
		if key == "" {
			dom.Set(s.log, "tabindex", value)
		} else if r := s.at[key]; r != nil {
			dom.Set(r.article, "tabindex", value)
		}
	}
	if key != s.stop {
		to(s.stop, "-1")
		to(key, "0")
		s.stop = key
	}
}

// press does what a key pressed in the log means: the arrows walk from row to row, Enter or the menu key shows what can be
// done with one, Escape leads back, from there to the row and from the row to the composer. It reports whether the key meant
// anything here.
func (s *sheet) press(key string) bool {
	if s.box == nil {
		return false
	}
	active := dom.Active()
	from := keyOf(active)
	onRow := from != "" && active.Equal(s.at[from].article)
	switch {
	case key == "Escape" && s.open != "" && from == s.open:
		s.close()
		s.walkTo(from)
		return true
	case key == "Escape":
		s.stopAt("")
		focusComposer()
		return true
	case onRow && (key == "Enter" || key == "ContextMenu"):
		s.show(from)
		s.at[from].article.Call("querySelector", ".message-actions button, .message-state button").Call("focus")
		return true
	}
	to := walk(s.rows, from, key)
	if to == "" {
		return false
	}
	s.walkTo(to)
	return true
}

func (s *sheet) walkTo(key string) {
	s.stopAt(key)
	s.at[key].article.Call("focus")
}

// show shows what can be done with the message of that key.
func (s *sheet) show(key string) {
	s.close()
	s.open = key
	s.at[key].open(s.parts)
}

// close puts away what can be done with the message for which it is shown.
func (s *sheet) close() {
	if r := s.at[s.open]; r != nil {
		r.close()
	}
	s.open = ""
}

// more shows what can be done with the message of that key, or puts it away.
func (s *sheet) more(key string) {
	if key == s.open {
		s.close()
		return
	}
	s.show(key)
}

// copy copies the text of a message, and lets the button that was pressed say so. Where the page may not use the clipboard,
// without TLS, the browser copies what is selected.
func (s *sheet) copy(key string, pressed goapp.Value) {
	i := indexOf(s.rows, key)
	if i < 0 {
		return
	}
	if clipboard := goapp.Window().Get("navigator").Get("clipboard"); clipboard.Truthy() {
		clipboard.Call("writeText", s.rows[i].Text)
	} else {
		goapp.Window().Call("getSelection").Call("selectAllChildren", s.at[key].head.Get("nextSibling"))
		dom.Document().Call("execCommand", "copy")
	}
	pressed.Set("textContent", "Copied")
}

// keyOf returns the key of the row that element is in, "" if it is in none.
func keyOf(element goapp.Value) string {
	article := element.Call("closest", "article")
	if !article.Truthy() {
		return ""
	}
	return article.Get(keyName).String()
}
