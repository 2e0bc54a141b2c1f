package client

import (
	"slices"
	"time"

	"mayfly/app/client/outbox"
	"mayfly/app/client/room"
	"mayfly/shared/wire"
)

// Message is one message as the page shows it. This alias, and the aliases below, are here so that the page can use a View
// without importing the packages room and outbox.
type Message = room.Message

// A Problem says why something cannot be done, or why it waits.
type Problem = outbox.Problem

// A Code names a problem.
type Code = outbox.Code

// The codes of problems that the client finds by itself. All other codes come from the server.
const (
	NoAnswer           = outbox.NoAnswer
	NoConnection       = outbox.NoConnection
	TooBig             = outbox.TooBig
	OtherAuthor        = outbox.OtherAuthor
	Muted              = outbox.Muted
	Banned             = outbox.Banned
	SlowMode           = outbox.Slow
	NoRoom        Code = "no-room"     // no room is shown
	GuestsRead    Code = "guests-read" // guests may only read: the user may write after signing in
	ReadOnly      Code = "read-only"   // the user is signed in, and may not write
	TooLong       Code = "too-long"    // the text is longer than the server's limits allow
	Gone               = Code(wire.CodeGone)
	WrongLife          = Code(wire.CodeTTL)
	WrongEmoji         = Code(wire.CodeEmoji)
	NameTooLong   Code = "name-too-long"   // the name has more than wire.MaxName characters
	OnlyGuests    Code = "only-guests"     // a signed-in user has the name of the account: only guests can choose a name
	SignInOver    Code = "sign-in-over"    // the sign-in has ended, and the user did not sign out
	EndedByServer Code = "ended-by-server" // the server ended the connection, and did not say why
)

// Status is the state of the connection as the page shows it. The page does not show a short outage: for the first two
// seconds the Status is still Online.
type Status int

// The states of a client.
const (
	Connecting   Status = iota // the first attempt to connect has not ended yet
	Online                     // the server has said welcome
	Reconnecting               // an attempt has failed, or the connection was lost; View.NextTry says when the next begins
	// there is no connection, because the device has no network or the client could get no token
	Offline
	Restarting // the connection was lost, and the server said that it restarts
	// the client no longer tries to connect: View.Ended says why. Client.Retry or a sign-in makes it try again
	Ended
	// the client no longer tries to connect, because the sign-in has ended: Client.Retry goes on as a guest
	SignedOut
	NoGuests // the client no longer tries to connect, because the server wants everyone to sign in
)

// State says how far a message of the user's own has come on its way to the server.
type State = outbox.State

// The states of a message. Other users' messages are Sent.
const (
	Sent    = outbox.Sent
	Sending = outbox.Sending
	Waiting = outbox.Waiting
	Failed  = outbox.Failed
)

// Rules are what the server allows, as it said in its last welcome. They are zero before the first welcome.
type Rules struct {
	Limits wire.Limits // Acts is 0 if the server knows no reactions, no removals and no signs of typing
	Lives  wire.TTL    // the shortest, the default and the longest life of a message
	Emoji  []string    // the emoji with which the user may react
}

// same reports whether r and o have the same values.
func (r *Rules) same(o *Rules) bool {
	return r.Limits == o.Limits && r.Lives == o.Lives && slices.Equal(r.Emoji, o.Emoji)
}

// takesActs reports whether the server knows reactions, removals, signs of typing, and who is in a room.
func (r *Rules) takesActs() bool { return r.Limits.Acts > 0 }

// A Notice says why the server has refused something that the user did. The page shows each notice once.
type Notice struct {
	N       int    // a newer notice has a higher number; 0: there is no notice
	Re      string // what was refused: "react", "remove", "moderate" or "rename"
	Problem Problem
}

// Visited names a room that the user is in, and how far the user has read it.
type Visited struct {
	Room string
	Read wire.Cursor // zero: nothing is read
}

// News is what is new in a room that the user is in.
type News struct {
	Visited
	Joined  bool
	Refused Problem       // why the room can't be joined
	TTL     time.Duration // how long a message of the room lives; 0 until it is known
	Unread  int           // how many messages of other users the user has not read; those that are gone do not count
	Latest  *Message      // the newest of these messages, nil if there is none
	ForMe   *Message      // the newest of them that mentions the user or answers a message of the user's; nil: none
	Newest  time.Time     // when the newest message was posted, also if it is gone; zero if there was none
}

// newsOf returns what is new in r.
func newsOf(r *room.Room) News {
	unread, latest, forMe := r.Unread()
	return News{Visited: Visited{Room: r.Name, Read: r.Read}, Joined: r.Joined, Refused: r.Refused, TTL: r.TTL,
		Unread: unread, Latest: latest, ForMe: forMe, Newest: r.Newest}
}

// same reports whether n and o have the same values. Messages are the same if they have the same place: a reaction, for
// example, changes no news.
func (n News) same(o News) bool {
	alike := n.Latest.Place() == o.Latest.Place() && n.ForMe.Place() == o.ForMe.Place()
	n.Latest, n.ForMe, o.Latest, o.ForMe = nil, nil, nil, nil
	return alike && n == o
}

// View is everything that the page draws. It is a value: keep it as long as you like, and don't change its lists.
//
// It is one type because the client always publishes all of its fields together.
type View struct {
	Status  Status
	NextTry time.Time // when the next attempt to connect begins, by the device's clock; zero if none is scheduled
	Ended   Problem   // why the client no longer tries to connect, if Status is Ended, SignedOut or NoGuests

	Outdated bool // the server speaks another protocol now: only a newer version of the page can connect

	Me      wire.User // the user; zero until the first welcome
	MayPost bool
	Rules

	// The fields up to room.Company describe the room that is shown; see room.Room.
	Room     string // "" if no room is shown
	Joined   bool
	Refused  Problem
	TTL      time.Duration
	Messages []Message
	Head     int64
	room.Order
	room.Company

	Rooms []News // the rooms that the user is in, as Client.SetRooms names them, and the room that is shown

	Undo   []string // the keys of messages that the user took back and can bring back by Client.UndoRemove, oldest first
	Notice Notice   // why the server last refused something that the user did; N is 0 if it has refused nothing yet

	outbox.Returned     // drafts that the page must add to the composer; when it has added them, it calls Client.Draft
	Unsent          int // how many messages of the user's own the server has not accepted yet, in all rooms
}

// same reports whether the page would draw v exactly like o. It compares the lists of messages and users by their addresses,
// which is enough because the client never changes these lists in place (copy on write). It compares drafts and the acts of
// moderators by their numbers (see sameDrafts and Order.Same), and all other lists element by element.
func (v *View) same(o *View) bool {
	return v.Status == o.Status && v.NextTry.Equal(o.NextTry) && v.Ended == o.Ended && v.Outdated == o.Outdated &&
		v.Me == o.Me && v.MayPost == o.MayPost && v.Rules.same(&o.Rules) &&
		v.Room == o.Room && v.Joined == o.Joined && v.Refused == o.Refused && v.TTL == o.TTL && v.Head == o.Head &&
		v.Order.Same(&o.Order) && sameList(v.Messages, o.Messages) && sameDrafts(v.Drafts, o.Drafts) &&
		v.Restored == o.Restored && v.Unsent == o.Unsent && v.Company.Same(&o.Company) &&
		slices.Equal(v.Undo, o.Undo) && v.Notice == o.Notice &&
		slices.EqualFunc(v.Rooms, o.Rooms, News.same)
}

// In returns what is new in the room called name, zero if v.Rooms does not contain the room.
func (v *View) In(name string) News {
	for i := range v.Rooms {
		if v.Rooms[i].Room == name {
			return v.Rooms[i]
		}
	}
	return News{}
}

// sameList reports whether a and b are the same list in memory.
func sameList(a, b []Message) bool { return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0]) }

// sameDrafts reports whether a and b, drafts of one room, are the same. It need not compare all drafts: each draft has a
// number of its own, and the last draft of a list is the newest. So it compares the lengths and the last numbers.
func sameDrafts(a, b []outbox.Draft) bool {
	return len(a) == len(b) && (len(a) == 0 || a[len(a)-1].N == b[len(b)-1].N)
}
