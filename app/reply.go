package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/words"
)

// This file draws two parts above the composer's field. The type reply shows the message that the user's next message
// answers. The type undo has a button that brings back messages which the user has just taken back. Both take the texts from
// the view at each draw and store none, so an expired message also vanishes here.

const (
	replyID = "message-reply"
	undoID  = "message-undo"
)

// A reply shows the message that the next message answers.
type reply struct{ *model }

// answered returns the message in v that the user's next message answers. It returns nil if the next message is no reply, or
// if the answered message is gone.
func (r *reply) answered(v *client.View) *client.Message {
	for i := range v.Messages {
		if r.draft.answers != "" && v.Messages[i].Key == r.draft.answers {
			return &v.Messages[i]
		}
	}
	return nil
}

// render draws the message that the next message answers. If the next message is no reply, render draws an empty element.
// The element must not be missing: go-app compares elements by their position, so it would draw all following elements anew.
func (r *reply) render() goapp.UI {
	box := elem("div", "composer-offer").Attr("id", replyID)
	if r.draft.answers == "" {
		return box
	}
	about := textElem("p", "", words.Of(words.ReplyGone))
	if m := r.answered(&r.view); m != nil {
		before, begin, after := words.Answered(m)
		about = elem("p", "", goapp.Text(before), textElem("bdi", "", begin), goapp.Text(after))
	}
	cancel := textElem("button", "button", words.Of(words.CancelReply)).Attr("type", "button")
	return box.Body(about, on(cancel, "click", r.onCancel))
}

// onCancel runs when the user presses the button "Cancel reply": the next message is then no reply.
func (r *reply) onCancel(goapp.Context, goapp.Event) { r.cancel() }

func (r *reply) cancel() {
	r.draft.answers = ""
	focusComposer()
}

// changed compares the previous view, was, with the present view. It reports whether the message that the user answers is in
// only one of them.
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

// onUndo runs when the user presses the button that brings back the messages.
func (u *undo) onUndo(goapp.Context, goapp.Event) {
	if n := len(u.view.Undo); n > 0 {
		for _, key := range u.view.Undo {
			u.client.UndoRemove(key)
		}
		u.voice.say(words.Count(words.BroughtBack, n))
	}
	focusComposer()
}

// afterView runs when the page has a new view. was is the previous view. If the user has taken back more messages, a screen
// reader says how many are taken back. If the button disappears, the focus moves from it to the composer.
func (u *undo) afterView(was *client.View) {
	switch n := len(u.view.Undo); {
	case n > len(was.Undo):
		u.voice.say(words.Count(words.TakenBack, n))
	case n == 0 && len(was.Undo) > 0:
		yieldFocus(undoID)
	}
}
