package list

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/dom"
	"mayfly/app/words"
)

// Above the text of a reply stands the quote: the beginning of the message that the reply answers. The quote is a button
// that leads to that message. Once that message is gone, the quote shows none of its words, and only says that it has
// expired or was taken back.

// A cited is the message that a reply answers, as the quote shows it.
type cited struct {
	key   string // the key of that message; "": the message is gone
	shown string // what the quote shows
}

// cite returns how the quote in reply shows target, the message that reply answers. target is nil if that message is gone. A
// message that the client never had counts as expired.
func cite(reply, target *client.Message) cited {
	switch {
	case target != nil:
		return cited{target.Key, words.Quoted(target)}
	case reply.Extras.Unmade:
		return cited{shown: words.Of(words.InReplyTakenBack)}
	}
	return cited{shown: words.Of(words.InReplyExpired)}
}

// answered finds for each reply in shown the message in all that it answers. It returns these messages by the keys of the
// replies, with nil for a message that is gone. It takes one pass over each list.
func answered(all, shown []client.Message) map[string]*client.Message {
	var replies []*client.Message
	for i := range shown {
		if x := shown[i].Extras; x != nil && x.ReplyTo != 0 {
			replies = append(replies, &shown[i])
		}
	}
	if replies == nil {
		return nil
	}
	targets := make(map[int64][]*client.Message, len(replies)) // by seq; messages of different epochs may have the same
	for _, r := range replies {
		targets[r.Extras.ReplyTo] = nil
	}
	for i := range all {
		if list, ok := targets[all[i].Seq]; ok {
			targets[all[i].Seq] = append(list, &all[i])
		}
	}
	found := make(map[string]*client.Message, len(replies))
	for _, r := range replies {
		found[r.Key] = nil
		for _, target := range targets[r.Extras.ReplyTo] {
			if r.Answers(target) {
				found[r.Key] = target
			}
		}
	}
	return found
}

// A quote is the element that shows what a reply answers.
type quote struct {
	element goapp.Value
	cited
}

// quotes draws the quotes of the rows.
func (r *rows) quotes(c Content) {
	targets := answered(c.Messages, r.messages)
	if targets == nil {
		return
	}
	for i := range r.messages {
		m := &r.messages[i]
		if target, replies := targets[m.Key]; replies {
			r.at[m.Key].quoteAbove(cite(m, target))
		}
	}
}

// quoteAbove draws the quote above the row's text. The parameter is says what the quote shows.
func (r *row) quoteAbove(is cited) {
	if r.quote != nil && r.quote.cited == is {
		return
	}
	var e goapp.Value
	if is.key != "" {
		e = button(doQuote, is.shown)
		e.Set("className", "message-quote")
		dom.Set(e, "tabindex", r.tabindex())
	} else {
		e = dom.Node("p", "message-quote")
		e.Set("textContent", is.shown)
	}
	if r.quote == nil {
		r.head.Call("after", e)
	} else {
		old := r.quote.element
		r.keepFocus(old, func() { old.Call("replaceWith", e) })
	}
	r.quote = &quote{e, is}
}

// Lead moves the focus to the message that the reply with this key answers, and first puts its row into the document if it
// has none there. It does nothing if that message is gone.
func (l *List) Lead(c Content, key string) {
	reply := l.rows.at[key]
	if reply == nil || reply.quote == nil || reply.quote.key == "" {
		return
	}
	to := reply.quote.key
	at := indexOf(c.Messages, to)
	if at < 0 {
		return
	}
	l.keyboard.bars.close()
	l.viewport.following = false
	if l.rows.at[to] == nil {
		l.draw(l.mounted.begin(c.Messages, at-farther), c)
	}
	article := l.rows.at[to].article
	article.Call("scrollIntoView", map[string]any{"block": "center"})
	l.keyboard.stopAt(to)
	dom.FocusInPlace(article)
}
