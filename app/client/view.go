package client

import (
	"slices"
	"time"

	"mayfly/app/client/outbox"
	"mayfly/app/client/room"
	"mayfly/shared/wire"
)

// Message is one message as it is shown. Package room defines it. It has a name here, too, as have the types Problem,
// Code and State of package outbox, so that the page can read a View without importing those packages.
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
	NoRoom        Code = "no-room"     // no room is shown
	GuestsRead    Code = "guests-read" // guests may only read: the user may write after signing in
	ReadOnly      Code = "read-only"   // the user is signed in, and may not write
	TooLong       Code = "too-long"    // the text is longer than the server's limits allow
	Gone               = Code(wire.CodeGone)
	WrongLife          = Code(wire.CodeTTL)
	WrongEmoji         = Code(wire.CodeEmoji)
	NameTooLong   Code = "name-too-long"   // the name has more than wire.MaxName characters
	OnlyGuests    Code = "only-guests"     // the user is signed in, and has the name of the account
	SignInOver    Code = "sign-in-over"    // the sign-in has ended, and the user did not sign out
	EndedByServer Code = "ended-by-server" // the server ended the connection, and did not say why
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

// same reports whether r and o allow the same.
func (r *Rules) same(o *Rules) bool {
	return r.Limits == o.Limits && r.Lives == o.Lives && slices.Equal(r.Emoji, o.Emoji)
}

// takesActs reports whether the server knows reactions, removals, signs of typing, and who is in a room.
func (r *Rules) takesActs() bool { return r.Limits.Acts > 0 }

// A Notice says why the server has refused something that the user did. The page shows each notice once.
type Notice struct {
	N       int    // a newer notice has a higher number; 0: there is no notice
	Re      string // what was refused: "react", "remove" or "rename"
	Problem Problem
}

// View is everything that the page draws. It is a value: keep it as long as you like, and don't change its lists.
// One thing: each field is something that the page draws, and all of them change together.
type View struct {
	Status  Status
	NextTry time.Time // when the next attempt to connect begins, by the device's clock; zero if none is scheduled
	Ended   Problem   // why the client no longer tries to connect, if Status is Ended, SignedOut or NoGuests

	Outdated bool // the server speaks another protocol now: only a newer version of the page can connect

	Me      wire.User // the user; zero until the first welcome
	MayPost bool
	Rules

	// The next fields describe the room that is shown; see room.Room.
	Room     string // "" if no room is shown
	Joined   bool
	Refused  Problem
	TTL      time.Duration
	Messages []Message
	Head     int64
	room.Company

	Undo   []string // the keys of messages that the user took back and can bring back by Client.UndoRemove, oldest first
	Notice Notice   // the last refusal of something that the user did; N is 0 if there was none

	outbox.Returned     // drafts that the page must add to the composer; when it has added them, it calls Client.Draft
	Unsent          int // how many messages of the user's own the server has not accepted yet, in all rooms
}

// same reports whether the page would draw v exactly like o. It compares lists by their addresses: a changed list is
// always a new list (copy on write).
func (v *View) same(o *View) bool {
	return v.Status == o.Status && v.NextTry.Equal(o.NextTry) && v.Ended == o.Ended && v.Outdated == o.Outdated &&
		v.Me == o.Me && v.MayPost == o.MayPost && v.Rules.same(&o.Rules) &&
		v.Room == o.Room && v.Joined == o.Joined && v.Refused == o.Refused && v.TTL == o.TTL && v.Head == o.Head &&
		sameList(v.Messages, o.Messages) && sameDrafts(v.Drafts, o.Drafts) && v.Restored == o.Restored &&
		v.Unsent == o.Unsent && v.Company.Same(&o.Company) && slices.Equal(v.Undo, o.Undo) && v.Notice == o.Notice
}

// sameList reports whether a and b are the same list in memory.
func sameList(a, b []Message) bool { return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0]) }

// sameDrafts reports whether a and b, drafts of one room, are the same. It compares only the lengths and the last
// drafts: each draft has its own number, and the newest stands last.
func sameDrafts(a, b []outbox.Draft) bool {
	return len(a) == len(b) && (len(a) == 0 || a[len(a)-1].N == b[len(b)-1].N)
}
