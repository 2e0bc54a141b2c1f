package room

import (
	"slices"
	"time"

	"mayfly/shared/wire"
)

// A timeline holds the messages that a room shows. The effects of the user's acts are already in these messages.
type timeline struct {
	Messages []Message // first the server's messages, in the server's order; then the user's entries

	me     wire.User   // the user; zero until the first welcome
	cursor wire.Cursor // the room has all events up to here; Epoch is "" until the room is first joined
	acts   []Act       // the user's reactions and removals that the server has not confirmed
	hidden []Message   // the messages that the user has taken back; they are shown again if that act is undone or refused
}

// An Act is a reaction or a removal by the user that the server has not confirmed. The room shows it at once (optimistic
// update).
type Act struct {
	Seq   int64  // the seq of the message that the act is about, in the present epoch
	Emoji string // the reaction that the user gives or takes away; "": the user takes the message back
	On    bool   // the user gives the reaction; false: the user takes it away
}

// SetActs replaces the user's unconfirmed acts by acts. It updates the messages that the old acts are about, and those that
// the new acts are about.
func (t *timeline) SetActs(acts []Act) {
	if slices.Equal(acts, t.acts) {
		return
	}
	before := t.acts
	t.acts = acts
	t.showActs(before)
	t.showActs(acts)
}

// forgetActs runs when the server has lost the messages of the room. It forgets the acts, and deletes the hidden messages.
// If it kept these messages, which the user has taken back, they would appear again, because their acts are gone.
func (t *timeline) forgetActs() {
	t.hidden = nil
	t.SetActs(nil)
}

// showActs updates the messages that the acts in the list acts are about. Each of these messages then shows the effects of
// the acts in t.acts, and of no others. SetActs also passes acts that are no longer in t.acts: their effects disappear.
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

// find looks for the message of the present epoch with that seq. It returns a pointer to the list that contains the message
// (t.Messages or t.hidden), and the index of the message in that list. The index is -1 if there is no such message.
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

// takeBack removes the messages for which gone returns true. If such a message has not expired at now, somebody has taken it
// back: then takeBack sets Unmade in the replies to that message.
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

// withKnown returns m, a message from a snapshot, with the fields Unmade and ToMe that t has stored for m. A snapshot does
// not say whether the message that m answers was taken back, nor who wrote that message.
func (t *timeline) withKnown(m Message) Message {
	if list, i := t.find(m.Seq); i >= 0 && m.Extras != nil && (*list)[i].Extras != nil {
		known := (*list)[i].Extras
		m.Extras.Unmade, m.Extras.ToMe = known.Unmade, m.Extras.ToMe || known.ToMe
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

// setReactions replaces the reactions of messages by those that the server has sent. all has an item for each such message.
// setReactions copies the lists of messages only once, because a room may have thousands of messages.
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

// withGiven returns m with new reactions. given are the reactions that the server has confirmed. The returned message shows
// them together with the effects of the user's acts. All other extras are those of m.
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

// markMine runs when the server has said who the user of this client is; me is that user. It sets Mine on all entries, on
// the messages that the user has written, and on the reactions that the user has given. On all others it clears Mine. It
// also sets ForMe on the messages that mention the user and that other users have written.
func (t *timeline) markMine(me wire.User) {
	if me.ID == t.me.ID {
		return
	}
	for _, list := range []*[]Message{&t.Messages, &t.hidden} {
		*list = copied(*list)
		for i := range *list {
			m := &(*list)[i]
			m.Mine = m.Seq == 0 || m.User.ID == me.ID
			if m.Seq == 0 && m.User.ID == "" { // the user wrote this entry before the first welcome
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

// Target returns the shown message whose Key is key. ok is false if the user cannot act on the message (react to it, or take
// it back): because there is no such message, because it is an entry, or because it belongs to an earlier epoch.
func (t *timeline) Target(key string) (m Message, ok bool) {
	i := index(t.Messages, func(m *Message) bool { return m.Key == key })
	if i < 0 || t.Messages[i].Seq == 0 || t.Messages[i].epoch != t.cursor.Epoch {
		return Message{}, false
	}
	return t.Messages[i], true
}

// Epoch returns the epoch of the room's seqs, "" before the room is first joined.
func (t *timeline) Epoch() string { return t.cursor.Epoch }

// Has reports whether t has the message of the present epoch with that seq. The message may be shown, or hidden because the
// user has taken it back.
func (t *timeline) Has(seq int64) bool {
	_, i := t.find(seq)
	return i >= 0
}

// Gave reports whether the server has confirmed that the user gave that reaction to the message with that seq.
func (t *timeline) Gave(seq int64, emoji string) bool {
	list, i := t.find(seq)
	return i >= 0 && slices.ContainsFunc((*list)[i].given(), func(r Reaction) bool { return r.Emoji == emoji && r.Mine })
}
