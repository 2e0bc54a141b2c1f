package gallery

import (
	"strconv"
	"strings"
	"time"

	"mayfly/app"
	"mayfly/app/browser"
	"mayfly/app/client"
	"mayfly/app/client/outbox"
	"mayfly/app/client/room"
	"mayfly/app/pkce"
	"mayfly/app/words"
	"mayfly/shared/wire"
)

// shown is a set of bits. It says which parts of the page the gallery shows for a state. A dialog that is open is always
// shown.
type shown int

const (
	theHeader shown = 1 << iota
	theMain
	theRooms
)

// A state is one state of the page, and the parts of the page that the gallery shows for it.
type state struct {
	name  string
	shows shown
	app.Preview
}

// sectionID returns the id of the i-th state's section.
func sectionID(i int) string { return "state-" + strconv.Itoa(i) }

var (
	ada   = wire.User{ID: "u-ada", Name: "Ada Lovelace"}
	ben   = wire.User{ID: "u-ben", Name: "Ben Ito"}
	heron = wire.User{ID: "g-heron", Name: "Anonymous Heron", Anonymous: true}

	emoji = []string{"👍", "❤️", "😂", "🎉", "😮", "🙏"}

	signedIn  = pkce.State{Status: pkce.SignedIn, Name: ada.Name, SignInID: "s", Version: 1}
	signedOut = pkce.State{Status: pkce.SignedOut}
	online    = client.View{Status: client.Online, Room: "lobby", Joined: true, Me: ada, MayPost: true, TTL: 5 * time.Minute,
		Rules: client.Rules{Emoji: emoji, Lives: wire.TTL{Min: 1000}}}
)

// states returns every state. No message in a state has expired at the time now.
func states(now time.Time) []state {
	all := connections()
	all = append(all, accounts()...)
	all = append(all, bars()...)
	all = append(all, rooms()...)
	all = append(all, people()...)
	all = append(all, messages(now)...)
	return append(all, order(all[len(all)-1].View.Messages[:3])...)
}

// connections returns the states of the part that shows the state of the connection.
func connections() []state {
	var all []state
	for _, c := range []struct {
		name   string
		status client.Status
		ended  client.Problem
		counts bool
	}{
		{name: "Connecting", status: client.Connecting},
		{name: "Online", status: client.Online},
		{name: "Reconnecting", status: client.Reconnecting},
		{name: "Reconnecting, with a countdown", status: client.Reconnecting, counts: true},
		{name: "Offline", status: client.Offline},
		{name: "The server restarts", status: client.Restarting},
		{name: "Ended for good", status: client.Ended, ended: client.Problem{Code: client.EndedByServer}},
		{name: "Signed out", status: client.SignedOut, ended: client.Problem{Code: client.SignInOver}},
		{name: "No guests", status: client.NoGuests, ended: client.Problem{Message: "Sign in first."}},
	} {
		v := online
		v.Status, v.Ended = c.status, c.ended
		all = append(all, state{c.name, theHeader, app.Preview{View: v, SignIn: signedIn, CountingDown: c.counts}})
	}
	return all
}

// accounts returns the states of the part with which the user signs in and out.
func accounts() []state {
	guest := online
	guest.Me = heron
	before := client.View{Room: "lobby"}
	all := []state{
		{"Before the sign-in is known", theHeader, app.Preview{View: before, Shell: app.Shell{SignIn: true}}},
		{"Not signed in, connecting", theHeader, app.Preview{View: before, SignIn: signedOut}},
		{"Coming back from the provider", theHeader, app.Preview{View: before, SignIn: pkce.State{Status: pkce.Restoring},
			Shell: app.Shell{SignIn: true}}},
		{"A guest", theHeader, app.Preview{View: guest, SignIn: signedOut}},
		{"A guest who goes to the provider", theHeader, app.Preview{View: guest, SignIn: signedOut, Leaving: true}},
		{"A guest, without a provider", theHeader,
			app.Preview{View: guest, SignIn: pkce.State{Status: pkce.SignedOut, Off: true}}},
		{"Signed in", theHeader, app.Preview{View: online, SignIn: signedIn}},
		{"Signed in, a long name", theHeader, app.Preview{View: client.View{Status: client.Online, Room: "lobby"},
			SignIn: pkce.State{Status: pkce.SignedIn, Name: strings.Repeat("Ada Lovelace ", 6), SignInID: "s"}}},
	}
	for cause := pkce.Cancelled; cause <= pkce.Foreign; cause++ {
		s := signedOut
		s.Status = pkce.Failed
		s.Problem = pkce.Problem{Cause: cause, Detail: "The provider's words."}
		name := "Problem: " + words.SignInProblem(cause)
		all = append(all, state{name, theHeader, app.Preview{View: guest, SignIn: s}})
	}
	unsent := online
	unsent.Unsent = 2
	return append(all, state{"Signing out would lose messages", theHeader,
		app.Preview{View: unsent, SignIn: signedIn, UnsentBlocks: true}})
}

// bars returns the states of the bars below the header.
func bars() []state {
	outdated := online
	outdated.Outdated = true
	return []state{
		{"A notice", theHeader, app.Preview{View: online, SignIn: signedIn, Notice: "This device's clock is 1 hour ahead."}},
		{"A new version", theHeader, app.Preview{View: online, SignIn: signedIn, Version: "v2"}},
		{"A new version without which nothing goes", theHeader, app.Preview{View: outdated, SignIn: signedIn}},
		{"The offer to install", theHeader, app.Preview{View: online, SignIn: signedIn, Installable: true}},
		{"The first visit", theMain, app.Preview{View: online, SignIn: signedOut, Welcome: true}},
	}
}

// rooms returns the states of the dialogs, of the list of rooms, and of a page without messages.
func rooms() []state {
	refused, seen, several, full := online, online, online, online
	refused.Refused.Message = "There are too many people in this room."
	news := func(name string, unread int, forMe *client.Message) client.News {
		return client.News{Visited: client.Visited{Room: name}, Joined: true, TTL: online.TTL, Unread: unread, ForMe: forMe}
	}
	several.Rooms = []client.News{news("lobby", 0, nil), news("team", 3, &client.Message{}), news("noise", 1240, nil),
		news(strings.Repeat("a-long-name-", 5), 12, nil), news("closed", 0, nil)}
	several.Rooms[len(several.Rooms)-1].Refused = refused.Refused
	for i := range client.MaxRooms {
		full.Rooms = append(full.Rooms, news("room-"+strconv.Itoa(i+1), 0, nil))
	}
	several.People, several.Users = 3, []wire.User{ada, ben, heron}
	seen.Me = heron
	returned := func(d outbox.Draft) client.View {
		v := online
		v.Drafts = []outbox.Draft{d}
		return v
	}
	return []state{
		{"The settings", theHeader, app.Preview{View: online, SignIn: signedIn, Settings: true,
			Permission: browser.NotAsked}},
		{"The settings, with notifications", 0,
			app.Preview{View: online, Settings: true, Permission: browser.Granted, Notifies: true}},
		{"The settings, in a browser that blocks notifications", 0,
			app.Preview{View: online, Settings: true, Permission: browser.Denied}},
		{"The settings, in a browser that denies storage", 0, app.Preview{View: online, Settings: true, Lost: true}},
		{"Rooms", theHeader | theRooms, app.Preview{View: several, SignIn: signedIn, Pinned: "team", Muted: "noise"}},
		{"More rooms than the list has places", theRooms, app.Preview{View: full}},
		{"No such room", theHeader | theMain, app.Preview{NoRoom: true, SignIn: signedIn}},
		{"A room that refuses", theMain, app.Preview{View: refused}},
		{"Before the page knows what is in the room", theHeader | theMain,
			app.Preview{View: client.View{Room: "lobby"}, Shell: app.Shell{Life: online.TTL}}},
		{"An empty room", theMain, app.Preview{View: online}},
		{"An empty room, seen by a guest", theMain, app.Preview{View: seen}},
		{"The palette", 0, app.Preview{View: several, SignIn: signedOut, GoTo: true}},
		{"The palette, in which nothing has the name", 0, app.Preview{View: online, GoTo: true, Typed: "?"}},
		{"The invitation", 0, app.Preview{View: online, Invite: true}},
		{"The help", 0, app.Preview{View: online, Help: true}},
		{"A draft that is offered", theMain,
			app.Preview{View: returned(outbox.Draft{N: 1, Text: "Half written, in another tab"})}},
		{"A message that was not sent in time is offered", theMain,
			app.Preview{View: returned(outbox.Draft{N: 1, Text: "Is anybody there?", Lapsed: true})}},
		{"A file that can't be sent", theMain, app.Preview{View: online, NoFiles: true}},
	}
}

// people returns the states of the panel with the people, and of the line that says who is typing.
func people() []state {
	named := wire.User{ID: "g-zoe", Name: "Zoë", Anonymous: true}
	long := wire.User{ID: "u-long", Name: strings.Repeat("Lovelace ", 8)}
	hebrew := wire.User{ID: "u-he", Name: "שרה"}
	in := func(me wire.User, n int, users ...wire.User) client.View {
		v := online
		v.Me, v.People, v.Users = me, n, append([]wire.User{me}, users...)
		return v
	}
	all := in(ada, 4, ben, heron, named)
	typing := func(users ...wire.User) client.View {
		v := all
		for _, u := range users {
			v.Typing = append(v.Typing, room.Typist{User: u})
		}
		return v
	}
	unknown := online
	unknown.People = 12
	return []state{
		{"People", theHeader | theMain, app.Preview{View: typing(ben), SignIn: signedIn, People: true}},
		{"People, seen by a guest", theHeader | theMain,
			app.Preview{View: in(heron, 3, ada, named), SignIn: signedOut, People: true}},
		{"More people than are listed", theMain, app.Preview{View: in(ada, 1240, long, hebrew), People: true}},
		{"People who are not known yet", theHeader | theMain, app.Preview{View: unknown, People: true}},
		{"One types", theMain, app.Preview{View: typing(ben)}},
		{"Two type", theMain, app.Preview{View: typing(named, hebrew)}},
		{"Several type", theMain, app.Preview{View: typing(ben, named, heron)}},
	}
}

// styledTexts returns messages with Markdown. living makes a message that expires when the duration left has passed.
func styledTexts(living func(seq int64, u wire.User, text string, left time.Duration) client.Message) []client.Message {
	return []client.Message{
		living(1, ben, "**Bold**, *italic*, ~~struck~~, `code`, **bold and *italic***: https://example.com", time.Minute),
		living(2, ada, "Look:\n```go\nfunc main() {\n\tprintln(\"a line of code that does not fit a phone\")\n}\n```\n"+
			"Done.", 2*time.Minute),
		living(3, heron, "> Lunch?\n> > At one?\n\nYes:\n- soup\n- rice\n  1. brown\n  2. white", 3*time.Minute),
		living(4, wire.User{ID: "u-he", Name: "שרה"}, "> **שלום**\n- אחת `a = 1`\n- שתיים", 4*time.Minute),
		living(5, ada, "🎉🪰 👍", 5*time.Minute),
	}
}

// messages returns the states of the message list: with messages of all kinds, with actions, and scrolled up. now is the
// present time; a message expires a fixed time after now.
func messages(now time.Time) []state {
	living := func(seq int64, u wire.User, text string, left time.Duration) client.Message {
		return client.Message{Key: strconv.FormatInt(seq, 10), Seq: seq, User: u, Text: text, Mine: u == ada,
			At: now.Add(left - 5*time.Minute), Expires: now.Add(left)}
	}
	mine := func(key string, s client.State, reason client.Problem) client.Message {
		return client.Message{Key: key, User: ada, Text: "Is anybody there?", Mine: true, State: s, Reason: reason}
	}
	twin := living(4, wire.User{ID: "u-twin", Name: ben.Name}, "I have the same name.", 3*time.Minute)
	twin.Tag = "twin"
	read := []client.Message{
		living(1, ben, "Lunch?", 12*time.Second),
		living(2, ada, "Yes, in five minutes: https://example.com/menu (and https://bücher.example)", time.Minute),
		living(3, heron, "May I come, too?\nI am not signed in.", 2*time.Minute),
		twin,
		living(5, ben, "Z"+strings.Repeat("\u0353", 30)+" and "+strings.Repeat("a long word", 30), 4*time.Minute),
		living(6, wire.User{ID: "u-he", Name: "שרה"}, "שלום, מה שלומך?", 5*time.Minute),
	}
	old := living(1, ben, "See you tomorrow.", time.Minute)
	old.At = now.Add(-26 * time.Hour)
	days := []client.Message{old, living(2, ada, "Good morning.", 2*time.Minute)}
	days[1].Expires = now.Add(26 * time.Hour)
	high := []client.Message{
		living(1, ben, "a"+strings.Repeat("\n", 60)+"Ada Lovelace 14:05\nThis is what Ada did not write.", time.Minute),
		living(2, ben, strings.Repeat("A line\n", 30), 2*time.Minute),
	}
	group := []client.Message{
		living(1, ben, "Lunch?", 12*time.Second), living(2, ben, "At the usual place.", 25*time.Second),
		living(3, ben, "At twelve.", time.Minute), living(4, ada, "Yes.", 2*time.Minute),
		living(5, ada, "I bring "+strings.Repeat("a cake and ", 30)+"plates.", 3*time.Minute),
	}
	styled := styledTexts(living)
	unsent := []client.Message{
		mine("s", client.Sending, client.Problem{}), mine("w", client.Waiting, client.Problem{}),
		mine("r", client.Sending, client.Problem{Message: "The room is busy."}),
		mine("f", client.Failed, client.Problem{Message: "The room is full."}),
	}
	with := func(list []client.Message) client.View {
		v := online
		v.Messages = list
		return v
	}
	undo := with(read)
	undo.Undo = []string{"taken back"}
	return []state{
		{"Messages of others and the user's own", theMain, app.Preview{View: with(read)}},
		{"Groups of messages", theMain, app.Preview{View: with(group)}},
		{"Messages of several days", theMain, app.Preview{View: with(days)}},
		{"High messages", theMain, app.Preview{View: with(high)}},
		{"Reactions and replies", theMain, app.Preview{View: with(acts(living))}},
		{"The actions of a message are open", theMain, app.Preview{View: with(acts(living)), Actions: true}},
		{"A message that answers another is written", theMain, app.Preview{View: with(read), ReplyTo: read[0].Key}},
		{"A reply to a message that is gone is written", theMain, app.Preview{View: with(read), ReplyTo: "gone"}},
		{"A message is taken back", theMain, app.Preview{View: undo}},
		{"Messages with Markdown", theMain, app.Preview{View: with(styled)}},
		{"Messages that are not accepted", theMain, app.Preview{View: with(unsent)}},
		{"Scrolled up, one is unread", theMain, app.Preview{View: with(read), Unread: 1}},
		{"Scrolled up, three are unread", theMain, app.Preview{View: with(read), Unread: 3}},
	}
}

// known returns the user with that id, or the zero User if the gallery has no such user.
func known(id string) wire.User {
	for _, u := range []wire.User{ada, ben, heron} {
		if u.ID == id {
			return u
		}
	}
	return wire.User{}
}

// acts returns messages that have Extras: reactions, a reply to a message of the list, a reply to a message that is gone, a
// shorter life, and a mention of the user. living makes a message that expires when the duration left has passed.
func acts(living func(seq int64, u wire.User, text string, left time.Duration) client.Message) []client.Message {
	list := []client.Message{
		living(1, ben, "Lunch?", time.Minute),
		living(2, ada, "Yes, in five minutes.", 2*time.Minute),
		living(3, heron, "May I come, too?", 3*time.Minute),
		living(4, ben, "This lives a minute.", 4*time.Minute),
		living(5, ben, "@Ada Lovelace and @Nobody, look!", 5*time.Minute),
	}
	for i, x := range []room.Extras{
		{Reactions: []room.Reaction{{Emoji: "👍", By: []string{ada.ID, heron.ID}, Mine: true},
			{Emoji: "🎉", By: []string{heron.ID}}}},
		{Details: outbox.Details{ReplyTo: 1}},
		{Details: outbox.Details{ReplyTo: 9}, Reactions: []room.Reaction{{Emoji: "🙏", By: []string{ben.ID, "g-unknown"}}}},
		{Details: outbox.Details{Life: time.Minute}},
		{Details: outbox.Details{Mentions: []string{ada.ID, "u-nobody"}}, ForMe: true},
	} {
		list[i].Extras = &x
	}
	return list
}
