package app

import (
	"strconv"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/words"
)

// skip draws the skip link, with which a user of the keyboard jumps over the header. It leads to the composer. On a page
// without a composer, it leads to the sentence that says why there is no composer.
func (p *page) skip() goapp.UI {
	if p.badRoom {
		return textElem("a", "skip", words.Of(words.SkipToReason)).Attr("href", "#"+reasonID)
	}
	return textElem("a", "skip", words.Of(words.SkipLink)).Attr("href", "#"+composerID)
}

// header draws the parts of the header and the bars below it. The bar that offers to install Mayfly is drawn only if there
// is no other bar and the sentence of the first visit (welcome) is not shown.
func (p *page) header() goapp.UI {
	title := []goapp.UI{textElem("h1", "room", p.heading()), p.renderLife(), p.roomlist.renderButton()}
	if count := p.people.renderCount(); count != nil {
		title = append(title, count)
	}
	body := []goapp.UI{
		elem("div", "title", title...),
		elem("div", "state", textElem("a", "brand", words.Of(words.Product)).Attr("href", "/"),
			p.account.renderName(), p.connection.render()),
	}
	ends := []goapp.UI{p.menu.render()}
	if button := p.account.renderButton(); button != nil {
		ends = append(ends, button)
	}
	body = append(body, elem("div", "header-end", ends...))
	bars := 0
	for _, bar := range []goapp.UI{p.account.renderProblem(), p.notice.render(), p.update.render()} {
		if bar != nil {
			body = append(body, bar)
			bars++
		}
	}
	if offer := p.install.render(); offer != nil && bars == 0 && !p.welcome.shown {
		body = append(body, offer)
	}
	return elem("header", "header", body...).Attr(regionMark, firstControl)
}

// renderLife draws how long messages live in the room and, if the room has slow mode, how often a user may post. While the
// page does not know how long messages live, renderLife draws an empty element instead. Otherwise the rest of the header
// would move when the text appears.
func (p *page) renderLife() goapp.UI {
	life := p.life()
	if life == 0 {
		return elem("p", "life life-unknown")
	}
	chips := []goapp.UI{textElem("span", "", words.Brief(life)).Attr("aria-hidden", "true"),
		textElem("span", "unseen", words.With(words.LifeInRoom, words.Lifetime(life)))}
	if slow := p.view.Slow; slow > 0 && p.view.Room == p.room {
		chips = append(chips, textElem("span", "slow", words.Brief(slow)).Attr("aria-hidden", "true"),
			textElem("span", "unseen", ". "+words.With(words.SlowHere, words.Span(slow))))
	}
	return elem("p", "life", chips...).Attr(lifeMark, strconv.FormatInt(life.Milliseconds(), 10))
}

// heading returns the heading of the page: the name of the room, "…" while the page does not know the room yet, or a
// sentence if no room can have the name in the path.
func (p *page) heading() string {
	switch {
	case p.badRoom:
		return words.Of(words.NoSuchRoom)
	case p.room == "":
		return "…"
	default:
		return "#" + p.room
	}
}
