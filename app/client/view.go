package client

import (
	"time"

	"mayfly/app/client/outbox"
	"mayfly/app/client/room"
	"mayfly/shared/wire"
)

// Message is one message as it is shown. The types of a message belong to the packages that make it; they have names here
// because the page reads them in a View and needs no other package of the client.
type Message = room.Message

// A Problem says why something cannot be done, or why it waits.
type Problem = outbox.Problem

// A Code names a problem.
type Code = outbox.Code

// The problems that a client finds by itself; the other codes are the server's.
const (
	NoAnswer           = outbox.NoAnswer
	NoConnection       = outbox.NoConnection
	TooBig             = outbox.TooBig
	OtherAuthor        = outbox.OtherAuthor
	NoRoom        Code = "no-room"         // no room is shown
	GuestsRead    Code = "guests-read"     // the user may write once signed in
	ReadOnly      Code = "read-only"       // the user is signed in, and may not write
	TooLong       Code = "too-long"        // for the server's limits
	SignInOver    Code = "sign-in-over"    // without the user's doing
	EndedByServer Code = "ended-by-server" // and the server did not say why
)

// State is how far a message of the user's own is.
type State = outbox.State

// The states of a message. Other users' messages are Sent.
const (
	Sent    = outbox.Sent
	Sending = outbox.Sending
	Waiting = outbox.Waiting
	Failed  = outbox.Failed
)

// View is all that there is to draw. It is a value: keep it as long as you like, and don't change Messages.
type View struct {
	Status  Status
	NextTry time.Time // while not connected: when the next attempt begins, zero if it has begun. The device's clock
	Ended   Problem   // why, once Status is Ended, SignedOut or NoGuests

	Outdated bool // the server does not speak our protocol any more: only a newer client can connect

	Me      wire.User // zero until the first welcome
	MayPost bool
	Limits  wire.Limits

	// Of the room that is shown, see room.Room.
	Room     string // "" if none
	Joined   bool
	Refused  Problem
	TTL      time.Duration
	Messages []Message
	Head     int64

	Drafts []outbox.Draft // texts that belong in the composer and are not there yet: Client.Draft says which are
	Unsent int            // how many messages of the user's own the server has not accepted yet, in all rooms
}

// same reports whether there is nothing new to draw in v after o. A list that has changed is another list (copy on write).
func (v *View) same(o *View) bool {
	return v.Status == o.Status && v.NextTry.Equal(o.NextTry) && v.Ended == o.Ended && v.Outdated == o.Outdated &&
		v.Me == o.Me && v.MayPost == o.MayPost && v.Limits == o.Limits &&
		v.Room == o.Room && v.Joined == o.Joined && v.Refused == o.Refused && v.TTL == o.TTL && v.Head == o.Head &&
		sameList(v.Messages, o.Messages) && sameDrafts(v.Drafts, o.Drafts) && v.Unsent == o.Unsent
}

// sameList reports whether a and b are the same list.
func sameList(a, b []Message) bool { return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0]) }

// sameDrafts reports whether a and b, of one room, are the same drafts. Each has another number, and the newest stands last.
func sameDrafts(a, b []outbox.Draft) bool {
	return len(a) == len(b) && (len(a) == 0 || a[len(a)-1].N == b[len(b)-1].N)
}
