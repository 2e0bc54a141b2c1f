// Package client is Mayfly's client without a screen. It connects and reconnects, joins rooms, keeps their live
// messages in the server's order, removes messages when they expire, and stores what the user writes until the server
// has it. The package uses no browser, so all of it also runs natively, in tests on virtual time. The caller gives the
// functions that open connections (Config.Dial, Config.Polls); drawing is left to the subscribers of the View.
//
// Other goroutines call the methods of Client, which leave work for the loop (Client.Run), so none of them blocks. The
// state is in the engine, and only the loop touches it. Files from the top down: client, publisher, engine, probe,
// dispatch, signin, reconnect, sender, compose, acts, rooms, view, mailbox; then the files that decide without I/O:
// identity, nickname, typing, connection, fallback; then link, retry, config, tokens, clock. A file refers only to files
// that come after it here.
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

// Client connects one user to the rooms of a server. It does nothing until Run is called. No other method blocks, and any
// goroutine may call them.
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

// Draft stores text, which the composer of room holds now. The client keeps it until Draft gets an empty text, or until
// the text has not changed for an hour. If there is a Device, the text also outlives the program. taken is the number
// (Draft.N) of the newest draft in View.Drafts that the page has added to text; 0: none.
func (s *Client) Draft(room, text string, taken int) {
	s.do(func() { s.engine.sender.drafts.Write(room, text, taken, s.engine.clock()) })
}

// Enter leaves the room that is shown and joins room; "" joins no room. The client still sends the entries that wait for
// the old room.
func (s *Client) Enter(room string) { s.do(func() { s.engine.enter(room) }) }

// Retry starts an attempt to connect now instead of at View.NextTry. It uses a WebSocket, even if the client polled
// before. A client that waits for the user (View.Ended) tries again, too. If its sign-in has ended, it tries as a guest.
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

// Discard deletes an entry that waits or has failed. key is the entry's Message.Key. If the server has accepted the entry
// already, its message appears again, as sent.
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

// Remove takes back a message of the user's own. The view no longer shows it, and after some seconds the client asks the
// server to remove it; until then, UndoRemove brings the message back. If the message is an entry, Remove deletes it at
// once, as Discard does. A message stays if the server knows no removals (Rules.Limits.Acts is 0).
func (s *Client) Remove(key string) {
	s.do(func() { s.engine.sender.remove(key, s.engine.clock()) })
}

// UndoRemove brings back a message that was taken back with Remove, if the client has not sent the removal yet. key is
// one of View.Undo.
func (s *Client) UndoRemove(key string) { s.do(func() { s.engine.sender.acts.undoRemove(key) }) }

// Flush sends at once the removals that the user could still undo. Call it when the page is hidden or closed.
func (s *Client) Flush() { s.do(func() { s.engine.sender.acts.flush(s.engine.clock()) }) }

// Typing tells the client that the user has changed the text in the composer, which is text now. From this the client
// decides when to tell the room that the user types or no longer types; it sends as few such signs as it can.
func (s *Client) Typing(text string) {
	s.do(func() { s.engine.sender.typing.change(text, s.engine.clock()) })
}

// ShareTyping sets whether other users may see that this user types. Before the first call, they may.
func (s *Client) ShareTyping(share bool) { s.do(func() { s.engine.sender.typing.private = !share }) }

// Who makes the client ask the server which users are in the room that is shown. The client asks by itself when it has
// joined the room, and when news of users who came or went got lost.
func (s *Client) Who() { s.do(func() { s.engine.rooms.who() }) }

// Rename gives a guest another name, or the pseudonym if name is "". If Rename returns the zero Problem, the client asks
// the server. View.Me then gets the name, which the server may have changed, or View.Notice says why the server refused
// it.
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

// Wake says that the user looks at the page again, or that the device woke. The client then removes expired messages,
// gives up a dead connection, and begins a scheduled attempt to connect, or a scheduled probe, at once. While this tab
// slept, another tab may have adopted its entries and drafts. This tab no longer sends those, nor returns them to the
// composer.
func (s *Client) Wake() {
	s.do(func() {
		now := s.engine.clock()
		s.engine.sender.persister.Require(now)
		s.engine.retry.Hurry(now)
		s.engine.fallback.awaitProbe(now, 0)
	})
}

// Network says whether the device has a network, as far as the device knows. When a network comes back, the client
// replaces its connection or tests it with a probe: the old connection may be dead although no error has come.
func (s *Client) Network(up bool) { s.do(func() { s.engine.onNetwork(up) }) }

// Identify tells the client as whom the user is signed in. Call it once at the start, and whenever i changes.
//   - Another user signs in: the client opens a new connection.
//   - The user signs out: the client tells the server, and deletes the user's unsent texts and everything that was shown.
//   - The sign-in ends in another way, for example because it expires: the client keeps all texts and messages. It waits
//     for a new sign-in, or for Retry, which makes the user a guest.
func (s *Client) Identify(i Identity) { s.do(func() { s.engine.onIdentity(i) }) }

// Settled calls f when the device has stored everything that the user has written, when the device has failed, or after
// some seconds, whichever comes first. f must not block.
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
