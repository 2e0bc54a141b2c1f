package words

import (
	"strings"

	"mayfly/app/client"
)

// maxGivers is how many users a reaction names at most. If more users gave it, the reaction says how many more.
const maxGivers = 20

// Reaction returns what the button of a reaction shows: the emoji, and how many users gave it.
func Reaction(emoji string, n int) string { return With(ReactionCount, emoji, Number(n)) }

// Givers returns the names of the users who gave a reaction, as one text. ids are the ids of these users. nameOf returns the
// name of a user, "" if the name is not known. If Givers leaves out users, the text ends with their number, as in "3
// others".
func Givers(ids []string, nameOf func(id string) string) string {
	var names []string
	for _, id := range ids {
		if name := nameOf(id); name != "" && len(names) < maxGivers {
			names = append(names, name)
		}
	}
	if rest := len(ids) - len(names); rest > 0 {
		names = append(names, Count(Others, rest))
	}
	return strings.Join(names, Of(ListSeparator))
}

// Quoted returns the text of the quote in a reply to m: that the message is a reply, the author of m, and how m begins.
func Quoted(m *client.Message) string {
	if m.Mine {
		return With(InReplyToYou, First(Text(m)))
	}
	return With(InReplyTo, begins(m))
}

// Answered returns a sentence in three parts: it says that the user is answering m. begin contains the author of m, unless
// the user wrote m, and the beginning of m.
func Answered(m *client.Message) (before, begin, after string) {
	k, begin := ReplyingTo, begins(m)
	if m.Mine {
		k, begin = ReplyingToYou, First(Text(m))
	}
	before, after = Around(k)
	return before, begin, after
}

// begins returns the author of m and the beginning of its text, as in "Ada: See you at".
func begins(m *client.Message) string { return With(MessageAloud, Author(m, maxFirst), First(Text(m))) }

// extras returns sentences about what only some messages have: a mention of the user, a message that m answers, reactions,
// and a shorter life. It returns "" if m has none of these.
func extras(m *client.Message) string {
	if m.Extras == nil {
		return ""
	}
	said := ""
	if m.Extras.ForMe {
		said += " " + Of(MentionsYou)
	}
	if m.Extras.ReplyTo != 0 {
		said += " " + Of(IsReply)
	}
	if n := len(m.Extras.Reactions); n > 0 {
		var given []string
		for i := range m.Extras.Reactions {
			r := &m.Extras.Reactions[i]
			given = append(given, Reaction(r.Emoji, len(r.By)))
		}
		said += " " + With(HasReactions, strings.Join(given, Of(ListSeparator)))
	}
	if life := m.Extras.Life; life > 0 {
		said += " " + With(ShorterLife, Lifetime(life)) + "."
	}
	return said
}
