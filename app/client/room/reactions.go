package room

import (
	"slices"

	"mayfly/app/client/outbox"
	"mayfly/shared/wire"
)

// Extras are the parts of a message that most messages do not have. They are never changed in place (copy on write): when
// the extras of a message change, its field Extras gets a new pointer. So equal pointers mean equal extras.
type Extras struct {
	// what the author chose beside the text. Life is 0 unless the message lives shorter than the others of its room
	outbox.Details
	ForMe     bool       // another user's message that mentions the user of this client
	ToMe      bool       // another user's message that answers a message of the user of this client
	Reactions []Reaction // what the page shows: given, with the effects of the user's acts; the earliest emoji is first
	Unmade    bool       // the message that this reply answers was taken back; an expiry does not count

	given []Reaction // the reactions that the server has confirmed, in the order in which each emoji was first given
}

// Reaction is one emoji on a message.
type Reaction struct {
	Emoji string
	By    []string // the ids of the users who gave it, in the order in which they gave it; Company.Known has their names
	Mine  bool     // By contains the id of this client's user
}

// reactions converts the server's list of the reactions to a message. me is the id of this client's user.
func reactions(list []wire.Reaction, me string) (given []Reaction) {
	for _, l := range list {
		given = append(given, Reaction{Emoji: l.Emoji, By: l.By, Mine: slices.Contains(l.By, me)})
	}
	return given
}

// react returns the new list after the user with that id has given the reaction emoji (on is true) or has taken it away (on
// is false). mine says whether that user is the user of this client. react does not change list in place. An emoji that
// nobody gives any more is removed from the list. A new emoji is added at the end.
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
