package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/words"
)

const noticeID = "notice"

// A notice is a sentence that stands below the header until the user dismisses it.
type notice struct{ text string }

// render draws the notice, nil if there is none.
func (n *notice) render() goapp.UI {
	if n.text == "" {
		return nil
	}
	return bar(words.Of(words.NoticeRegion), noticeID, n.text, "", nil, n.onDismiss)
}

// onDismiss runs when the user dismisses the notice.
func (n *notice) onDismiss(goapp.Context, goapp.Event) {
	n.text = ""
	focusComposer()
}
