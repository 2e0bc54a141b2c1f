// Package client is Mayfly's client without a screen. It connects and reconnects, joins rooms, keeps their live
// messages in the server's order, removes messages when they expire, and stores what the user writes until the server
// has it. The package uses no browser, so all of it also runs natively, in tests on virtual time. The caller gives the
// functions that open connections (Config.Dial, Config.Polls); drawing is left to the subscribers of the View.
//
// The loop of the client is Client.Run. Any goroutine may call the other methods of Client, which only leave work for the
// loop and so do not block. The state is in the engine, and only the loop touches the engine.
//
// Files, from the top down. A file refers only to files below it:
//   - client: what a caller uses
//   - loop, probe, dispatch, reconnect, signin: what Client.Run does when something happens
//   - engine: the state that the loop owns
//   - sender, compose, acts, rooms: what the user writes and does, and the rooms
//   - publisher, protocolcheck, mailbox: what leaves the loop, whether the page is too old, and what comes to the loop
//   - identity, nickname, typing, connection, fallback: what decides without I/O
//   - link, retry, schedule, view, config, tokens, clock: what the others use
package client

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"mayfly/app/client/outbox"
	"mayfly/shared/wire"
)

// Client connects one user to the rooms of a server. It does nothing until Run is called. Only Run blocks. Any goroutine
// may call the other methods.
type Client struct {
	mailbox   // work that other goroutines leave for the loop
	publisher // the last published view, and its subscribers
	engine    *engine
}

// New returns a Client, which does nothing until Run is called.
func New(c Config) *Client {
	if c.Tokens == nil {
		c.Tokens = nobody{}
	}
	s := &Client{mailbox: mailbox{wake: make(chan struct{}, 1)}}
	s.engine = newEngine(c, &s.mailbox)
	s.shown = View{Room: c.Room}
	return s
}

// Send posts a message to the room that is shown. If the message cannot be sent, Send returns the Problem that prevents
// it. Otherwise Send returns the zero Problem, and the message is an entry, which the view shows. The client sends the
// entry on each connection until the server accepts or refuses it, or until it is too old.
func (s *Client) Send(c Composed) Problem {
	v, _ := s.last()
	text, wrong := wire.CleanText(c.Text)
	if wrong != "" {
		return Problem{Message: wrong}
	}
	if problem := v.mayWrite(); problem != (Problem{}) {
		return problem
	}
	details, problem := v.details(&c)
	if problem != (Problem{}) {
		return problem
	}
	e := outbox.Entry{ID: uuid.NewString(), Room: v.Room, Text: text, Details: details}
	tooLong := v.Limits.Text > 0 && int64(utf8.RuneCountInString(text)) > v.Limits.Text
	size := int64(len(wire.Encode(postOf(&e))))
	if tooLong || size > wire.MaxMessage || v.Limits.Message > 0 && size > v.Limits.Message {
		return Problem{Code: TooLong}
	}
	s.do(func() { s.engine.sender.send(e, s.engine.clock()) })
	return Problem{}
}

// Draft stores text, which is now in the composer of room. The client forgets the text when Draft is called with an empty
// text, or when the text has not changed for an hour. If there is a Config.Device, the text outlives the program. The page
// may have put drafts of View.Drafts into text: then taken is the number (Draft.N) of the newest of these drafts.
// Otherwise taken is 0.
func (s *Client) Draft(room, text string, taken int) {
	s.do(func() { s.engine.sender.drafts.Write(room, text, taken, s.engine.clock()) })
}

// SetRooms says which rooms the user is in, and how far the user has read them. The client joins all of them, and counts
// their unread messages (View.Rooms). It ignores the rooms after the first MaxRooms. It leaves the rooms that are not in
// the parameter in, except the room that is shown: it leaves that room when Enter shows another.
func (s *Client) SetRooms(in []Visited) {
	s.do(func() { s.engine.rooms.set(in, s.engine.identity.me) })
}

// See says that the user has read the messages of the shown room up to the message at that place (Message.Place).
func (s *Client) See(read wire.Cursor) { s.do(func() { s.engine.rooms.shown.SeeUpTo(read) }) }

// Enter shows another room and joins it; "" shows none. The client leaves the room that was shown before, unless the
// user has that room in the list (SetRooms). The client still sends the entries that wait for the old room.
func (s *Client) Enter(room string) { s.do(func() { s.engine.enter(room) }) }

// Retry starts an attempt to connect now instead of at View.NextTry. The attempt uses a WebSocket, even if the client
// polled before. Call Retry, too, if the client no longer tries to connect because it waits for the user (View.Ended). If
// the sign-in has ended, the client connects as a guest.
func (s *Client) Retry() {
	s.do(func() {
		s.engine.connection.resume()
		s.engine.fallback.polls = false
		s.engine.retry.Now(s.engine.clock())
	})
}

// Resend makes the client send an entry again now, if that entry waits or has failed. key is its Message.Key. Resend
// does nothing if there is no such entry or the server has accepted it.
func (s *Client) Resend(key string) {
	s.do(func() {
		now := s.engine.clock()
		if s.engine.sender.resend(key, now) {
			s.engine.retry.Hurry(now)
		}
	})
}

// Discard deletes an entry that waits or has failed. key is the entry's Message.Key. If the server has stored the message
// although no answer has reached the client, the message appears again when the server delivers it.
func (s *Client) Discard(key string) { s.do(func() { s.engine.sender.discard(key) }) }

// React gives a message a reaction if on is true, and takes the reaction away if on is false. key is the message's
// Message.Key, emoji one of View.Emoji. If React returns the zero Problem, the view shows the change at once; if the
// server refuses it later, View.Notice says why.
func (s *Client) React(key, emoji string, on bool) Problem {
	v, _ := s.last()
	if problem := v.mayWrite(); problem != (Problem{}) {
		return problem
	}
	if !slices.Contains(v.Emoji, emoji) {
		return Problem{Code: WrongEmoji}
	}
	s.do(func() { s.engine.sender.acts.react(key, emoji, on, s.engine.clock()) })
	return Problem{}
}

// Remove takes back a message of the user's own; a moderator can take back every message. The view no longer shows it, and
// after some seconds the client asks the server to remove it; until then, UndoRemove brings the message back. If the
// message is an entry, Remove deletes it at once, as Discard does. If the server knows no removals (Rules.Limits.Acts is
// 0), a message that is no entry stays.
func (s *Client) Remove(key string) {
	s.do(func() { s.engine.sender.remove(key, s.engine.clock()) })
}

// UndoRemove brings back a message that was taken back with Remove, if the client has not sent the removal yet. key is
// one of View.Undo.
func (s *Client) UndoRemove(key string) { s.do(func() { s.engine.sender.acts.undoRemove(key) }) }

// Flush sends at once the removals that the user could still undo. Call it when the page is hidden or closed.
func (s *Client) Flush() { s.do(func() { s.engine.sender.acts.flush(s.engine.clock()) }) }

// Moderate asks the server to carry out f, an act of a moderator, in the room that is shown. Moderate sets f.Room. If
// Moderate returns the zero Problem, the answer comes later: View.Acts gets the act once everybody is told of it, or
// View.Notice says why the server has refused it. If the act changes nothing, neither happens.
func (s *Client) Moderate(f wire.Moderate) Problem {
	v, _ := s.last()
	switch {
	case v.Ended != Problem{}:
		return v.Ended
	case !v.Joined:
		return Problem{Code: NoRoom}
	case v.Me.Role != wire.RoleModerator:
		return Problem{Code: Code(wire.CodeForbidden)}
	}
	f.Room = v.Room
	s.do(func() { s.engine.links.write(f) })
	return Problem{}
}

// Typing tells the client that the user has changed the text in the composer; text is the new text. From these calls the
// client decides when to tell the room that the user begins or stops writing. It sends as few Typing frames as possible.
func (s *Client) Typing(text string) {
	s.do(func() { s.engine.sender.typing.change(text, s.engine.clock()) })
}

// ShareTyping sets whether other users may see that this user types. They may until ShareTyping(false) is called.
func (s *Client) ShareTyping(share bool) { s.do(func() { s.engine.sender.typing.private = !share }) }

// Who makes the client ask the server now which users are in the room that is shown. The client also asks by itself: each
// time it has joined the room, and when it has missed that users came or went.
func (s *Client) Who() { s.do(func() { s.engine.rooms.who() }) }

// Rename gives a guest another name, or the pseudonym if name is "". If Rename returns the zero Problem, the client asks
// the server. Then either View.Me gets the name, perhaps changed by the server, or View.Notice says why the server has
// refused the name.
func (s *Client) Rename(name string) Problem {
	v, _ := s.last()
	name = strings.Join(strings.Fields(name), " ")
	switch {
	case v.Ended != Problem{}:
		return v.Ended
	case v.Me.ID != "" && !v.Me.Anonymous:
		return Problem{Code: OnlyGuests}
	case utf8.RuneCountInString(name) > wire.MaxName:
		return Problem{Code: NameTooLong}
	}
	s.do(func() { s.engine.identity.nickname.rename(name) })
	return Problem{}
}

// Wake tells the client that the user looks at the page again, or that the device woke. The client then removes expired
// messages and gives up a dead connection. If an attempt to connect or a probe was scheduled for later, it begins at once,
// unless the server asked for the wait. While this tab slept, another tab may have adopted this tab's entries and drafts.
// The client finds that out. It does not send the adopted entries, and does not put the adopted drafts into the composer.
func (s *Client) Wake() {
	s.do(func() {
		now := s.engine.clock()
		s.engine.sender.persister.Require(now)
		s.engine.retry.Hurry(now)
		s.engine.fallback.awaitProbe(now, 0)
	})
}

// Network tells the client whether the device has a network, as far as the device knows. When a network comes back, the
// client replaces a WebSocket, because the old WebSocket may be dead although no error has come. A client that polls goes
// on polling, and begins a probe at once, because the new network may allow WebSockets.
func (s *Client) Network(up bool) { s.do(func() { s.engine.onNetwork(up) }) }

// Identify tells the client as whom the user is signed in. Call it once at the start, and whenever i changes.
//   - Another user signs in: the client opens a new connection.
//   - The user signs out: the client tells the server, and deletes the user's unsent texts and everything that was shown.
//   - The sign-in ends in another way, for example because it expires: the client keeps all texts and messages. It waits
//     for a new sign-in, or for Retry, which makes the user a guest.
func (s *Client) Identify(i Identity) { s.do(func() { s.engine.onIdentity(i) }) }

// Settled returns at once. Later the client calls f once: when the device has stored everything that the user has written,
// when the device has failed, or after some seconds, whichever comes first. f must not block.
func (s *Client) Settled(f func()) { s.do(func() { s.engine.sender.persister.Settle(f) }) }

// Now returns the server's time, as the client estimates it; zero before the first welcome.
func (s *Client) Now() time.Time {
	_, server := s.last()
	if server.server.IsZero() {
		return time.Time{}
	}
	return server.now(s.engine.clock())
}

// Run runs the client until ctx is done; then it closes the connection and returns nil. Call it once.
func (s *Client) Run(ctx context.Context) error {
	e := s.engine
	defer s.work.Wait()
	defer e.links.hangUp()
	timer := time.NewTimer(0)
	defer timer.Stop()
	e.retry.Now(e.clock())
	e.sender.persister.Start(e.clock())
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.wake:
			s.runTodo()
		case event := <-e.links.events:
			e.handle(event)
			for range len(e.links.events) { // handle all events that wait now, then publish one view for all of them
				e.handle(<-e.links.events)
			}
		case <-timer.C:
		}
		wait := e.tick()
		s.publish(e.view(&s.shown), e.server)
		timer.Reset(wait)
	}
}
