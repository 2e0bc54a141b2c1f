package list

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/dom"
	"mayfly/app/words"
)

// Above the text of a reply stands the quote: how the message begins that the reply answers. The quote is a button that
// leads to that message. Once the message is gone, the quote has none of its words: it only says what became of the
// message.

// A cited is the message that a reply answers, as the quote shows it.
type cited struct {
	key   string // of the message; "": it is gone
	shown string // what the quote shows
}

// cite returns how the quote of reply shows target, the message that it answers, nil if that message is gone. A message that
// the client never had counts as expired.
func cite(reply, target *client.Message) cited {
	switch {
	case target != nil:
		return cited{target.Key, words.Quoted(target)}
	case reply.Extras.Unmade:
		return cited{shown: words.Of(words.InReplyTakenBack)}
	}
	return cited{shown: words.Of(words.InReplyExpired)}
}

// answered returns the messages of all that the replies in shown answer, by the keys of the replies. For a reply to a
// message that is gone, it has nil. It takes one pass over each list.
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
	targets := make(map[int64][]*client.Message, len(replies)) // by seq, which may be the same in another epoch
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

// quoteAbove draws the quote is.
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

// Lead moves the focus to the message that the reply with this key answers, and mounts its row if necessary. It does nothing
// if that message is gone.
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
