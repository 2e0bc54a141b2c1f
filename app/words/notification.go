package words

import "mayfly/app/client"

// Notification returns the sentence of a notification about the message m in the room called room.
func Notification(m *client.Message, room string) string {
	author := isolated(Author(m, len(m.User.Name)))
	switch {
	case m.Extras != nil && m.Extras.ForMe:
		return With(NotifyMention, author, room)
	case m.Extras != nil && m.Extras.ToMe:
		return With(NotifyReply, author, room)
	}
	return With(NotifyNew, room)
}
