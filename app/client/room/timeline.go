package room

import (
	"slices"
	"time"

	"mayfly/shared/wire"
)

// A timeline is what a room shows: the messages, changed as the user's acts say.
type timeline struct {
	Messages []Message // in the server's order; the user's entries stand at the end

	me     wire.User   // the user; zero until the first welcome
	cursor wire.Cursor // the room has all events up to here; Epoch is "" until the room is first joined
	acts   []Act       // the user's reactions and removals that the server has not confirmed
	hidden []Message   // the messages that are not shown, because an act takes them back
}

// An Act is a reaction or a removal by the user that the server has not confirmed. The room shows it at once (optimistic
// update).
type Act struct {
	Seq   int64  // of the message, in the present epoch
	Emoji string // the reaction that the user gives or takes away; "": the user takes the message back
	On    bool   // the user gives the reaction; false: the user takes it away
}

// SetActs shows these acts instead of those of the last call.
func (t *timeline) SetActs(acts []Act) {
	if slices.Equal(acts, t.acts) {
		return
	}
	before := t.acts
	t.acts = acts
	t.showActs(before)
	t.showActs(acts)
}

// forgetActs forgets the acts and the hidden messages, because the server has lost those messages. So a message that the
// user has taken back does not appear again.
func (t *timeline) forgetActs() {
	t.hidden = nil
	t.SetActs(nil)
}

// showActs updates the messages of these acts: each then shows the acts that t has for it, and no others.
func (t *timeline) showActs(acts []Act) {
	for _, a := range acts {
		list, i := t.find(a.Seq)
		if i < 0 {
			continue
		}
		m := t.withGiven((*list)[i], (*list)[i].given())
		this := func(o *Message) bool { return o.Seq == m.Seq && o.epoch == m.epoch }
		takenBack := slices.Contains(t.acts, Act{Seq: a.Seq})
		switch {
		case takenBack && list == &t.Messages:
			t.Messages = without(t.Messages, this)
			t.hidden = append(copied(without(t.hidden, this)), m)
			t.markReplies(&m, true)
		case !takenBack && list == &t.hidden:
			t.hidden = without(t.hidden, this)
			t.Messages = place(copied(t.Messages), m)
			t.markReplies(&m, false)
		default:
			*list = copied(*list)
			(*list)[i] = m
		}
	}
}

// find returns the list that holds the message of the present epoch with that seq, Messages or hidden, and the index of
// the message in it. The index is -1 if there is no such message.
func (t *timeline) find(seq int64) (list *[]Message, i int) {
	if seq == 0 {
		return nil, -1
	}
	this := func(m *Message) bool { return m.Seq == seq && m.epoch == t.cursor.Epoch }
	if i := index(t.Messages, this); i >= 0 {
		return &t.Messages, i
	}
	return &t.hidden, index(t.hidden, this)
}

// drop removes the messages for which gone returns true.
func (t *timeline) drop(gone func(*Message) bool) {
	t.Messages, t.hidden = without(t.Messages, gone), without(t.hidden, gone)
}

// takeBack removes the messages for which gone returns true. It marks the replies to a removed message, unless that
// message had expired at now: nobody has taken back an expired message.
func (t *timeline) takeBack(gone func(*Message) bool, now time.Time) {
	for _, list := range [][]Message{t.Messages, t.hidden} {
		for i := range list {
			if m := &list[i]; gone(m) && now.Before(m.Expires) {
				t.markReplies(m, true)
			}
		}
	}
	t.drop(gone)
}

// markReplies sets Unmade in each reply to m. unmade says whether m was taken back.
func (t *timeline) markReplies(m *Message, unmade bool) {
	stale := func(r *Message) bool { return r.Answers(m) && r.Extras.Unmade != unmade }
	for _, list := range []*[]Message{&t.Messages, &t.hidden} {
		at := index(*list, stale)
		if at < 0 {
			continue
		}
		*list = copied(*list)
		for i := at; i < len(*list); i++ {
			if r := &(*list)[i]; stale(r) {
				x := *r.Extras
				x.Unmade = unmade
				r.Extras = &x
			}
		}
	}
}

// withUnmade returns m, a message from a snapshot, with the Unmade that t has stored for it. A snapshot does not say
// whether the message that m answers was taken back.
func (t *timeline) withUnmade(m Message) Message {
	if list, i := t.find(m.Seq); i >= 0 && m.Extras != nil && (*list)[i].Extras != nil {
		m.Extras.Unmade = (*list)[i].Extras.Unmade
	}
	return m
}

// reacted applies f: a user has given a reaction, or has taken it away.
func (t *timeline) reacted(f wire.Reacted) {
	if list, i := t.find(f.To); i >= 0 {
		given := react((*list)[i].given(), f.Emoji, f.User.ID, f.On, f.User.ID == t.me.ID)
		*list = copied(*list)
		(*list)[i] = t.withGiven((*list)[i], given)
	}
}

// setReactions replaces the reactions to these messages by those that the server says. It copies the lists of messages
// once, not for each message: a room may hold thousands.
func (t *timeline) setReactions(all []wire.MessageReactions) {
	if len(all) == 0 {
		return
	}
	t.Messages, t.hidden = copied(t.Messages), copied(t.hidden)
	for _, m := range all {
		if list, i := t.find(m.Seq); i >= 0 {
			(*list)[i] = t.withGiven((*list)[i], reactions(m.Reactions, t.me.ID))
		}
	}
}

// withGiven returns m with other reactions: given, as the server says, changed by the user's acts. The rest of its extras
// stays.
func (t *timeline) withGiven(m Message, given []Reaction) Message {
	x := Extras{}
	if m.Extras != nil {
		x = *m.Extras
	}
	x.Reactions, x.given = given, given
	for _, a := range t.acts {
		if a.Seq == m.Seq && a.Emoji != "" && m.epoch == t.cursor.Epoch {
			x.Reactions = react(x.Reactions, a.Emoji, t.me.ID, a.On, true)
		}
	}
	if m.Extras = &x; x.None() && len(x.Reactions)+len(given) == 0 {
		m.Extras = nil
	}
	return m
}

// markMine sets Mine on the messages and reactions of me and on the entries, and clears it on all others.
func (t *timeline) markMine(me wire.User) {
	if me.ID == t.me.ID {
		return
	}
	for _, list := range []*[]Message{&t.Messages, &t.hidden} {
		*list = copied(*list)
		for i := range *list {
			m := &(*list)[i]
			m.Mine = m.Seq == 0 || m.User.ID == me.ID
			if m.Seq == 0 && m.User.ID == "" { // the user wrote it before the server named the user
				m.User = me
			}
			if x := m.Extras; x != nil {
				next := *x
				next.ForMe = !m.Mine && slices.Contains(x.Mentions, me.ID)
				m.Extras = &next
			}
			if given := m.given(); len(given) > 0 {
				given = slices.Clone(given)
				for i := range given {
					given[i].Mine = slices.Contains(given[i].By, me.ID)
				}
				*m = t.withGiven(*m, given)
			}
		}
	}
}

// Target returns the message that is shown under key, for an act on it. ok is false if there is no such message, if it is
// an entry, or if it belongs to an earlier epoch.
func (t *timeline) Target(key string) (m Message, ok bool) {
	i := index(t.Messages, func(m *Message) bool { return m.Key == key })
	if i < 0 || t.Messages[i].Seq == 0 || t.Messages[i].epoch != t.cursor.Epoch {
		return Message{}, false
	}
	return t.Messages[i], true
}

// Epoch returns the epoch of the room's seqs, "" before the room is first joined.
func (t *timeline) Epoch() string { return t.cursor.Epoch }

// Has reports whether the message of the present epoch with that seq is there, shown or taken back by an act.
func (t *timeline) Has(seq int64) bool {
	_, i := t.find(seq)
	return i >= 0
}

// Gave reports whether the user has given that reaction to the message with that seq, as the server says.
func (t *timeline) Gave(seq int64, emoji string) bool {
	list, i := t.find(seq)
	return i >= 0 && slices.ContainsFunc((*list)[i].given(), func(r Reaction) bool { return r.Emoji == emoji && r.Mine })
}
