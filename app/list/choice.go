package list

import goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

// An Action is what the user wants of a message.
type Action int

// The actions that a List does not do itself. Retry, Discard and TakeBack are for the user's own messages. Quote leads to
// the message that a reply answers.
const (
	None Action = iota
	Copy
	Retry
	Discard
	React
	Reply
	TakeBack
	Quote
)

// A Choice is what the user has chosen to do with a message.
type Choice struct {
	Action
	Key   string // of the message
	Emoji string // of React
	On    bool   // of React: the user gives the reaction
}

// Click carries out a click on target, an element in the list. If target is the button of an action that the caller must
// carry out, Click returns it.
func (l *List) Click(target goapp.Value) Choice {
	pressed := target.Call("closest", "["+doName+"]")
	if !pressed.Truthy() {
		return Choice{}
	}
	key := keyOf(target)
	switch pressed.Call("getAttribute", doName).String() {
	case doMore:
		l.keyboard.bars.toggle(key)
	case doAll:
		l.viewport.unfold(key)
	case doCopy, doCode:
		return Choice{Action: Copy, Key: key}
	case doRetry:
		return Choice{Action: Retry, Key: key}
	case doDiscard:
		return Choice{Action: Discard, Key: key}
	case doReact:
		l.keyboard.done(key)
		on := pressed.Call("getAttribute", "aria-pressed").String() != "true"
		return Choice{React, key, pressed.Call("getAttribute", emojiName).String(), on}
	case doReply:
		l.keyboard.bars.close()
		return Choice{Action: Reply, Key: key}
	case doTakeBack:
		return Choice{Action: TakeBack, Key: key}
	case doQuote:
		return Choice{Action: Quote, Key: key}
	}
	return Choice{}
}
