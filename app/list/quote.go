package list

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/dom"
	"mayfly/app/words"
)

// The row of a reply shows a quote above the reply's text: the beginning of the message that the reply answers. The quote is
// a button that leads to that message. When that message has expired or was taken back, the quote shows none of its words,
// and only says which of the two has happened.

// A cited is the message that a reply answers, as the quote shows it.
type cited struct {
	key   string // the key of the answered message; "": that message is gone
	shown string // what the quote shows
}

// cite returns what the quote in reply shows. target is the message that reply answers, nil if that message is gone. The
// quote of a gone message says that it was taken back, if the client knows that; otherwise the quote says that it has
// expired.
func cite(reply, target *client.Message) cited {
	switch {
	case target != nil:
		return cited{target.Key, words.Quoted(target)}
	case reply.Extras.Unmade:
		return cited{shown: words.Of(words.InReplyTakenBack)}
	}
	return cited{shown: words.Of(words.InReplyExpired)}
}

// answered finds the messages that replies answer. The replies are in the list shown, and the answered messages are in the
// list all. In the result, the key is the key of a reply, and the value is the message that the reply answers, nil if that
// message is gone. answered takes one pass over each list.
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
	targets := make(map[int64][]*client.Message, len(replies)) // by seq; messages of different epochs may have the same seq
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

// quotes draws the quote in each row of a reply. It runs at each draw of the list, because the message that a reply answers
// may have expired.
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

// quoteAbove draws a quote above the row's text. The parameter is says what the quote shows. If the row has the same quote
// already, quoteAbove does nothing.
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

// Lead runs when the user has pressed the quote of the reply with this key. It moves the focus to the message that the reply
// answers. If that message has no row in the document yet, Lead first makes one. If that message is gone, Lead does nothing.
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
