package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/words"
)

// This file draws two parts above the field: the message that the next message answers, and the button that brings back
// messages which the user has just taken back. Neither part stores a text: each draw takes it from the view, so an expired
// message also vanishes here.

const (
	replyID = "message-reply"
	undoID  = "message-undo"
)

// A reply shows the message that the next message answers.
type reply struct{ *model }

// answered returns the message in v that the next message answers. It returns nil if the next message is no reply, or if
// that message is gone.
func (r *reply) answered(v *client.View) *client.Message {
	for i := range v.Messages {
		if r.replyTo != "" && v.Messages[i].Key == r.replyTo {
			return &v.Messages[i]
		}
	}
	return nil
}

// render draws the message that the next message answers. If the next message is no reply, it draws an empty element,
// because go-app matches the elements after it by their place.
func (r *reply) render() goapp.UI {
	box := elem("div", "composer-offer").Attr("id", replyID)
	if r.replyTo == "" {
		return box
	}
	about := textElem("p", "", words.Of(words.ReplyGone))
	if m := r.answered(&r.view); m != nil {
		before, after := words.Around(words.ReplyingTo)
		about = elem("p", "", goapp.Text(before), textElem("bdi", "", words.Begins(m)), goapp.Text(after))
	}
	cancel := textElem("button", "button", words.Of(words.CancelReply)).Attr("type", "button")
	return box.Body(about, on(cancel, "click", r.onCancel))
}

// onCancel runs when the user does not want to answer the message any more.
func (r *reply) onCancel(goapp.Context, goapp.Event) { r.cancel() }

func (r *reply) cancel() {
	r.replyTo = ""
	focusComposer()
}

// changed reports whether the message that the user answers has come or gone since the previous view, was.
func (r *reply) changed(was *client.View) bool {
	return (r.answered(was) == nil) != (r.answered(&r.view) == nil)
}

// An undo offers to bring back the messages that the user has just taken back.
type undo struct{ *model }

// render draws the button that brings back the messages that the user has just taken back. It draws an empty element if
// there are none.
func (u *undo) render() goapp.UI {
	box := elem("div", "composer-offer").Attr("id", undoID)
	n := len(u.view.Undo)
	if n == 0 {
		return box
	}
	undo := textElem("button", "button", words.Of(words.Undo)).Attr("type", "button")
	return box.Body(textElem("p", "", words.Count(words.TakenBack, n)), on(undo, "click", u.onUndo))
}

// onUndo runs when the user wants the messages back.
func (u *undo) onUndo(goapp.Context, goapp.Event) {
	if n := len(u.view.Undo); n > 0 {
		for _, key := range u.view.Undo {
			u.client.UndoRemove(key)
		}
		u.voice.say(words.Count(words.BroughtBack, n))
	}
	focusComposer()
}

// afterView runs when the page has a new view. was holds the previous view. It says aloud how many messages are taken back.
func (u *undo) afterView(was *client.View) {
	switch n := len(u.view.Undo); {
	case n > len(was.Undo):
		u.voice.say(words.Count(words.TakenBack, n))
	case n == 0 && len(was.Undo) > 0:
		yieldFocus(undoID)
	}
}
