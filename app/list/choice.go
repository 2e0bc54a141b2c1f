package list

import goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

// An Action is what the user wants to do with a message.
type Action int

// The page carries out these actions, because a List can't. None means that the page has nothing to do. Retry and Discard
// are only for the user's own messages, and so is TakeBack, unless the user is a moderator. Quote moves the focus from a
// reply to the message that the reply answers. Moderate is for a moderator, and about the author of the message.
const (
	None Action = iota
	Copy
	Retry
	Discard
	React
	Reply
	TakeBack
	Quote
	Moderate
)

// A Choice is what the user has chosen to do with a message.
type Choice struct {
	Action
	Key   string // the key of the message
	Emoji string // for React: which reaction; "" for other actions
	On    bool   // for React: the user gives the reaction; false: the user takes it away
}

// Click runs when the user has clicked target, an element in the list. If target is in a button whose action the page must
// carry out, Click returns that action. Otherwise it returns the zero Choice.
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
	case doModerate:
		l.keyboard.done(key) // the dialog that opens gives the focus back to the row
		return Choice{Action: Moderate, Key: key}
	}
	return Choice{}
}
