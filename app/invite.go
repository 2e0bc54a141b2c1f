package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/dom"
	"mayfly/app/words"
)

const (
	inviteID     = "invite"
	inviteLinkID = "invite-link"
)

// An invite is the dialog with the link to the room, for other people.
type invite struct {
	*model
	dialog
	said   string // whether the link was copied; "" before the user has copied it
	shares bool   // the browser can hand the link to another app
}

// show opens the dialog.
func (i *invite) show(ctx goapp.Context) {
	i.said, i.shares = "", dom.Shares()
	i.dialog.show(ctx)
}

// render draws the dialog. It returns nil while the dialog is closed. The sentence that says whether the link was copied is
// in a live region inside the dialog: a screen reader ignores all live regions outside a modal dialog.
func (i *invite) render() goapp.UI {
	if !i.open {
		return nil
	}
	field := elem("input", "rooms-name")
	attributes(field, "id", inviteLinkID, "value", linkTo(i.room), "dir", "ltr", "autocomplete", "off",
		"aria-label", words.Of(words.InviteLink))
	field.Attr("readonly", true)
	copying := textElem("button", "button button-main", words.Of(words.CopyLink)).Attr("type", "button")
	copying.Attr("autofocus", true)
	buttons := []goapp.UI{on(copying, "click", i.onCopy)}
	if i.shares {
		share := textElem("button", "button", words.Of(words.ShareLink)).Attr("type", "button")
		buttons = append(buttons, on(share, "click", i.onShare))
	}
	body := []goapp.UI{
		textElem("p", "", words.Of(words.InviteText)),
		on(field, "focus", i.onField),
		elem("div", "dialog-buttons", append(buttons, textElem("p", "dialog-said", i.said).Attr("role", "status"))...),
	}
	if code := qrImage(linkTo(i.room)); code != "" {
		picture := elem("div", "invite-code", goapp.Raw(code))
		attributes(picture, "role", "img", "aria-label", words.With(words.QRCode, i.room))
		body = append(body, picture)
	}
	return i.frame(words.With(words.InviteTo, i.room), body...)
}

// onField runs when the field with the link gets the focus. It selects the link, so that a user can copy it.
func (i *invite) onField(ctx goapp.Context, e goapp.Event) {
	ctx.PreventUpdate()
	e.Get("target").Call("select")
}

// onCopy runs when the user presses the button that copies the link.
func (i *invite) onCopy(ctx goapp.Context, _ goapp.Event) {
	dom.Copy(linkTo(i.room), func(copied bool) {
		dispatch(ctx, func(goapp.Context) {
			i.said = words.Of(words.LinkCopied)
			if !copied {
				i.said = words.Of(words.LinkNotCopied)
			}
		})
	})
}

// onShare runs when the user presses the button that hands the link to another app.
func (i *invite) onShare(ctx goapp.Context, _ goapp.Event) {
	ctx.PreventUpdate()
	dom.Share(words.With(words.RoomTitle, i.room), linkTo(i.room))
}
