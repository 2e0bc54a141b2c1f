package hub

import (
	"fmt"
	"time"

	"mayfly/shared/wire"
)

// The sentences for the field message of the frame refused. A client may show them to the user. The web client shows
// them in English, for the codes for which it has no sentence of its own (words.Problem).
const (
	badID       = "A message's id must be a UUID in lower case."
	readOnly    = "You can write here only when you are signed in."
	badRoomName = "A room's name has 1 to 64 of a-z, 0-9 and -, and does not begin with -."
	noPlace     = "This server has no place for another room now."
	notOpened   = "The room cannot be opened now. Try again soon."
	notArrived  = "This server does not have everything of the room yet. Try again soon."
	joinFirst   = "You are not in this room: join it first."
	roomFull    = "The room is full. Wait until some of its messages have expired."

	signedInName = "Only guests can choose a name here: yours comes from your sign-in."

	youAreMuted   = "A moderator has muted you here."
	youAreBanned  = "A moderator has banned you from this room."
	notModerator  = "Only moderators can do this."
	aModerator    = "This person is a moderator too."
	tooManyBarred = "So many people are or were muted or banned here that there is no place for more now. Try again later."

	messageGone   = "This message is not there any more."
	answeredGone  = "The message that you answer is not there any more."
	notYours      = "You can take back only your own messages."
	badEmoji      = "Nobody can give this reaction here."
	actNotStored  = "This could not be stored now. Try again soon."
	actUnanswered = "This is being stored. Try again soon."
)

var reactionsFull = fmt.Sprintf("%d people have given this reaction, which is the most.", wire.MaxReactors)

// tooManyActs returns the sentence for a user who has sent too many reactions and removals.
func (h *Hub) tooManyActs() string {
	return fmt.Sprintf("Slow down: %d reactions and removals in %s.", h.config.Acts, human(h.config.Per))
}

// slowMode returns the sentence for a user who posts too soon in a room in slow mode.
func slowMode(ms int64) string {
	return fmt.Sprintf("Slow mode: each person may post once in %s here.", human(time.Duration(ms)*time.Millisecond))
}

var tooManyChanges = fmt.Sprintf("Slow down: %d joins, leaves and lists of people in %s.", maxMembershipChanges,
	human(membershipPer))

var tooManyRenames = fmt.Sprintf("Slow down: %d changes of your name in %s.", maxRenames, human(renamesPer))

// inMostRooms returns the sentence for a client that is in n rooms, and may not join another one.
func inMostRooms(n int) string {
	return fmt.Sprintf("You are in %d rooms, which is the most. Leave one first.", n)
}

// badTTL returns the sentence for a post whose ttl is out of bounds.
func badTTL(bounds wire.TTL) string {
	return fmt.Sprintf("A message here lives %s to %s.", human(time.Duration(bounds.Min)*time.Millisecond),
		human(time.Duration(bounds.Default)*time.Millisecond))
}

// Refuse sends the client the frame f, which refuses one frame of the client, and counts the refusal. If the code is
// rate, it also notes the refusal in the audit log. retry is how long the client must wait before the same frame may
// succeed; 0: it will never succeed. Refuse sets f.RetryMS to that time. Other code must not send a refused frame
// itself, because the count would be wrong.
func (c *Client) Refuse(f wire.Refused, retry time.Duration) {
	c.hub.counts.refuse(f.Code)
	if f.Code == wire.CodeRate {
		c.hub.config.Audit.Limit(f.Re, c.userID, c.from, f.Room)
	}
	f.RetryMS = wire.Milliseconds(retry)
	c.member.Send(NewFrame(f))
}

// human formats d for sentences that people read: "10 s", "5 min", "1 h".
func human(d time.Duration) string {
	switch {
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d >= time.Minute && d%time.Minute == 0:
		return fmt.Sprintf("%d min", d/time.Minute)
	default:
		return fmt.Sprintf("%g s", d.Seconds())
	}
}
