package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/words"
)

const noticeID = "notice"

// A notice is a sentence that the page shows below the header until the user dismisses it. text is "" if there is no notice.
type notice struct{ text string }

// render draws the notice. It returns nil if there is no notice.
func (n *notice) render() goapp.UI {
	if n.text == "" {
		return nil
	}
	return bar(words.Of(words.NoticeRegion), noticeID, n.text, "", nil, n.onDismiss)
}

// afterView runs when the page has a new view. is is the new view, and was is the previous one. If the server has refused
// something that the user did since the previous view, the notice says why.
func (n *notice) afterView(was, is *client.View) {
	if is.Notice.N > was.Notice.N {
		n.text = words.Refused(&is.Notice)
	}
}

// onDismiss runs when the user dismisses the notice.
func (n *notice) onDismiss(goapp.Context, goapp.Event) {
	n.text = ""
	focusComposer()
}

// bar draws a bar below the header. The bar shows text, and has a button that runs dismiss. If name is not "", the bar also
// has a button with that name, which runs action. label is the accessible name of the bar, and id is the id of its element.
func bar(label, id, text, name string, action, dismiss goapp.EventHandler) goapp.UI {
	body := []goapp.UI{textElem("p", "", text)}
	if name != "" {
		body = append(body, barButton(name, action))
	}
	section := elem("section", "notice", append(body, barButton(words.Of(words.Dismiss), dismiss))...)
	attributes(section, "id", id, "aria-label", label)
	return section
}

func barButton(name string, action goapp.EventHandler) goapp.HTMLElem {
	return on(textElem("button", "notice-dismiss", name).Attr("type", "button"), "click", action)
}
