package room

import (
	"slices"

	"mayfly/app/client/outbox"
	"mayfly/shared/wire"
)

// Extras are what only some messages have. Nothing changes them in place (copy on write): a message whose extras change
// gets new ones, so the comparison of two messages notices that.
type Extras struct {
	// what the author chose beside the text. Life is the life of a message that lives shorter than the others of its room
	outbox.Details
	ForMe     bool       // another user's message that mentions the user of this client
	Reactions []Reaction // in the order in which the emoji came; with the user's acts, see Act
	Unmade    bool       // the message that this one answers was taken back; false if it has expired

	given []Reaction // the same without the user's acts, as the server says
}

// Reaction is one emoji on a message.
type Reaction struct {
	Emoji string
	By    []string // the ids of the users who gave it, in the order in which they gave it; Company.Known has their names
	Mine  bool     // the user of this client is one of them
}

// reactions returns a list of the server's as it is shown. me is the id of the user.
func reactions(list []wire.Reaction, me string) (given []Reaction) {
	for _, l := range list {
		given = append(given, Reaction{Emoji: l.Emoji, By: l.By, Mine: slices.Contains(l.By, me)})
	}
	return given
}

// given returns the reactions to m, as the server says.
func (m *Message) given() []Reaction {
	if m.Extras == nil {
		return nil
	}
	return m.Extras.given
}

// react returns list as it is once the user with that id has given a reaction (on) or has taken it away. mine says
// whether that is the user of this client. react changes nothing in place. An emoji that nobody gives any more is left
// out, so it comes last when it is given anew.
func react(list []Reaction, emoji, id string, on, mine bool) []Reaction {
	i := slices.IndexFunc(list, func(r Reaction) bool { return r.Emoji == emoji })
	switch has := i >= 0 && slices.Contains(list[i].By, id); {
	case has == on:
		return list
	case i < 0:
		return append(slices.Clip(list), Reaction{emoji, []string{id}, mine})
	}
	changed := list[i]
	if on {
		changed.By, changed.Mine = append(slices.Clip(changed.By), id), changed.Mine || mine
	} else {
		changed.By = slices.DeleteFunc(slices.Clone(changed.By), func(by string) bool { return by == id })
		changed.Mine = changed.Mine && !mine
	}
	list = slices.Clone(list)
	if len(changed.By) == 0 {
		return slices.Delete(list, i, i+1)
	}
	list[i] = changed
	return list
}

// Answers reports whether m is a reply to o.
func (m *Message) Answers(o *Message) bool {
	return m.Extras != nil && m.Extras.ReplyTo != 0 && m.Extras.ReplyTo == o.Seq && m.Extras.ReplyEpoch == o.epoch
}

// Reply returns the details of a message that answers m, which the server has.
func (m *Message) Reply() outbox.Details { return outbox.Details{ReplyTo: m.Seq, ReplyEpoch: m.epoch} }
