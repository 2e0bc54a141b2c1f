package list

import (
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/dom"
	"mayfly/app/words"
)

// Above the text of a reply stands the quote: how the message begins that the reply answers. The quote is a button that
// leads to that message. Once the message is gone, the quote has none of its words: it only says what became of the
// message.

// A fate is what became of a message that a reply answers.
type fate int

const (
	expired fate = iota // also if the list never had the message
	living
	takenBack
)

// A cited is the message that a reply answers, as the quote shows it.
type cited struct {
	fate
	key     string    // of the message, while it lives
	shown   string    // what the quote shows
	expires time.Time // when the message expires, if the list had it
}

// cite returns how a quote shows target, nil if that message is gone. was is how the quote showed the message before. A
// message that is gone before its time was taken back.
func cite(was cited, target *client.Message, now time.Time) cited {
	switch {
	case target != nil:
		return cited{living, target.Key, words.Quoted(target), target.Expires}
	case was.fate == takenBack || was.fate == living && now.Before(was.expires):
		return cited{fate: takenBack, shown: words.Of(words.InReplyTakenBack)}
	}
	return cited{fate: expired, shown: words.Of(words.InReplyExpired)}
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
	for key, target := range answered(c.Messages, r.messages) {
		r.at[key].quoteAbove(target, c.Now)
	}
}

// quoteAbove draws the quote of target, nil if that message is gone.
func (r *row) quoteAbove(target *client.Message, now time.Time) {
	var was cited
	if r.quote != nil {
		was = r.quote.cited
	}
	is := cite(was, target, now)
	if is == was {
		return
	}
	var e goapp.Value
	if is.fate == living {
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
	if reply == nil || reply.quote == nil || reply.quote.fate != living {
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
