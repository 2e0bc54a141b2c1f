package words

import (
	"strings"

	"mayfly/app/client"
)

// RoomRow returns what assistive technology says of a room in the list: "#lobby, 3 unread, mentions you".
func RoomRow(n *client.News, pinned, muted bool) string {
	parts := []string{"#" + n.Room}
	if n.Unread > 0 {
		parts = append(parts, Count(Unread, n.Unread))
	}
	for _, p := range []struct {
		is bool
		k  Key
	}{{n.ForMe != nil, RoomForYou}, {muted, RoomMuted}, {pinned, RoomPinned}, {n.Refused != client.Problem{}, RoomRefused}} {
		if p.is {
			parts = append(parts, Of(p.k))
		}
	}
	said := strings.Join(parts, Of(ListSeparator))
	if n.TTL > 0 {
		said += ". " + With(LifeInRoom, Lifetime(n.TTL))
	}
	return said
}

// RoomsUnread returns the name of the button that opens the list of rooms, if n messages of other rooms are unread. forMe
// is true if one of these messages mentions the user, or answers a message of the user.
func RoomsUnread(n int, forMe bool) string {
	said := Of(Rooms) + Of(ListSeparator) + Count(Unread, n)
	if forMe {
		said += Of(ListSeparator) + Of(RoomForYou)
	}
	return said
}
