package words

import (
	"strings"

	"mayfly/app/client"
)

// maxGivers is how many users a reaction names at most. If more users gave it, the reaction says how many more.
const maxGivers = 20

// Reaction returns what the button of a reaction shows: the emoji, and how many users gave it.
func Reaction(emoji string, n int) string { return With(ReactionCount, emoji, Number(n)) }

// Givers names the users with these ids, who gave a reaction. nameOf returns the name of a user, "" if it is not known.
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
func Quoted(m *client.Message) string { return With(InReplyTo, Begins(m)) }

// Begins returns the author of m, and how the text begins.
func Begins(m *client.Message) string { return With(MessageAloud, speaker(m), First(Text(m))) }

// speaker returns the name of the author of m, "You" for the user.
func speaker(m *client.Message) string {
	if m.Mine {
		return Of(You)
	}
	return Author(m, maxFirst)
}

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
